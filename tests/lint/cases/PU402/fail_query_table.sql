-- expect: 2:34 error PU402 `description` comes through the table function query_table(), which cannot be followed.
select email as description from query_table(['{{ ref('stg_customers') | replace('"', '') }}'])
