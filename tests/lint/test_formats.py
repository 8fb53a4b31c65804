"""Lint for GitHub and for code scanning: every finding and every error, in one valid document."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from pusher.cli.app import run
from pusher.errors import Problem
from pusher.lint import Edit, Finding, Fix, github, sarif
from pusher.lint.rules import RULES
from pusher.version import __version__
from tests.conftest import ProjectFactory

ROOT = Path(__file__).parents[2]
VIEW = "models/v.sql"
SQL = """\
{{ config(materialized='view', meta={'pusher': {'destination': 'tiktok', 'payload': 'offline_events'}}) }}
select
    'Purchas' as event,
    id as event_id,
    ordered_at as event_time,
    digest as email
from {{ source('raw', 'orders') }}
"""
SOURCES = """\
sources:
  - name: raw
    tables:
      - name: orders
        columns:
          - {name: id, data_type: varchar}
          - {name: ordered_at, data_type: timestamp, config: {meta: {timezone: UTC}}}
          - {name: digest, data_type: varchar}
"""
MISSPELT = Finding(
    rule="PU208",
    name="contract.enum-value",
    severity="error",
    model="v",
    model_column="event",
    file=VIEW,
    line=3,
    column=5,
    end_line=3,
    end_column=14,
    message="100% wrong: a, b\nand more.",
    fix=Fix("Did you mean 'Purchase'?", (Edit(VIEW, 3, 5, 3, 14, "'Purchase'"),)),
)
MISSING = Finding("PU201", "contract.missing-column", "note", "v", None, VIEW, 2, 1, 7, 5, "`value` is missing.")
BROKEN = Problem("sql-parser", "Syntax error.", "models/a b.sql", 4, 6, "Fix the SQL at this place.")
NO_PROFILE = Problem("no-profile", "There is no profile.")


def test_github_shows_findings_at_their_place() -> None:
    """Text is escaped as GitHub reads it, columns stand only where a place is on one line, a note is a notice."""
    assert github([MISSPELT, MISSING], [], "shop/dbt").splitlines() == [
        (
            "::error file=shop/dbt/models/v.sql,line=3,col=5,title=PU208 contract.enum-value,endLine=3,endColumn=13"
            "::100%25 wrong: a, b%0Aand more.%0ADid you mean 'Purchase'?"
        ),
        "::notice file=shop/dbt/models/v.sql,line=2,title=PU201 contract.missing-column,endLine=7::`value` is missing.",
    ]


def test_github_shows_what_stopped_lint() -> None:
    """An error without a place is shown too."""
    assert github([], [BROKEN, NO_PROFILE]).splitlines() == [
        "::error file=models/a b.sql,line=4,col=6,title=sql-parser::Syntax error.%0AFix the SQL at this place.",
        "::error title=no-profile::There is no profile.",
    ]


def test_sarif_holds_findings_with_their_fixes() -> None:
    """Places are below the root of the checkout, ends stand behind the last character, edits are replacements."""
    log = json.loads(sarif([MISSPELT, MISSING], [], "shop"))
    (ran,) = log["runs"]
    artifact = {"uri": "shop/models/v.sql", "uriBaseId": "%SRCROOT%"}
    region = {"startLine": 3, "startColumn": 5, "endLine": 3, "endColumn": 14}
    whole = {"startLine": 2, "startColumn": 1, "endLine": 7, "endColumn": 5}
    codes = [rule.code for rule in RULES]
    assert (log["version"], ran["invocations"]) == (
        "2.1.0",
        [{"executionSuccessful": True, "toolExecutionNotifications": []}],
    )
    assert ran["results"] == [
        {
            "ruleId": "PU208",
            "ruleIndex": codes.index("PU208"),
            "level": "error",
            "message": {"text": "100% wrong: a, b\nand more.\nDid you mean 'Purchase'?"},
            "locations": [{"physicalLocation": {"artifactLocation": artifact, "region": region}}],
            "fixes": [
                {
                    "description": {"text": "Did you mean 'Purchase'?"},
                    "artifactChanges": [
                        {
                            "artifactLocation": artifact,
                            "replacements": [{"deletedRegion": region, "insertedContent": {"text": "'Purchase'"}}],
                        }
                    ],
                }
            ],
        },
        {
            "ruleId": "PU201",
            "ruleIndex": codes.index("PU201"),
            "level": "note",
            "message": {"text": "`value` is missing."},
            "locations": [{"physicalLocation": {"artifactLocation": artifact, "region": whole}}],
        },
    ]


def test_sarif_describes_every_rule() -> None:
    """Each rule has its code, its severity and its manual page, in the order that results refer to."""
    driver = json.loads(sarif([], []))["runs"][0]["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("pusher", __version__)
    assert [(rule["id"], rule["name"], rule["defaultConfiguration"]) for rule in driver["rules"]] == [
        (rule.code, rule.name, {"enabled": False} if rule.severity == "off" else {"level": rule.severity})
        for rule in RULES
    ]
    assert all(rule["shortDescription"]["text"] and "## " in rule["help"]["markdown"] for rule in driver["rules"])


def test_sarif_tells_what_stopped_lint() -> None:
    """The run did not succeed, and says where and why; a path with a blank is a valid URI."""
    (invocation,) = json.loads(sarif([], [BROKEN, NO_PROFILE]))["runs"][0]["invocations"]
    artifact = {"uri": "models/a%20b.sql", "uriBaseId": "%SRCROOT%"}
    assert invocation == {
        "executionSuccessful": False,
        "toolExecutionNotifications": [
            {
                "descriptor": {"id": "sql-parser"},
                "level": "error",
                "message": {"text": "Syntax error.\nFix the SQL at this place."},
                "locations": [
                    {
                        "physicalLocation": {
                            "artifactLocation": artifact,
                            "region": {"startLine": 4, "startColumn": 6},
                        }
                    }
                ],
            },
            {"descriptor": {"id": "no-profile"}, "level": "error", "message": {"text": "There is no profile."}},
        ],
    }


def test_sarif_keeps_to_its_schema() -> None:
    """With findings, fixes, errors with and without a place, and with nothing at all; the schema tells a wrong one."""
    schema = json.loads((Path(__file__).parent / "schema/sarif-2.1.0.json").read_text("utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    logs = [sarif([MISSPELT, MISSING], [], "shop"), sarif([], [BROKEN, NO_PROFILE]), sarif([], [])]
    assert [[error.message for error in validator.iter_errors(json.loads(log))] for log in logs] == [[], [], []]
    wrong = json.loads(logs[0].replace('"startLine": 3', '"startLine": 0'))
    assert {error.validator for error in validator.iter_errors(wrong)} == {"minimum"}


def test_the_command_prints_one_document_whatever_happens(
    project: ProjectFactory, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Findings end with 1 and an error with 2; paths start at the folder that the command runs in."""
    root = project({"models/v.sql": SQL, "models/s.yml": SOURCES})
    monkeypatch.chdir(root.parent)
    words = ["lint", "--project-dir", root.name, "--profiles-dir", root.name, "--format"]

    found = (run([*words, "sarif"]), json.loads(capsys.readouterr().out))
    annotated = (run([*words, "github"]), capsys.readouterr().out.splitlines())
    (root / "models/v.sql").write_text("select from", encoding="utf-8")
    broken: tuple[int, Any] = (run([*words, "sarif"]), json.loads(capsys.readouterr().out))

    (enum,) = [result for result in found[1]["runs"][0]["results"] if result["ruleId"] == "PU208"]
    uri = enum["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert (found[0], annotated[0], broken[0], uri) == (1, 1, 2, f"{root.name}/models/v.sql")
    assert [line for line in annotated[1] if "PU208" in line] == [
        (
            f"::error file={root.name}/models/v.sql,line=3,col=5,title=PU208 contract.enum-value,endLine=3,endColumn=13"
            "::`event` can be 'Purchas', which is not one of its values.%0ADid you mean 'Purchase'?"
        )
    ]
    assert broken[1]["runs"][0]["results"] == []
    assert broken[1]["runs"][0]["invocations"][0]["executionSuccessful"] is False


def test_the_pre_commit_hook_runs_for_what_lint_reads(project: ProjectFactory) -> None:
    """Its command works as it stands, and a change of a model, a macro or a setting starts it."""
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    program, *words = shlex.split(hook["entry"])
    root = project({"models/v.sql": "select 1 as one"})
    starts = re.compile(hook["files"])
    assert (hook["id"], hook["language"], hook["pass_filenames"], program) == ("pusher-lint", "python", False, "pusher")
    assert run([*words, "--project-dir", str(root), "--profiles-dir", str(root)]) == 0
    assert [
        path
        for path in ("models/a.sql", "macros/b/c.sql", "sub/models/s.yml", "dbt_project.yml", "README.md", "a.sql")
        if starts.search(path)
    ] == ["models/a.sql", "macros/b/c.sql", "sub/models/s.yml", "dbt_project.yml"]
