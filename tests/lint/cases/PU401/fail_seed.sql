-- expect: 2:8 error PU401 `description` carries a raw e-mail address from members.email.
select email as description, home_phone as brand from {{ ref('members') }}
-- file: seeds/members.csv
id,email,home_phone
1,XEMAILX@mail.example,+15550101
-- file: seeds/_seeds.yml
seeds:
  - name: members
    columns:
      - {name: email, config: {meta: {pii: email}}}
      - {name: home_phone, config: {meta: {pii: none}}}
