{% macro contents(line_no, content_id, content_name, content_category, brand, price, quantity) -%}
{#- The line number comes first because list_sort compares field by field; then it is dropped. -#}
list_transform(
    list_sort(
        list(
            struct_pack(
                line_no := {{ line_no }},
                content_id := {{ content_id }},
                content_name := {{ content_name }},
                content_category := {{ content_category }},
                brand := {{ brand }},
                price := {{ price }},
                quantity := {{ quantity }}
            )
        ) filter (where coalesce({{ quantity }}, 1) <> 0)
    ),
    lambda item: struct_pack(
        content_id := item.content_id,
        content_name := item.content_name,
        content_category := item.content_category,
        brand := item.brand,
        price := item.price,
        quantity := item.quantity
    )
)
{%- endmacro %}
