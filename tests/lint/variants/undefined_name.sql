-- A variable that nobody sets.
-- file: models/intermediate/int_orders__rolled_up.sql
-- replace:
        {%- if policy == 'drop' %}
-- with:
        {%- if polici == 'drop' %}
-- expect: models/intermediate/int_orders__rolled_up.sql:33:16: error undefined-name: `polici` is not defined.
-- fix: Define it with {% set %}, as a macro in macros/, or as a var.
