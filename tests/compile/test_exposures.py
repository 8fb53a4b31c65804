"""Exposures: what reads a project from outside, as a selector and in the manifest."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pytest

from pusher.errors import ConfigError
from pusher.project.artifacts import Invocation, manifest_json
from tests.compile.support import STARTED, compiled, refused

MODELS = {
    "models/a.sql": "select 1 as id",
    "models/b.sql": "select id from {{ ref('a') }}",
    "models/c.sql": "select id from {{ ref('b') }}",
    "models/d.sql": "select id from {{ ref('a') }}",
    "models/deep/e.yml": (
        "sources: [{name: raw, tables: [{name: t, columns: [{name: id, data_type: int}]}]}]\n"
        "exposures:\n"
        "  - name: weekly\n"
        "    label: The weekly page\n"
        "    type: dashboard\n"
        "    owner: {name: Ann, email: ann@example.org}\n"
        "    depends_on: [ref('c'), \"source('raw', 't')\"]\n"
        "  - {name: gone, type: ml, config: {enabled: false}}\n"
    ),
}


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        ("+exposure:weekly", ["a", "b", "c"]),
        ("1+exposure:weekly", ["c"]),
        ("2+exposure:week*", ["b", "c"]),
        ("+exposure:*", ["a", "b", "c"]),
    ],
)
def test_an_exposure_selects_what_it_reads(tmp_path: Path, select: str, expected: list[str]) -> None:
    """With all that is behind it, or so many steps."""
    assert [model.name for model in compiled(tmp_path, MODELS).select([select])] == expected


@pytest.mark.parametrize("select", ["exposure:weekly", "+exposure:monthly", "+exposure:gone"])
def test_an_exposure_itself_is_no_model(tmp_path: Path, select: str) -> None:
    """Nor is one that there is not, or that is switched off."""
    with pytest.raises(ConfigError, match="selects no model"):
        compiled(tmp_path, MODELS).select([select])


def test_the_manifest_has_exposures_with_their_parents(tmp_path: Path) -> None:
    """As dbt writes them."""
    moment: datetime = STARTED
    content = manifest_json(compiled(tmp_path, MODELS), Invocation("i", "compile", moment, moment, "0"))
    assert content["exposures"] == {
        "exposure.shop.weekly": {
            "name": "weekly",
            "resource_type": "exposure",
            "package_name": "shop",
            "path": "deep/e.yml",
            "original_file_path": "models/deep/e.yml",
            "unique_id": "exposure.shop.weekly",
            "fqn": ["shop", "deep", "weekly"],
            "type": "dashboard",
            "description": "",
            "label": "The weekly page",
            "owner": {"name": "Ann", "email": "ann@example.org"},
            "depends_on": {"macros": [], "nodes": ["model.shop.c", "source.shop.raw.t"]},
        }
    }
    assert content["parent_map"]["exposure.shop.weekly"] == ["model.shop.c", "source.shop.raw.t"]
    assert content["child_map"]["model.shop.c"] == ["exposure.shop.weekly"]


WRONG = {
    "no list": (
        "exposures: {name: x}",
        ("wrong-type", "models/x.yml:1:1", "`exposures` must be a list.", "Start each with `- name:`."),
    ),
    "no type": (
        "exposures: [{name: x}]",
        ("wrong-type", "models/x.yml:1:13", "An exposure needs `name` and `type`, as text.", "Write both, in quotes."),
    ),
    "name that YAML reads as false": (
        "exposures: [{name: off, type: ml}]",
        (
            "misread-value",
            "models/x.yml:1:14",
            "YAML reads `off` as a truth value.",
            "Write true or false, or put it in quotes: 'off'.",
        ),
    ),
    "unknown type": (
        "exposures: [{name: x, type: dashbord}]",
        ("wrong-value", "models/x.yml:1:23", "Unknown type `dashbord` of an exposure.", "Did you mean `dashboard`?"),
    ),
    "unknown key": (
        "exposures: [{name: x, type: ml, depend_on: []}]",
        ("unknown-key", "models/x.yml:1:33", "Unknown key `depend_on`.", "Did you mean `depends_on`?"),
    ),
    "unknown model": (
        "exposures: [{name: x, type: ml, depends_on: [ref('aa')]}]",
        ("missing-ref", "models/x.yml:1:1", "Model `aa` does not exist.", "Did you mean `a`?"),
    ),
    "unknown source": (
        "exposures: [{name: x, type: ml, depends_on: [\"source('raw', 'tt')\"]}]",
        ("missing-source", "models/x.yml:1:1", "Source `raw.tt` does not exist.", "Did you mean `raw.t`?"),
    ),
    "no reference": (
        "exposures: [{name: x, type: ml, depends_on: [a]}]",
        (
            "wrong-value",
            "models/x.yml:1:46",
            "`a` is no model and no source.",
            "Write ref('model') or source('source', 'table').",
        ),
    ),
    "twice": (
        "exposures: [{name: weekly, type: ml}]",
        (
            "duplicate-entry",
            "models/x.yml:1:1",
            "Exposure `weekly` is there twice, first at models/deep/e.yml:3.",
            "Rename one of them.",
        ),
    ),
}


@pytest.mark.parametrize(("yaml", "expected"), WRONG.values(), ids=WRONG.keys())
def test_every_mistake_in_an_exposure_has_its_place(
    tmp_path: Path, yaml: str, expected: tuple[str, str, str, str]
) -> None:
    """What dbt would pass over is an error."""
    files: Mapping[str, str] = {**MODELS, "models/x.yml": yaml}
    assert refused(tmp_path, files) == [expected]
