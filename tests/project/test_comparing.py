"""`state:`: what differs from a saved manifest, written by pusher or by dbt."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import pusher
from tests.dbt.both import cafe


@pytest.fixture(name="root")
def _root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "cafe"
    cafe(root)
    monkeypatch.chdir(root)
    assert pusher("compile", "--quiet").code == 0
    shutil.copytree(root / "target", root / "saved")
    return root


def edit(root: Path, name: str, old: str, new: str) -> None:
    """Replace a text in a file."""
    path = root / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def listed(*select: str) -> list[str]:
    """Return the models that a selection lists, which may be none."""
    ran = pusher("ls", "--json", "--state", "saved", "--select", " ".join(select))
    assert ran.code == 0
    return [one["name"] for one in ran.json["models"]]


def asked(*select: str) -> list[str]:
    """Return the tests that a selection runs."""
    return sorted(
        one["name"] for one in pusher("test", "--json", "--state", "saved", "--select", *select).json["tests"]
    )


EDITS = {
    "body": ("models/bills.sql", "from bills\n", "from bills -- all\n", "modified.body", ["bills"]),
    "seed": ("seeds/raw_guests.csv", "Ann", "Anne", "modified.body", ["raw_guests"]),
    "configuration": (
        "models/_models.yml",
        "description: One row for each guest",
        "config: {tags: x}\n    description: One row",
        "modified.configs",
        ["guests"],
    ),
    "folder": (
        "dbt_project.yml",
        "+materialized: view",
        "+materialized: table",
        "modified.configs",
        ["stg_bills", "stg_guests", "stg_payments"],
    ),
    "macro": ("macros/euros.sql", "/ 100", "/ 100.0", "modified.macros", ["stg_payments"]),
    "relation": ("macros/names.sql", "people", "persons", "modified.relation", ["guests"]),
    "contract": (
        "models/_models.yml",
        'name: card_amount, data_type: "decimal(38, 2)"',
        'name: card_amount, data_type: "decimal(38, 3)"',
        "modified.contract",
        ["bills"],
    ),
}


@pytest.mark.parametrize("change", EDITS.values(), ids=EDITS.keys())
def test_an_edit_is_found_by_its_kind(root: Path, change: tuple[str, str, str, str, list[str]]) -> None:
    """And by `modified`; everything else is unmodified."""
    name, old, new, part, models = change
    everything = listed("*")
    edit(root, name, old, new)
    assert listed("state:modified") == listed(f"state:{part}") == models
    parts = ("body", "configs", "macros", "relation", "contract")
    assert [one for one in parts if listed(f"state:modified.{one}")] == [part.removeprefix("modified.")]
    assert listed("state:unmodified") == [one for one in everything if one not in models]
    assert (listed("state:new"), listed("state:old")) == ([], everything)


def test_what_is_below_a_change_is_selected_with_it(root: Path) -> None:
    """Graph operators and intersections work as with any other method."""
    edit(root, "models/staging/stg_payments.sql", "method,", "method,\n   ")
    assert listed("state:modified+") == ["stg_payments", "bills", "column_names", "guests"]
    assert listed("state:modified+,config.materialized:table") == ["bills", "column_names", "guests"]
    assert listed("+state:modified") == ["raw_payments", "stg_payments"]


def test_nothing_differs_from_itself(root: Path) -> None:
    """A new model does."""
    assert listed("state:modified") == []
    (root / "models/new.sql").write_text("select 1 as id")
    assert listed("state:modified") == listed("state:new") == ["new"]


def test_tests_are_selected_by_what_they_say(root: Path) -> None:
    """New arguments, another severity, other rows of a unit test; and all tests of a model that differs."""
    pusher("build", "--quiet")
    assert pusher("test", "--state", "saved", "--select", "state:modified").code == 0
    edit(root, "models/_models.yml", "severity: warn", "severity: error")
    edit(root, "models/_models.yml", "{bill_id: 1, method: cash, amount: 2}", "{bill_id: 1, method: cash, amount: 3}")
    edit(root, "models/staging/_staging.yml", "[card, cash, voucher]", "[card, cash, voucher, points]")
    found = asked("state:modified")
    assert [name for name in found if not name.startswith("accepted_values")] == [
        "methods_add_up",
        "not_null_bills_amount",
    ]
    assert len(found) == 3
    assert len(asked("state:new")) == 1


def test_a_manifest_of_dbt_serves_as_well(root: Path) -> None:
    """Its nodes have all settings with their defaults, and no mark of pusher."""
    path = root / "saved" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["metadata"]["env"] = {}
    for node in manifest["nodes"].values():
        node["config"] |= {"lookback": 1, "on_schema_change": "ignore", "unique_key": None}
    path.write_text(json.dumps(manifest))
    assert listed("state:modified") == []
    edit(root, "models/bills.sql", "from bills\n", "from bills -- all\n")
    assert listed("state:modified") == ["bills"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "--state: cannot read saved/manifest.json: No such file or directory."),
        ("[]", "--state: saved/manifest.json is no manifest."),
        ("{", "--state: saved/manifest.json is no manifest."),
        (
            '{"metadata": {"dbt_schema_version": "manifest/v11.json"}}',
            "--state: saved/manifest.json is a manifest of another version: manifest/v11.json.",
        ),
    ],
)
def test_a_state_that_cannot_be_read_is_an_error(root: Path, text: str | None, message: str) -> None:
    """With the file and what to do."""
    path = root / "saved" / "manifest.json"
    path.unlink() if text is None else path.write_text(text)
    ran = pusher("ls", "--json", "--state", "saved", "--select", "state:modified")
    fix = "Name the folder of a manifest.json that `pusher compile` or `pusher build` wrote."
    assert (ran.code, [(one["message"], one["fix"]) for one in ran.json["errors"]]) == (2, [(message, fix)])


def test_a_selector_of_states_needs_a_state(root: Path) -> None:
    """And a state that there is."""
    del root
    without = pusher("ls", "--json", "--select", "state:modified").json["errors"][0]
    unknown = pusher("ls", "--json", "--state", "saved", "--select", "state:modifed").json["errors"][0]
    assert without["message"] == "`state:modified` compares with a saved manifest, and none is named."
    assert (unknown["message"], unknown["fix"]) == (
        "Unknown state in `state:modifed`.",
        "Did you mean `state:modified`?",
    )
