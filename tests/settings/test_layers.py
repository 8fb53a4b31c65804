"""What each layer may say of a setting, which one holds, and what is said of one that is missing everywhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from pusher.cli.app import run
from tests.conftest import EVENT_SET, ProjectFactory

ADVERTISER = "7654321098765432109"
OTHER = "1234567890123456789"
SOURCES = """\
sources:
  - name: raw
    tables:
      - name: orders
        columns:
          - {name: id, data_type: varchar}
          - {name: moment, data_type: timestamp}
          - {name: digest, data_type: varchar, config: {meta: {pii: email}}}
"""
EVENTS = """\
{{{{ config(materialized='view', meta={{'pusher': {{
    'destination': 'tiktok',
    'payload': 'offline_events'{more}
}}}}) }}}}
select
    'Purchase' as event, id as event_id, "moment" as event_time, {{{{ sha256_hex('digest') }}}} as email,
    1 as value, 'EUR' as currency
from {{{{ source('raw', 'orders') }}}}
"""
AUDIENCE = """\
{{{{ config(materialized='view', meta={{'pusher': {{
    'destination': 'tiktok',
    'payload': 'audience'{more}
}}}}) }}}}
select {{{{ sha256_hex('digest') }}}} as email from {{{{ source('raw', 'orders') }}}}
"""
MACRO = "{% macro sha256_hex(column) %}sha256(lower({{ column }})){% endmacro %}\n"
EVERYWHERE = (
    "Give it in one of three layers: `{key}: {yaml}` in the destination's block of the target in profiles.yml; "
    "`meta={{'pusher': {{..., '{key}': {jinja}}}}}` in the model's config; `--set {key}={typed}` for one run."
)


def files(*, events: str | None = None, audience: str | None = None, **settings: Any) -> dict[str, str]:
    """Return a project of one view of events, or of one audience, or of both; each text is more of its meta.pusher."""
    tiktok = {"base_url": "sandbox", **settings}
    profile = {
        "shop": {"target": "dev", "outputs": {"dev": {"type": "duckdb", "path": "shop.duckdb"}}},
        "pusher": {"dev": {"tiktok": tiktok}},
    }
    views = {"events": (EVENTS, events), "members": (AUDIENCE, audience)}
    return {
        **{f"models/{name}.sql": sql.format(more=more) for name, (sql, more) in views.items() if more is not None},
        "models/s.yml": SOURCES,
        "macros/identity/sha256_hex.sql": MACRO,
        "profiles.yml": json.dumps(profile, indent=1),
    }


WHETHER = (
    "Whether users with restricted PII may push it; false unless said otherwise, and false in either layer is false."
)
Told = tuple[int, dict[str, Any]]


def told(
    project: ProjectFactory, capsys: pytest.CaptureFixture[str], given: Mapping[str, str], command: str, *words: str
) -> Told:
    """Return exit code and JSON of a command."""
    root = str(project(given))
    code = run([command, *words, "--project-dir", root, "--profiles-dir", root, "--json"])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, found


def errors(found: Told) -> list[tuple[str | None, int | None, str, str]]:
    """Return place, message and remedy of each error."""
    return [(one["file"], one["line"], one["message"], one["fix"]) for one in found[1]["errors"]]


@pytest.fixture
def ask(project: ProjectFactory, capsys: pytest.CaptureFixture[str]) -> Any:
    """Return a function that runs a command on a project."""

    def asked(given: Mapping[str, str], command: str, *words: str) -> Told:
        return told(project, capsys, given, command, *words)

    return asked


def chain(found: dict[str, Any]) -> list[tuple[str | None, str, str | None, int | None]]:
    """Return a setting and what it would be otherwise, down to the default."""
    lines = []
    one: dict[str, Any] | None = found
    while one is not None:
        lines.append((one["value"], one["layer"], one["file"], one["line"]))
        one = one["otherwise"]
    return lines


def test_each_layer_says_what_it_would_be_otherwise(ask: Any) -> None:
    """Run, template, the destination's part for events, the destination itself, the default: with file and line."""
    given = files(events=f",\n    'event_set_id': '{OTHER}'", event_set_id=EVENT_SET, events_=None)
    profile = json.loads(given["profiles.yml"])
    profile["pusher"]["dev"]["tiktok"]["events"] = {"event_set_id": "1" * 19}
    given["profiles.yml"] = json.dumps(profile | {}, indent=1).replace('"events_": null,\n', '"ca_file": null,\n')
    code, found = ask(given, "config", "events", "--set", f"event_set_id={'2' * 19}")
    line_of = {text.strip(): number for number, text in enumerate(given["profiles.yml"].splitlines(), start=1)}
    (setting,) = [one for one in found["settings"] if one["name"] == "event_set_id"]
    assert code == 0
    assert chain(setting) == [
        ("2" * 19, "run", None, None),
        (OTHER, "template", "models/events.sql", 4),
        ("1" * 19, "destination", "profiles.yml", line_of[f'"event_set_id": "{"1" * 19}"']),
        (EVENT_SET, "destination", "profiles.yml", line_of[f'"event_set_id": "{EVENT_SET}",']),
        (None, "default", None, None),
    ]


def test_settings_of_an_audience_may_stand_in_all_three_layers(ask: Any) -> None:
    """Advertisers, name and kinds of identifier on the destination, on the template, or for one run."""
    settings: dict[str, Any] = {
        "advertiser_ids": [ADVERTISER],
        "audience_name": "All",
        "id_types": ["EMAIL"],
        "method": "stream",
    }
    given = files(audience=f", 'audience_name': 'Mine', 'advertiser_ids': ['{OTHER}'], 'method': 'file'", **settings)
    words = ("--set", f"advertiser_ids={ADVERTISER},{OTHER}", "--set", "id_types=email", "--set", "retention_days=30")
    code, found = ask(given, "config", "members", *words)
    names = ("audience_name", "advertiser_ids", "id_types", "method", "retention_days")
    assert code == 0
    assert {one["name"]: [part[:2] for part in chain(one)] for one in found["settings"] if one["name"] in names} == {
        "audience_name": [("Mine", "template"), ("All", "destination"), (None, "default")],
        "advertiser_ids": [
            (f"{ADVERTISER}, {OTHER}", "run"),
            (OTHER, "template"),
            (ADVERTISER, "destination"),
            (None, "default"),
        ],
        "id_types": [("email", "run"), ("EMAIL", "destination"), (None, "default")],
        "method": [("file", "template"), ("stream", "destination"), ("stream", "default")],
        "retention_days": [("30", "run"), (None, "default")],
    }


@pytest.mark.parametrize("command", ["lint", "config"])
def test_an_event_source_missing_everywhere_names_every_place(ask: Any, command: str) -> None:
    """The three layers with what to write there, and the column."""
    found = ask(files(events=""), command)
    fix = EVERYWHERE.format(key="event_set_id", yaml=f'"{EVENT_SET}"', jinja=f"'{EVENT_SET}'", typed=EVENT_SET)
    fix += " Or add `... as event_set_id` to the view."
    message = "Neither a column nor a setting gives `event_set_id`."
    if command == "lint":
        (finding,) = [one for one in found[1]["findings"] if one["model_column"] == "event_set_id"]
        assert (found[0], finding["rule"], finding["message"], finding["fix"]["description"]) == (
            1,
            "PU201",
            message,
            fix,
        )
    else:
        assert (found[0], errors(found)) == (1, [("models/events.sql", None, f"events: {message}", fix)])


@pytest.mark.parametrize("command", ["lint", "config", "push"])
def test_what_an_audience_lacks_everywhere_is_told_alike(ask: Any, command: str) -> None:
    """Its name and its advertisers, by lint, config and push."""
    found = ask(files(audience=""), command)
    wanted = [
        (
            "No setting gives `audience_name`.",
            EVERYWHERE.format(
                key="audience_name",
                yaml='"Northwind customers"',
                jinja="'Northwind customers'",
                typed='"Northwind customers"',
            ),
        ),
        (
            "No setting gives `advertiser_ids`.",
            EVERYWHERE.format(
                key="advertiser_ids", yaml=f'["{ADVERTISER}"]', jinja=f"['{ADVERTISER}']", typed=ADVERTISER
            ),
        ),
    ]
    if command == "lint":
        told = [(one["message"], one["fix"]["description"]) for one in found[1]["findings"] if one["rule"] == "PU201"]
        assert sorted(told) == sorted(wanted)
    else:
        assert [(message, fix) for _, _, message, fix in errors(found)] == [
            (f"members: {message}", fix) for message, fix in wanted
        ]
    assert found[0] == (2 if command == "push" else 1)


def test_all_views_are_shown_with_what_each_lacks(ask: Any) -> None:
    """One line for a person to see what is left to fill in."""
    given = files(events=", 'name': 'Tills', 'description': 'What the tills sold.'", audience="", name="TikTok")
    code, found = ask(given, "config")
    assert code == 1
    assert [(one["model"], one["title"], one["description"], one["offered_to"]) for one in found["views"]] == [
        ("events", "Tills", "What the tills sold.", ["orchestrations"]),
        ("members", "TikTok", None, ["orchestrations"]),
    ]
    assert [one["message"].split(".")[0] for one in found["errors"]] == [
        "events: Neither a column nor a setting gives `event_set_id`",
        "members: No setting gives `audience_name`",
        "members: No setting gives `advertiser_ids`",
    ]


@pytest.mark.parametrize(
    ("given", "words", "wrong"),
    [
        (
            files(events=",\n    'even_set_id': '1'", event_set_id=EVENT_SET),
            (),
            (
                "models/events.sql",
                4,
                "events: unknown key `even_set_id` in meta.pusher.",
                "Did you mean `event_set_id`?",
            ),
        ),
        (
            files(events=",\n    'concurrency': 4", event_set_id=EVENT_SET),
            (),
            (
                "models/events.sql",
                4,
                "events: `concurrency` is no setting of a template.",
                "It stands in the destination's block in profiles.yml or in --set concurrency=....",
            ),
        ),
        (
            files(events="", event_set_id=EVENT_SET),
            ("--set", "allow_restricted_pii=true"),
            (
                None,
                None,
                "--set: `allow_restricted_pii` is no setting of a run.",
                "It stands in the destination's block in profiles.yml or in the model's meta.pusher.",
            ),
        ),
        (
            files(events="", event_set_id=EVENT_SET),
            ("--set", "id_type=EMAIL"),
            (None, None, "--set: unknown setting `id_type`.", "Did you mean `id_types`?"),
        ),
        (
            files(events=",\n    'allow_restricted_pii': 'yes'", event_set_id=EVENT_SET),
            (),
            ("models/events.sql", 4, "events: `allow_restricted_pii` must be true or false.", WHETHER),
        ),
        (
            files(events="", events_={"even_set_id": "1"}, event_set_id=EVENT_SET),
            (),
            ("profiles.yml", 16, "Unknown key `even_set_id`.", "Did you mean `event_set_id`?"),
        ),
        (
            files(events="", events_={"concurrency": 2}, event_set_id=EVENT_SET),
            (),
            (
                "profiles.yml",
                16,
                "`concurrency` is no setting of events alone.",
                "Put it beside `events`, not below.",
            ),
        ),
        (
            files(events="", events_={"audience_name": "Best"}, event_set_id=EVENT_SET),
            (),
            ("profiles.yml", 16, "`audience_name` is a setting of audiences.", "Put it below `audiences`."),
        ),
        (
            files(events="", events_=["x"], event_set_id=EVENT_SET),
            (),
            (
                "profiles.yml",
                15,
                "`events` must be a mapping.",
                "Write one `key: value` a line below it, or leave it out: what stands beside it holds for events too.",
            ),
        ),
        (
            files(events="", events_={"visible_to_campaigns": True}, event_set_id=EVENT_SET),
            (),
            (
                "profiles.yml",
                16,
                "Events are never offered to campaigns: they go by query and orchestration only.",
                "Take it out; audiences can be offered to campaigns.",
            ),
        ),
        (
            files(events=",\n    'visible_to_campaigns': true", event_set_id=EVENT_SET),
            (),
            (
                "models/events.sql",
                4,
                "events: events are never offered to campaigns: they go by query and orchestration only.",
                "Take it out; audiences can be offered to campaigns.",
            ),
        ),
    ],
    ids=[
        "template", "not of a template", "not of a run", "run", "form", "family", "not of a family",
        "of the other family", "no family", "family in campaigns", "events in campaigns",
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", ["lint", "config", "push"])
def test_what_no_layer_may_say_is_refused_in_each(
    ask: Any, given: dict[str, str], words: tuple[str, ...], wrong: tuple[Any, ...], command: str
) -> None:
    """Unknown keys, keys of another layer, values of the wrong form: with the place, by lint, config and push."""
    given = {name: text.replace('"events_"', '"events"') for name, text in given.items()}
    found = ask(given, command, *words)
    assert (found[0], errors(found)) == (2, [wrong])
