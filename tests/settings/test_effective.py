"""Which settings hold, and which layer set each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from pusher.cli.app import run
from tests.conftest import EVENT_SET, ProjectFactory

OTHER = "1234567890123456789"
VIEW = """\
{{{{ config(materialized='view', meta={{'pusher': {meta}}}) }}}}
select 'Purchase' as event, id as event_id, moment as event_time, digest as email{more}
from {{{{ source('raw', 'orders') }}}}
"""
SOURCES = """\
sources:
  - name: raw
    tables:
      - name: orders
        columns:
          - {name: id, data_type: varchar}
          - {name: moment, data_type: timestamp}
          - {name: digest, data_type: varchar}
          - {name: event_set, data_type: varchar}
"""
DEFAULTS = {
    "base_url": ("sandbox", "destination"),
    "access_token": ("not needed", "default"),
    "credential": ("default", "default"),
    "event_set_id": (EVENT_SET, "destination"),
    "advertiser_ids": (None, "default"),
    "requests_per_second": ("1000", "default"),
    "concurrency": ("8", "default"),
    "ca_file": (None, "default"),
    "preflight": ("true", "default"),
    "test_event_code": (None, "default"),
    "name": (None, "default"),
    "description": (None, "default"),
    "visible_to_orchestrations": ("true", "default"),
    "visible_to_campaigns": ("false", "default"),
    "allow_restricted_pii": ("false", "default"),
}


def files(meta: Mapping[str, str] | None = None, more: str = "", **settings: Any) -> dict[str, str]:
    """Return a project of one offline view."""
    block = {"destination": "tiktok", "payload": "offline_events", **(meta or {})}
    tiktok = {"base_url": "sandbox", "event_set_id": EVENT_SET, **settings}
    profile = {
        "shop": {"target": "dev", "outputs": {"dev": {"type": "duckdb", "path": "shop.duckdb"}}},
        "pusher": {"dev": {"tiktok": tiktok}},
    }
    return {
        "models/v.sql": VIEW.format(meta=block, more=more)
        .replace("select 'P", "select\n    'P")
        .replace(" at ", ' "at" '),
        "models/s.yml": SOURCES,
        "profiles.yml": json.dumps(profile, indent=2),
    }


def shown(
    project: ProjectFactory, capsys: pytest.CaptureFixture[str], given: Mapping[str, str], *words: str
) -> dict[str, Any]:
    """Return what the command prints as JSON."""
    root = str(project(given))
    assert run(["config", "v", "--project-dir", root, "--profiles-dir", root, "--json", *words]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def layers(found: Mapping[str, Any]) -> dict[str, tuple[str | None, str]]:
    """Return value and layer of each setting."""
    return {one["name"]: (one["value"], one["layer"]) for one in found["settings"]}


def test_the_profile_and_the_defaults_are_shown(project: ProjectFactory, capsys: pytest.CaptureFixture[str]) -> None:
    """Each setting of the block is there, with the line of its key when the profile sets it."""
    found = shown(project, capsys, files())
    line = files()["profiles.yml"].splitlines().index('        "event_set_id": "7654321098765432109"') + 1
    (event_set,) = [one for one in found["settings"] if one["name"] == "event_set_id"]
    assert (found["model"], found["payload"], found["target"], layers(found)) == (
        "v",
        "offline_events",
        "dev",
        DEFAULTS,
    )
    assert event_set == {
        "name": "event_set_id",
        "value": EVENT_SET,
        "layer": "destination",
        "file": "profiles.yml",
        "line": line,
        "otherwise": {
            "name": "event_set_id",
            "value": None,
            "layer": "default",
            "file": None,
            "line": None,
            "otherwise": None,
        },
    }


@pytest.mark.parametrize(
    ("given", "words", "changed"),
    [
        (files({"event_set_id": OTHER}), (), {"event_set_id": (OTHER, "template")}),
        (
            files({"event_set_id": OTHER}),
            ("--set", "event_set_id=9999999999999999999", "--set", "concurrency=2"),
            {"event_set_id": ("9999999999999999999", "run"), "concurrency": ("2", "run")},
        ),
        (
            files(advertiser_ids=[OTHER, EVENT_SET], requests_per_second=2.5),
            (),
            {"advertiser_ids": (f"{OTHER}, {EVENT_SET}", "destination"), "requests_per_second": ("2.5", "destination")},
        ),
        (
            files(base_url="http://127.0.0.1:9/open_api/v1.3", access_token="secret"),  # noqa: S106 -- made up
            (),
            {
                "base_url": ("http://127.0.0.1:9/open_api/v1.3", "destination"),
                "access_token": ("****", "destination"),
                "requests_per_second": ("10", "default"),
                "preflight": ("false", "default"),
            },
        ),
        (files(preflight=False), (), {"preflight": ("false", "destination")}),
        (files(), ("--set", "preflight=false"), {"preflight": ("false", "run")}),
    ],
    ids=["template", "run", "lists and numbers", "token", "true or false", "run, true or false"],
)
def test_a_later_layer_wins(
    project: ProjectFactory,
    capsys: pytest.CaptureFixture[str],
    given: Mapping[str, str],
    words: tuple[str, ...],
    changed: Mapping[str, tuple[str, str]],
) -> None:
    """The model's meta comes before the profile, `--set` before both, and a token is masked."""
    assert layers(shown(project, capsys, given, *words)) == {**DEFAULTS, **changed}


def test_a_column_of_the_row_comes_last_and_wins(project: ProjectFactory, capsys: pytest.CaptureFixture[str]) -> None:
    """The setting stays for the rows in which the column is empty."""
    found = shown(project, capsys, files(more=", event_set as event_set_id"))
    assert [(one["value"], one["layer"]) for one in found["settings"] if one["name"] == "event_set_id"] == [
        (EVENT_SET, "destination"),
        ("column event_set_id, where it is filled", "row"),
    ]


def test_a_token_of_the_environment_is_named_and_masked(
    project: ProjectFactory, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody reads its value from the output."""
    monkeypatch.setenv("TIKTOK_ACCESS_TOKEN", "secret")
    found = shown(project, capsys, files())
    assert (layers(found)["access_token"], "secret" in json.dumps(found)) == (("****", "environment"), False)


def test_an_audience_shows_how_it_is_sent(project: ProjectFactory, capsys: pytest.CaptureFixture[str]) -> None:
    """Its own settings stand in the model's meta; what is left out has its default."""
    given = files({"payload": "audience", "audience_name": "Best", "method": "file"}, advertiser_ids=[EVENT_SET])
    given["models/v.sql"] = given["models/v.sql"].partition("\n")[0] + (
        "\nselect digest as email from {{ source('raw', 'orders') }}\n"
    )
    found = layers(shown(project, capsys, given))
    assert {name: found[name] for name in ("audience_name", "id_types", "method", "retention_days")} == {
        "audience_name": ("Best", "template"),
        "id_types": (None, "default"),
        "method": ("file", "template"),
        "retention_days": (None, "default"),
    }
