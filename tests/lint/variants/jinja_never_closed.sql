-- A condition has no end.
-- file: models/intermediate/int_orders__rolled_up.sql
-- replace:
        {%- if policy == 'drop' %}
        and not is_refund
        {%- endif %}
-- with:
        {%- if policy == 'drop' %}
        and not is_refund
-- expect: models/intermediate/int_orders__rolled_up.sql:171:1: error jinja-syntax: Unexpected end of template. Jinja was looking for the following tags: 'elif' or 'else' or 'endif'. The innermost block that needs to be closed is 'if'.
-- fix: Write {% endif %} where the block ends.
