"""Bad YAML: what a loader would guess or swallow is refused with its line and the way to write it."""
# ruff: noqa: E501 -- messages stand here as they are printed

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bad_inputs.support import MODEL, PROJECT_FILE, VIEW, Case, printed, source, write

CASES = {
    "tab": Case(
        {PROJECT_FILE: "name: shop\nprofile: shop\nvars:\n\tcountry: US\n"},
        (
            "error: dbt_project.yml:4:1: Not valid YAML: found character '\\t' that cannot start any token.",
            "  Indent with spaces, not tabs.",
        ),
    ),
    "duplicate key": Case(
        {PROJECT_FILE: "name: shop\nprofile: shop\nname: shop\n"},
        ("error: dbt_project.yml:3:1: Key `name` is given twice.", "  Keep one of them."),
    ),
    "unknown keys": Case(
        {PROJECT_FILE: "name: shop\nprofil: shop\nprofile: shop\nvras: {}\n"},
        (
            "error: dbt_project.yml:2:1: Unknown key `profil`.",
            "  Did you mean `profile`?",
            "error: dbt_project.yml:4:1: Unknown key `vras`.",
            "  Did you mean `vars`?",
        ),
    ),
    "anchor bomb": Case(
        {
            PROJECT_FILE: "name: shop\nprofile: shop\nvars:\n  a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
            + "".join(f"  {n}: &{n} [{', '.join([f'*{o}'] * 9)}]\n" for o, n in zip("abcdef", "bcdefg", strict=True))
        },
        ("error: dbt_project.yml:9:6: The file has more than 200,000 values.", "  Split it, or use fewer aliases."),
    ),
    "python object": Case(
        {PROJECT_FILE: "name: shop\nprofile: !!python/object/apply:os.system [ls]\n"},
        (
            "error: dbt_project.yml:2:10: Not valid YAML: could not determine a constructor for the tag 'tag:yaml.org,2002:python/object/apply:os.system'.",
            "  Use plain texts, numbers, lists and mappings only.",
        ),
    ),
    "10 MB": Case(
        {PROJECT_FILE: "name: shop\nprofile: shop\n# " + "x" * 10_000_000},
        ("error: dbt_project.yml: The file is larger than 2,000,000 bytes.", "  Split it."),
    ),
    "NO": Case(
        {PROJECT_FILE: "name: shop\nprofile: shop\nvars:\n  default_country: NO\n"},
        (
            "error: dbt_project.yml:4:3: YAML reads `NO` as a truth value.",
            "  Write true or false, or put it in quotes: 'NO'.",
        ),
    ),
    "NO among the values of a data test": Case(
        source(
            "{name: order_id, data_type: varchar}",
            "{name: order_id, data_tests: [accepted_values: {arguments: {values: [SE, NO]}}, "
            "accepted_values: {name: bare, values: [SE, 0123]}]}",
        ),
        (
            "error: models/_s.yml:8:86: YAML reads `NO` as a truth value.",
            "  Write true or false, or put it in quotes: 'NO'.",
            "error: models/_s.yml:8:136: YAML reads `0123` as the number 83.",
            "  Put it in quotes: '0123'.",
        ),
    ),
    "other surprises": Case(
        {
            PROJECT_FILE: "name: shop\nprofile: shop\nvars:\n  store: 0123\n  opens: 12:30:45\n  rate: .nan\n  flag: yes\n"
        },
        (
            "error: dbt_project.yml:4:3: YAML reads `0123` as the number 83.",
            "  Put it in quotes: '0123'.",
            "error: dbt_project.yml:5:3: YAML reads `12:30:45` as the number 45045.",
            "  Put it in quotes: '12:30:45'.",
            "error: dbt_project.yml:6:3: YAML reads `.nan` as something that is no number.",
            "  Put it in quotes: '.nan'.",
            "error: dbt_project.yml:7:3: YAML reads `yes` as a truth value.",
            "  Write true or false, or put it in quotes: 'yes'.",
        ),
    ),
    "surprises of --vars": Case(
        {},
        ("error: --vars:1:2: YAML reads `NO` as a truth value.", "  Write true or false, or put it in quotes: 'NO'."),
        "lint --vars {'default_country':NO}",
    ),
    "name of digits": Case(
        {PROJECT_FILE: "name: 0123\nprofile: 12:30:45\n"},
        (
            "error: dbt_project.yml:1:1: `name` must be given, as text.",
            "  Write name: '...', in quotes.",
            "error: dbt_project.yml:2:1: `profile` must be given, as text.",
            "  Write profile: '...', in quotes.",
        ),
    ),
    "column called NO": Case(
        source("name: amount", "name: NO"),
        (
            "error: models/_s.yml:10:14: YAML reads `NO` as a truth value.",
            "  Write true or false, or put it in quotes: 'NO'.",
        ),
    ),
    "unknown key of a source": Case(
        source("{name: amount, data_type", "{name: amount, data_typ"),
        ("error: models/_s.yml:10:28: Unknown key `data_typ`.", "  Did you mean `data_type`?"),
    ),
    "unknown types": Case(
        source("{name: amount, data_type: double}", "{name: amount, data_type: duoble}"),
        ("error: models/_s.yml:10:1: `duoble` is not a type of column `amount`.", "  Did you mean `double`?"),
    ),
    "policy": Case(
        {"pusher.yml": "lint:\n  severities: {}\n  severity: {PU301: fatal}\npush:\n  on_change: drop\n"},
        (
            "error: pusher.yml:2:3: Unknown key `severities`.",
            "  Did you mean `severity`?",
            "error: pusher.yml:3:14: `PU301` has no severity of that name.",
            "  Use error, warning, note or off.",
            "error: pusher.yml:5:3: `on_change` must be one of: ignore, report.",
            "  Write on_change: ignore.",
        ),
    ),
    "two files at once": Case(
        {"pusher.yml": "foo: 1\n", "profiles.yml": "shop: {target: dev}\n"},
        (
            "error: pusher.yml:1:1: Unknown key `foo`.",
            "  Known keys: alerts, consent, identity, lint, push, roles, version.",
            "error: profiles.yml:1:1: Key `outputs` is not in profiles.yml.",
            "  Known: target.",
        ),
    ),
    "payload": Case(
        {
            "models/off.sql": VIEW.replace("offline_events", "ofline_events"),
            MODEL: "{{ config(meta={'pusher': {'paylod': 'web_events'}}) }}\nselect 1 as a\n",
        },
        (
            "error: models/x.sql:1:28: x: unknown key `paylod` in meta.pusher.",
            "  Did you mean `payload`?",
            "error: models/off.sql:1:64: off: unknown payload `ofline_events`.",
            "  Did you mean `offline_events`?",
        ),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_mistake_in_yaml_is_told_with_its_line_and_what_to_do(tmp_path: Path, case: Case) -> None:
    """Every problem at once, each as what, where and what next."""
    assert printed(write(tmp_path / "shop", case.files), case.command) == (2, case.told)
