"""What lint does around its rules: places, policy, suppressions, edits, failures and output."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlglot.errors import ParseError

from pusher.compile import inspect, load
from pusher.config import PolicyFile, Profile, load_policy_file, load_project_file
from pusher.destinations.tiktok import destination
from pusher.engines.duckdb import DuckDBEngine
from pusher.errors import ConfigError
from pusher.lint import Edit, Finding, Fix, lint, summary
from tests.lint.support import GIVEN, VIEW, compiled, linted, shown

ROOT = Path(__file__).resolve().parents[2]
ORDERS = (
    "select 'CompletePayment' as event, order_id as event_idd, ordered_at as timestamp from {{ ref('stg_orders') }}\n"
)


def _lint(root: Path, view: str, **settings: Any) -> list[Finding]:
    return linted(root, {**GIVEN, VIEW: view}, **settings)


def test_the_shipped_models_are_clean() -> None:
    """The project that users start from has nothing to warn of, on no engine, under each refund policy."""
    profile = Profile("retail", "dev", ":memory:", "main", 1, {}, None, {})
    policy_file = replace(load_policy_file(ROOT), severities={"portability": "warning"})
    for policy in ("drop", "net", "report"):
        started = datetime(2026, 11, 23, 6, tzinfo=UTC)
        manifest = load(load_project_file(ROOT), profile, vars={"refund_policy": policy}, run_started_at=started)
        engine = DuckDBEngine.in_memory()
        inference = inspect(manifest, engine)
        engine.close()
        settings = {name: model.meta.get("pusher", {}) for name, model in manifest.models.items()}
        payloads = destination.payloads
        findings = lint(
            manifest,
            columns=inference.models,
            source_columns=inference.sources,
            payload_of={
                name: payloads[one["payload"]] for name, one in settings.items() if one.get("payload") in payloads
            },
            source_id_of=dict.fromkeys(manifest.models, "7654321098765432109"),
            policy=policy_file,
            models=manifest.select(),
        )
        assert [shown(finding) for finding in findings if finding.severity != "note"] == []


TEXT_WITHOUT_ZONE = (
    "Add `config: {meta: {timezone: UTC}}` to the column or its source, or its zone such as Europe/Berlin. Where its "
    "texts have an offset, such as +02:00, a cast drops it: write {{ utc_timestamp('text_at') }}."
)


@pytest.mark.parametrize(
    ("made", "fix"),
    [
        ("timestamp '2026-11-20T10:00:00.5-0530'", "Write the moment in UTC: '2026-11-20 15:30:00.500000'."),
        ("cast('2026-11-20 10:00+02' as timestamp)", "Write the moment in UTC: '2026-11-20 08:00:00'."),
        ("cast('2026-11-20 10:00 Asia/Tokyo' as timestamp)", "Write the moment in UTC, without a zone."),
        ("cast(text_at as timestamp)", TEXT_WITHOUT_ZONE),
    ],
)
def test_a_text_with_an_offset_is_told_what_keeps_it(tmp_path: Path, made: str, fix: str) -> None:
    """A cast to TIMESTAMP drops the offset without a word."""
    view = (
        f"select 'Purchase' as event, id as event_id, {made} as event_time from {{{{ source('till', 'receipts') }}}}\n"
    )
    found = [one for one in _lint(tmp_path, view) if one.rule in {"PU214", "PU704"}]
    assert [one.fix and one.fix.description for one in found] == [fix]


def test_findings_come_in_the_order_of_their_places(tmp_path: Path) -> None:
    """A reader walks through a file once."""
    findings = _lint(tmp_path, ORDERS)
    assert [(finding.rule, finding.column) for finding in findings] == [
        ("PU201", 1),
        ("PU207", 1),
        ("PU201", 1),
        ("PU201", 1),
        ("PU209", 8),
        ("PU202", 36),
        ("PU204", 59),
        ("PU701", 59),
    ]


def test_the_policy_changes_and_turns_off_rules_by_code_and_by_name(tmp_path: Path) -> None:
    """Severities of pusher.yml win over a rule's own."""
    severities = {"PU201": "off", "PU207": "note", "contract.alias": "error", "PU202": "off", "PU701": "off"}
    findings = _lint(tmp_path, ORDERS, policy=PolicyFile(severities=severities))
    assert [(finding.rule, finding.severity) for finding in findings] == [
        ("PU207", "note"),
        ("PU209", "note"),
        ("PU204", "error"),
    ]


def test_the_strict_list_of_the_vendor_page_can_be_asked_for(tmp_path: Path) -> None:
    """A phone is an identity, but the vendor page wants an e-mail address."""
    view = (
        "select 'Purchase' as event, order_id as event_id, ordered_at as event_time, amount as value, currency,\n"
        "sha256(replace(customer_id, ' ', '')) as phone from {{ ref('stg_orders') }}\n"
    )
    off = {"PU405": "off", "PU501": "off", "PU701": "off"}
    strict = PolicyFile(require_vendor_page_columns=True, severities=off)
    loose = PolicyFile(severities=off)
    assert _lint(tmp_path, view, policy=loose) == []
    assert [finding.rule for finding in _lint(tmp_path, view, policy=strict)] == ["PU201"]


DIVISION = (
    "select order_id, amount / 3 as share, try_cast(order_id as integer) as number from {{ ref('stg_orders') }}\n"
)
PORTABILITY: dict[str, tuple[dict[str, str], list[tuple[str, str]]]] = {
    "off": ({}, []),
    "the group": ({"portability": "note"}, [("PU811", "note"), ("PU810", "note")]),
    "one rule": ({"PU810": "error"}, [("PU810", "error")]),
    "a rule before its group": (
        {"portability": "note", "portability.open-division": "warning", "PU810": "off"},
        [("PU811", "warning")],
    ),
}


@pytest.mark.parametrize("case", PORTABILITY)
def test_rules_that_are_off_run_when_somebody_asks_for_them(tmp_path: Path, case: str) -> None:
    """By code, by name or by the name of their group, in that order."""
    severities, expected = PORTABILITY[case]
    findings = _lint(tmp_path, DIVISION, policy=PolicyFile(severities=severities))
    assert [(one.rule, one.severity) for one in findings if one.name.startswith("portability.")] == expected


def test_a_group_of_other_rules_can_be_turned_off(tmp_path: Path) -> None:
    """The same key does it."""
    findings = _lint(tmp_path, ORDERS, policy=PolicyFile(severities={"contract": "off", "PU204": "note"}))
    assert [finding.rule for finding in findings] == ["PU204", "PU701"]


SCOPES: dict[str, tuple[PolicyFile, list[tuple[str, str]]]] = {
    "off for a model": (
        PolicyFile(model_severities={"view": {"contract": "off"}}),
        [("PU701", "note")],
    ),
    "off for another model": (
        PolicyFile(severities={"contract": "off", "PU209": "note"}, model_severities={"stg_orders": {"PU209": "off"}}),
        [("PU209", "note"), ("PU701", "note")],
    ),
    "a longer path before a shorter one": (
        PolicyFile(
            path_severities={
                "models": {"contract": "off", "PU701": "error"},
                "models/tiktok": {"PU701": "warning", "PU209": "note"},
            }
        ),
        [("PU209", "note"), ("PU701", "warning")],
    ),
    "a path that no finding points to": (
        PolicyFile(severities={"contract": "off"}, path_severities={"models/staging/stg_orders.sql": {"time": "off"}}),
        [("PU701", "note")],
    ),
    "a model before a path, and a path before all": (
        PolicyFile(
            severities={"contract": "off", "PU701": "error"},
            path_severities={VIEW: {"PU701": "warning", "PU209": "error", "PU204": "note"}},
            model_severities={"view": {"PU209": "warning"}},
        ),
        [("PU209", "warning"), ("PU701", "warning"), ("PU204", "note")],
    ),
}


@pytest.mark.parametrize("case", SCOPES)
def test_a_model_or_a_path_has_severities_of_its_own(tmp_path: Path, case: str) -> None:
    """What is right for one view, or for old models, need not be for all."""
    policy, expected = SCOPES[case]
    assert [(one.rule, one.severity) for one in _lint(tmp_path, ORDERS, policy=policy)] == expected


def test_a_rule_that_is_off_can_run_for_one_model_alone(tmp_path: Path) -> None:
    """The others hear nothing of it."""
    policies = [
        PolicyFile(model_severities={"view": {"PU811": "note"}}),
        PolicyFile(model_severities={"stg_orders": {"PU811": "note"}}),
    ]
    found = [[one.rule for one in _lint(tmp_path, DIVISION, policy=policy)] for policy in policies]
    assert [rules.count("PU811") for rules in found] == [1, 0]


def test_severities_of_no_model_and_of_no_path_are_told(tmp_path: Path) -> None:
    """With the rules that there are not."""
    policy = PolicyFile(
        model_severities={"veiw": {"PU101": "off"}, "x": {"PU999": "off"}}, path_severities={"model": {"PU101": "off"}}
    )
    with pytest.raises(ConfigError) as caught:
        _lint(tmp_path, ORDERS, policy=policy)
    assert [(one.code, one.message, one.fix) for one in caught.value.problems] == [
        (
            "unknown-rule",
            "`lint.models.x` names no rule and no group: `PU999`.",
            "Rules and groups: docs/reference/lint-rules.md.",
        ),
        ("unknown-model", "`lint.models` names no model: `veiw`.", "Did you mean `view`?"),
        ("unknown-model", "`lint.models` names no model: `x`.", "`pusher ls` lists the models."),
        (
            "unknown-path",
            "`lint.paths` names no file and no folder: `model`.",
            "Paths are as lint prints them, such as models/staging.",
        ),
    ]


def test_a_severity_of_no_rule_is_told(tmp_path: Path) -> None:
    """A misspelt group would turn nothing on, and nobody would know."""
    with pytest.raises(ConfigError) as caught:
        _lint(tmp_path, ORDERS, policy=PolicyFile(severities={"portabilty": "note", "PU999": "off", "x": "off"}))
    assert [(one.code, one.file, one.message, one.fix) for one in caught.value.problems] == [
        (
            "unknown-rule",
            "pusher.yml",
            f"`lint.severity` names no rule and no group: `{name}`.",
            fix,
        )
        for name, fix in [
            ("portabilty", "Did you mean `portability`?"),
            ("PU999", "Rules and groups: docs/reference/lint-rules.md."),
            ("x", "Rules and groups: docs/reference/lint-rules.md."),
        ]
    ]


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("{#- noqa: PU810 because a test -#}", []),
        ("{#- noqa: PU810 -#}", ["macros/number.sql:2:1 warning PU001", "macros/number.sql:3:10 note PU810"]),
    ],
)
def test_a_comment_in_a_macro_silences_what_the_macro_writes(tmp_path: Path, comment: str, expected: list[str]) -> None:
    """The finding stands in the macro's file, and so does the reason."""
    macro = "{% macro number(column) -%}\n" + comment + "\ntry_cast({{ column }} as integer)\n{%- endmacro %}\n"
    view = "select {{ number('order_id') }} as number from {{ ref('stg_orders') }}\n"
    policy = PolicyFile(severities={"portability": "note"})
    findings = linted(tmp_path, {**GIVEN, VIEW: view, "macros/number.sql": macro}, policy=policy)
    told = [shown(one).rpartition(one.rule)[0] + one.rule for one in findings if one.file == "macros/number.sql"]
    assert told == expected


@pytest.mark.parametrize(
    ("comment", "silenced"),
    [
        ("-- noqa: PU401 because of a test", True),
        ("-- NOQA: pu401, PU403 because of a test", True),
        ("-- noqa: PU403 because of a test", False),
        ("-- noqa: PU401", False),
        ("-- noqa: PU401 because", False),
        ("-- noqa", False),
    ],
)
def test_a_comment_with_a_reason_silences_its_rule(
    tmp_path: Path,
    comment: str,
    silenced: bool,  # noqa: FBT001 -- a parameter of the cases
) -> None:
    """Anything else leaves the finding."""
    findings = _lint(tmp_path, f"select\n    email as description {comment}\nfrom {{{{ ref('stg_customers') }}}}\n")
    assert silenced is ("PU401" not in {finding.rule for finding in findings})


def _applied(text: str, edits: list[Edit]) -> str:
    lines = text.split("\n")
    for edit in sorted(edits, key=lambda one: (one.line, one.column), reverse=True):
        line = lines[edit.line - 1]
        lines[edit.line - 1] = line[: edit.column - 1] + edit.text + line[edit.end_column - 1 :]
    return "\n".join(lines)


def test_edits_remove_their_findings(tmp_path: Path) -> None:
    """What a fix offers to write is what it takes."""
    view = (
        "with final as (\n\n    select\n        case when amount > 0 then 'CompletePayment' end as event,\n"
        "        order_id as event_idd,\n        'usd' as currency,\n"
        "        ordered_at as timestamp,\n        channel\n"
        "    from {{ ref('stg_orders') }}\n\n)\n\nselect * from final\n"
    )
    findings = _lint(tmp_path, view)
    edits = [edit for finding in findings if finding.fix for edit in finding.fix.edits]
    fixed = _applied(view, edits)
    assert fixed == (
        "with final as (\n\n    select\n        case when amount > 0 then 'Purchase' end as event,\n"
        "        order_id as event_id,\n        'USD' as currency,\n        ordered_at as event_time,\n"
        "        channel as event_channel\n    from {{ ref('stg_orders') }}\n\n)\n\nselect * from final\n"
    )
    left = {finding.rule for finding in _lint(tmp_path, fixed)}
    assert left == {"PU201", "PU207", "PU501", "PU701"}


def test_an_edit_is_offered_only_where_the_file_holds_the_text(tmp_path: Path) -> None:
    """A constant that comes out of a variable or a macro has no place to edit."""
    view = "{% set event = 'CompletePayment' %}\nselect '{{ event }}' as event from {{ ref('stg_orders') }}\n"
    (finding,) = [one for one in _lint(tmp_path, view) if one.rule == "PU209"]
    assert (finding.line, finding.fix and finding.fix.edits) == (2, ())


def test_a_later_use_of_the_name_forbids_a_renaming_edit(tmp_path: Path) -> None:
    """Renaming a column that the rest of the model uses would break it."""
    view = (
        "with final as (select order_id as event_idd from {{ ref('stg_orders') }})\n\n"
        "select * from final where event_idd <> ''\n"
    )
    (finding,) = [one for one in _lint(tmp_path, view) if one.rule == "PU202"]
    assert finding.fix == Fix("Did you mean `event_id`?")


def test_a_column_that_another_model_makes_is_not_renamed_there(tmp_path: Path) -> None:
    """The finding points behind the star, but the model may have other readers."""
    files = {**GIVEN, VIEW: "select * from {{ ref('up') }}\n", "models/up.sql": ORDERS}
    found = [one for one in linted(tmp_path, files) if one.rule in {"PU202", "PU204"}]
    assert [(shown(one), one.fix.edits) for one in found if one.fix] == [
        ("models/up.sql:1:36 error PU202 `event_idd` is not a column of offline_events; it is not sent.", ()),
        ("models/up.sql:1:59 note PU204 `timestamp` is accepted as an alias of `event_time`.", ()),
    ]


def test_a_model_that_does_not_parse_may_hold_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail closed: the model is an error of its own, with its place."""
    parse = sqlglot.parse_one

    def refuse(sql: str, **options: Any) -> Any:
        if "from_the_future" in sql:
            raise ParseError.new("Unknown syntax", line=2, col=3)
        return parse(sql, **options)

    monkeypatch.setattr(sqlglot, "parse_one", refuse)
    files = {
        "models/staging/stg_new.sql": "select\n  'from_the_future' as description from {{ ref('stg_orders') }}\n",
        VIEW: "select * from {{ ref('stg_new') }}\n",
    }
    findings = linted(tmp_path, {**GIVEN, **files})
    (finding,) = [one for one in findings if one.rule in {"PU102", "PU402"}]
    assert shown(finding) == (
        "models/staging/stg_new.sql:2:3 error PU102 `stg_new` cannot be analysed: its SQL is not understood. "
        "Every column may hold an identifier."
    )


def test_a_view_nested_too_deeply_is_an_error(tmp_path: Path) -> None:
    """Fail closed on what the analysis cannot hold."""
    view = f"select {'(' * 400}order_id{')' * 400} as event_id from {{{{ ref('stg_orders') }}}}\n"
    assert "PU102" in {finding.rule for finding in _lint(tmp_path, view)}


def test_a_view_whose_columns_are_unknown_is_an_error(tmp_path: Path) -> None:
    """Without the binder's columns the contract cannot be checked."""
    manifest, inference = compiled(tmp_path, {**GIVEN, VIEW: "select * from {{ ref('stg_orders') }}\n"})
    columns = {name: found for name, found in inference.models.items() if name != "view"}
    findings = lint(
        manifest,
        columns=columns,
        payload_of={"view": destination.payloads["offline_events"]},
        source_id_of={},
        policy=PolicyFile(),
        models=manifest.select(),
    )
    assert sorted(finding.rule for finding in findings) == ["PU101", "PU401"]


def test_only_the_selected_views_are_judged_and_what_they_read_is_followed(tmp_path: Path) -> None:
    """A selection narrows the verdict, not the proof."""
    manifest, inference = compiled(
        tmp_path, {**GIVEN, VIEW: "select email as description from {{ ref('stg_customers') }}\n"}
    )

    def found(*selectors: str) -> set[str]:
        findings = lint(
            manifest,
            columns=inference.models,
            payload_of={"view": destination.payloads["offline_events"]},
            source_id_of={},
            policy=PolicyFile(),
            models=manifest.select(selectors),
        )
        return {finding.rule for finding in findings}

    assert "PU401" in found("view")
    assert set() == found("stg_customers")


def test_a_finding_has_exactly_the_fields_of_the_format(tmp_path: Path) -> None:
    """Other tools read these names."""
    (finding,) = [one for one in _lint(tmp_path, ORDERS) if one.rule == "PU204"]
    assert json.loads(json.dumps(finding.as_json())) == {
        "rule": "PU204",
        "name": "contract.alias",
        "severity": "note",
        "model": "view",
        "model_column": "timestamp",
        "file": VIEW,
        "line": 1,
        "column": 59,
        "end_line": 1,
        "end_column": 82,
        "message": "`timestamp` is accepted as an alias of `event_time`.",
        "fix": {
            "description": "Rename it: `as event_time`.",
            "edits": [
                {"file": VIEW, "line": 1, "column": 73, "end_line": 1, "end_column": 82, "text": "event_time"},
            ],
            "safe": True,
        },
    }


def test_text_and_summary_say_the_same(tmp_path: Path) -> None:
    """One line for what is wrong, one for what to do."""
    findings = [one for one in _lint(tmp_path, ORDERS) if one.rule in {"PU204", "PU202"}]
    assert "\n".join(finding.as_text() for finding in findings) == (
        f"{VIEW}:1:36: error PU202 contract.unknown-column: "
        "`event_idd` is not a column of offline_events; it is not sent.\n"
        "    fix: Did you mean `event_id`?\n"
        f"{VIEW}:1:59: note PU204 contract.alias: `timestamp` is accepted as an alias of `event_time`.\n"
        "    fix: Rename it: `as event_time`."
    )
    assert summary(findings, 3) == {"errors": 1, "warnings": 0, "notes": 1, "models": 3}


def test_a_source_without_declared_columns_is_judged_by_the_names_in_its_file(tmp_path: Path) -> None:
    """C22: a file that gains an e-mail column is seen through `select *`."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data/members.csv").write_text("number,email\n1,ann@example.com\n", encoding="utf-8")
    source = (
        'version: 2\nsources:\n  - name: club\n    config: {meta: {external_location: "data/{name}.csv"}}\n'
        "    tables:\n      - name: members\n"
    )
    files = {"models/staging/_club.yml": source, VIEW: "select * from {{ source('club', 'members') }}\n"}
    manifest, _ = compiled(tmp_path, {**GIVEN, **files})
    engine = DuckDBEngine.in_memory(allowed_paths=manifest.source_paths())
    inference = inspect(manifest, engine)
    engine.close()
    findings = lint(
        manifest,
        columns=inference.models,
        source_columns=inference.sources,
        payload_of={"view": destination.payloads["offline_events"]},
        source_id_of={},
        policy=PolicyFile(),
        models=manifest.select(),
    )
    assert {("PU401", "email"), ("PU404", "email")} <= {(one.rule, one.model_column) for one in findings}
    blind = lint(
        manifest,
        columns=inference.models,
        payload_of={"view": destination.payloads["offline_events"]},
        source_id_of={},
        policy=PolicyFile(),
        models=manifest.select(),
    )
    (finding,) = [one for one in blind if one.rule == "PU402"]
    assert finding.message == (
        "`number`, `email` come through source club.members, whose columns are not known, which cannot be followed."
    )


def test_lint_says_the_same_twice(tmp_path: Path) -> None:
    """Sets inside the analysis never show in the order of its output."""
    view = (
        "select to_json(c) as description, md5(c.email) || hash(c.phone) as brand\n"
        "from {{ ref('stg_customers') }} as c\n"
    )
    assert _lint(tmp_path, view) == _lint(tmp_path, view)
