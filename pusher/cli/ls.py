"""`pusher ls`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pusher.cli import options
from pusher.cli.session import session

if TYPE_CHECKING:
    from pusher.compile import Model
    from pusher.compile.model import DataTest
    from pusher.compile.unit_tests import UnitTest
    from pusher.payload.model import Payload
    from pusher.project.facade import Project

HELP = """List models and seeds in graph order; tests where nothing else is selected.

Example: pusher ls --select +tiktok_offline_events"""


def ls(
    *,
    project_dir: options.ProjectDir = Path(),
    profiles_dir: options.ProfilesDir = None,
    target: options.Target = None,
    variables: options.Vars = None,
    select: options.Select = None,
    selector: options.Selector = None,
    exclude: options.Exclude = None,
    compare_to: options.CompareTo = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> None:
    """List models, or tests."""
    with session("ls", as_json=json, quiet=quiet, no_color=no_color) as current:
        project = current.project(project_dir, profiles_dir, target, variables, compare_to=compare_to)
        wanted = project.wanted(options.chosen(select, selector, exclude), exclude or ())
        models, data_tests, unit_tests = project.manifest.select_all(wanted, exclude or ())
        current.body["models"] = [
            {
                "name": model.name,
                "resource_type": model.resource_type,
                "materialized": model.materialized,
                "file": model.path,
                "depends_on": list(model.depends_on),
                "description": model.description,
                "payload": payload.name if (payload := project.account.payload_of(model)) else None,
                "title": _title(project, model, payload),
            }
            for model in models
        ]
        tests: list[DataTest | UnitTest] = [*data_tests, *unit_tests]
        current.body["tests"] = [_as_json(test) for test in tests]
        current.text("\n".join(one.name for one in models or tests))


def _as_json(test: DataTest | UnitTest) -> dict[str, Any]:
    return {
        "name": test.name,
        "kind": test.kind,
        "model": test.model,
        "file": test.file,
        "line": test.line,
    }


def _title(project: Project, model: Model, payload: Payload | None) -> str | None:
    """Return what people call a destination view."""
    found = None if payload is None else project.account.given(model, payload, "name")
    return None if found is None else str(found.value)
