-- expect: seeds/_seeds.yml:2:1 warning PU404 `email` of seed members is called like an e-mail address and has no `pii`.
select sha256(lower(trim(email))) as email, sha256(Mobile) as phone from {{ ref('members') }}
-- file: seeds/members.csv
id,email,Mobile,home_phone
1,ann@example.org,+1 555 0100,+1 555 0101
-- file: seeds/_seeds.yml
seeds:
  - name: members
    columns:
      - {name: mobile, config: {meta: {pii: phone}}}
      - {name: home_phone, config: {meta: {pii: none}}}
