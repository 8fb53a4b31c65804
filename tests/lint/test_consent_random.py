"""Random conditions on consent: what PU413 lets pass sends nobody who did not agree."""

from __future__ import annotations

from pathlib import Path
from random import Random

import duckdb

from tests.lint.club import ANSWERS as PEOPLE
from tests.lint.club import fill
from tests.lint.support import GIVEN, compiled, without_consent

SEED = 20261128
VIEWS = 120
MEMBERS, ANSWERS = "{{ source('club', 'members') }}", "{{ source('club', 'answers') }}"
BOTH = f"{MEMBERS} as m left join {ANSWERS} as a on a.member_id = m.id"
COLUMNS = (
    "m.marketing_consent",
    "lower(m.marketing_consent)",
    "nullif(m.marketing_consent, 'no')",
    "coalesce(m.marketing_consent, 'no')",
    "coalesce(m.marketing_consent, 'yes')",
    "case when m.is_vip then m.marketing_consent else 'no' end",
    "coalesce(a.marketing_consent::varchar, m.marketing_consent)",
    "a.marketing_consent::varchar",
    "m.country",
)
WORDS = ("'yes'", "'yes'", "'granted'", "'no'", "'true'", "'DE'", "null")
COMPARISONS = ("=", "=", "<>", "is distinct from", "is not distinct from")
WHOLE = (
    "m.is_vip",
    "a.marketing_consent",
    "coalesce(a.marketing_consent, false)",
    "a.marketing_consent is not false",
    "a.member_id is null",
    f"m.id in (select m.id from {BOTH} where m.marketing_consent = 'yes')",
    f"m.id not in (select m.id from {BOTH} where m.marketing_consent is distinct from 'yes')",
    f"m.id not in (select m.id from {BOTH} where m.marketing_consent <> 'yes')",
    f"exists (select 1 from {MEMBERS} as o where o.id = m.id and o.marketing_consent = 'yes')",
)


def condition(rng: Random, depth: int) -> str:
    """Return a condition on members and their answers."""
    kind = rng.randrange(8 if depth else 4)
    if kind == 0:
        return rng.choice(WHOLE)
    if kind == 1:
        return f"{rng.choice(COLUMNS)} in ({rng.choice(WORDS)}, {rng.choice(WORDS)})"
    if kind in {2, 3}:
        return f"{rng.choice(COLUMNS)} {rng.choice(COMPARISONS)} {rng.choice(WORDS)}"
    one, other = condition(rng, depth - 1), condition(rng, depth - 1)
    if kind == 4:
        return f"(not ({one})) is {rng.choice(('', 'not '))}{rng.choice(('true', 'false', 'null'))}"
    if kind == 5:
        return f"case when {one} then {other} else {rng.choice(('false', 'true', 'null'))} end"
    return f"({one} {rng.choice(('and', 'and', 'or'))} {other})"


def view(rng: Random) -> str:
    """Return a view of addresses."""
    on = rng.choice(("", " and a.marketing_consent", " and m.marketing_consent = 'yes'"))
    join = rng.choice(("left join", "join", "full join"))
    what = rng.choice(("m.digest", "m.digest", f"case when {condition(rng, 1)} then m.digest end"))
    first = f"select {what} as email from {MEMBERS} as m {join} {ANSWERS} as a on a.member_id = m.id{on}"
    where = f" where {condition(rng, 2)}"
    second = f" union all select m.digest from {BOTH} where {condition(rng, 2)}"
    return first + where + (second if rng.random() < 0.2 else "")


def test_no_random_view_that_passes_sends_anybody_who_did_not_agree(tmp_path: Path) -> None:
    """And some pass that send people, so that it does not pass by refusing everything."""
    rng = Random(SEED)  # noqa: S311 -- the same views in every run
    views = {f"view_{number}": view(rng) for number in range(VIEWS)}
    files = {f"models/{name}.sql": sql for name, sql in views.items()}
    manifest, inference = compiled(tmp_path, {**GIVEN, **files})
    refused = without_consent(manifest, inference, views)
    with duckdb.connect() as con:
        database = manifest.models["view_0"].relation.database
        con.execute(f"""attach ':memory:' as "{database}"; use "{database}";""")
        fill(con, manifest, PEOPLE)
        sent = {name: str(con.execute(manifest.analysis_sql(name)).fetchall()) for name in views}
    passing = [name for name in views if name not in refused]
    assert [views[name] for name in passing if "other-" in sent[name]] == []
    assert any("agreed-" in sent[name] for name in passing)
    assert any("other-" in sent[name] for name in refused)
