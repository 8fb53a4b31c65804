-- A block of a macro is closed by the wrong word.
-- file: macros/tiktok/event_id.sql
-- replace:
{%- endfor %}), 1, 32)
-- with:
{%- endif %}), 1, 32)
-- expect: macros/tiktok/event_id.sql:9:5: error jinja-syntax: Encountered unknown tag 'endif'. Jinja was looking for the following tags: 'endfor' or 'else'. The innermost block that needs to be closed is 'for'.
-- fix: Fix the Jinja at this place.
