"""SQL that is seldom written, read for consent: each view of one project passes or is found."""

from __future__ import annotations

from pathlib import Path

from tests.lint.support import GIVEN, compiled, without_consent

MEMBERS, ANSWERS = "{{ source('club', 'members') }}", "{{ source('club', 'answers') }}"
CARDS = "{{ source('club', 'cards') }}"
YES = f"(select * from {MEMBERS} where marketing_consent = 'yes')"
JOINED = f"{CARDS} as c left join {ANSWERS} as a on a.member_id = c.member_id"
# Conditions on members, and on cards with the answers of their members.
OF_MEMBERS = {
    "try_cast(marketing_consent as boolean) is true": True,
    "cast(nullif(marketing_consent, '') as boolean)": True,
    "try_cast(marketing_consent as integer) > 0": True,
    "0 < try_cast(marketing_consent as integer)": True,
    "try_cast(marketing_consent as integer) >= 0": False,
    "marketing_consent.lower() = 'yes'": True,
    "marketing_consent = any(['yes', 'y'])": True,
    "marketing_consent = any(['yes', 'no'])": False,
    "id = any(select id from {{ source('club', 'members') }} where marketing_consent = 'yes')": True,
    "id = any(select id from {{ source('club', 'members') }})": False,
    "marketing_consent in ['yes', 'y']": True,
    "'yes' in (select marketing_consent from {{ source('club', 'members') }})": False,
    "list_contains(['yes', 'y'], marketing_consent)": True,
    "list_contains([country], marketing_consent)": False,
    "list_contains(split(marketing_consent, ','), 'yes')": False,
    "starts_with(lower(marketing_consent), 'yes')": True,
    "starts_with(lower(marketing_consent), 'n')": False,
    "regexp_matches(marketing_consent, 'yes')": False,
    "regexp_full_match(marketing_consent, 'yes|y')": True,
    "country like 'D%' and marketing_consent ilike 'yes'": True,
    "marketing_consent between 'x' and 'z'": False,
    "marketing_consent is not distinct from 'yes'": True,
    "marketing_consent is not distinct from country": False,
    "marketing_consent = profile.marketing_consent": False,
    "profile['marketing_consent'] = 'yes'": True,
    "struct_extract(profile, 'marketing_consent') = 'yes'": True,
    "profile['city'] = 'yes'": False,
    "(profile).marketing_consent = 'yes'": True,
    "(marketing_consent = 'yes') = true": True,
    "(case when marketing_consent = 'yes' then 1 end) = 1": True,
    "(case when marketing_consent = 'yes' then 'in' else 'out' end) <> 'out'": True,
    "length(marketing_consent) > 0": False,
    "digest in (select max(digest) from {{ source('club', 'members') }} where marketing_consent = 'yes')": False,
    "not exists (from {{ source('club', 'members') }} as m where m.marketing_consent <> 'yes')": False,
    "marketing_consent = 'yes' is not null": False,
    "row(marketing_consent) = row('yes')": False,
}
OF_CARDS = {
    "a.marketing_consent is not unknown": False,
    "coalesce(a.marketing_consent, null, false)": True,
    "a.marketing_consent and not a.marketing_consent is null": True,
    "if(a.marketing_consent, true, false)": True,
    "a.marketing_consent is true or a.marketing_consent = true": True,
}
GROUPS = {
    "having sum(a.marketing_consent::int) > 0": True,
    "having sum(length(c.card_no)) > 0 and bool_or(a.marketing_consent)": True,
    "having count_if(a.marketing_consent) >= 1": True,
    "having count_if(a.marketing_consent) = 1": True,
    "having count_if(a.marketing_consent) < 1": False,
    "having count(a.marketing_consent) = 1": False,
    "having count(case when a.marketing_consent then 1 end) > 0": True,
    "having max(a.marketing_consent::int) = 1": True,
    "having arbitrary(a.marketing_consent)": True,
}
QUERIES = {
    f"select digest as email from {YES} using sample 10": True,
    f"select digest as email from (({YES}))": True,
    f"select columns('^digest$') as email from {YES}": True,
    f"select columns('^digest$') as email from {MEMBERS}": False,
    f"select c.digest as email from {CARDS} as c join ({YES} as m join {ANSWERS} as a on a.member_id = m.id) "
    "on m.id = c.member_id": True,
    f"select s.digest as email from (select {{'digest': digest}} as s from {YES})": True,
    f"select t.email from {YES} as m, lateral (select m.digest as email) as t": True,
    f"select t.email from {MEMBERS} as m, lateral (select m.digest as email) as t": False,
    f"select d as email from {YES} as m cross join unnest([m.digest]) as u(d)": True,
    f"select d as email from {MEMBERS} as m cross join unnest([m.digest]) as u(d)": False,
    f"select m.digest as email from {YES} as m, range(3)": True,
    f"select max as email from (summarize {YES})": False,
    f"select value as email from {YES} unpivot (value for kind in (digest, phone_digest))": True,
    f"select value as email from {MEMBERS} unpivot (value for kind in (digest, phone_digest))": False,
    f"select [x for x in [digest] if marketing_consent = 'yes'] as email from {MEMBERS}": True,
    f"select [x for x in [digest]] as email from {MEMBERS}": False,
    f"select list_filter([digest], lambda x: marketing_consent = 'yes') as email from {MEMBERS}": True,
    f"select list_filter([digest], lambda x: x <> '') as email from {MEMBERS}": False,
    f"select list_transform([digest], lambda x: marketing_consent) as email from {MEMBERS}": True,
    f"select digest as email from {YES} union by name select digest as email, country as shop from {YES}": True,
    f"select digest as email from {MEMBERS} intersect select digest from {YES}": True,
    f"select digest as email from {YES} intersect select digest from {MEMBERS} limit 3": True,
    f"(select digest as email from {CARDS}) union all (select digest from {YES})": False,
    f"select digest as email from {MEMBERS} where id in (select id from {YES} union select id from {YES})": True,
    f"select m.digest as email from {MEMBERS} as m where (select count(*) from {YES} as y where y.id = m.id) > 0": True,
    f"select m.digest as email from {MEMBERS} as m where (select 1 from {YES} as y where y.id = m.id) = 1": True,
    f"select digest as email from {MEMBERS} as m semi join {YES} as y on y.id = m.id and y.country = 'DE'": True,
    f"select digest as email from {MEMBERS} as m semi join {MEMBERS} as y on y.id = m.id": False,
    f"select * exclude (id) rename (digest as email) from (select id, digest from {YES})": True,
    f"select m.* replace (m.country as id), digest as email from (select id, country, digest from {YES}) as m": True,
    "select * from (values ('a digest that is written')) as t(email)": True,
    f"select id as email from {YES} tablesample 5 rows": True,
    "select email from agreed_pivot": True,
    "select digest as email from seeded where marketing_consent": True,
    "select digest as email from seeded": False,
    "select digest as email from told where marketing_consent = 'yes'": True,
}
BEHIND = {
    "models/agreed_pivot.sql": f"from {YES} pivot (max(digest) for country in ('DE' as email))",
    "models/told.sql": f"select digest, card_no as marketing_consent from {CARDS}",
    "seeds/seeded.csv": "digest,marketing_consent\nd,true\n",
}


def test_each_view_passes_or_is_found(tmp_path: Path) -> None:
    """What can only be true of people who said yes passes, all else does not, also what is not followed."""
    wanted = {f"select digest as email from {MEMBERS} where {one}": passes for one, passes in OF_MEMBERS.items()}
    wanted |= {f"select c.digest as email from {JOINED} where {one}": passes for one, passes in OF_CARDS.items()}
    wanted |= {f"select c.digest as email from {JOINED} group by 1 {one}": passes for one, passes in GROUPS.items()}
    wanted |= QUERIES
    views = {f"view_{number}": sql for number, sql in enumerate(wanted)}
    files = {f"models/{name}.sql": sql for name, sql in views.items()}
    refs = ("agreed_pivot", "seeded", "told")
    for one in refs:
        files = {path: sql.replace(f" from {one}", f" from {{{{ ref('{one}') }}}}") for path, sql in files.items()}
    manifest, inference = compiled(tmp_path, {**GIVEN, **files, **BEHIND})
    refused = without_consent(manifest, inference, views)
    judged = {sql: name not in refused for name, sql in views.items()}
    assert {sql: passes for sql, passes in judged.items() if wanted[sql] != passes} == {}
