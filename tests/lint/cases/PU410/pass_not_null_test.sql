select sha256(concat('+1', trim(number))) as phone from {{ source('cards', 'members') }}
-- file: models/_cards.yml
version: 2
sources:
  - name: cards
    tables:
      - name: members
        columns:
          - {name: number, data_type: varchar, data_tests: [not_null], config: {meta: {pii: phone}}}
