"""What is wrong between files: each is fine by itself."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from pusher.compile import configs
from pusher.compile.exposures import Exposure, unknown_parts
from pusher.compile.files import ProjectFiles
from pusher.compile.model import SourceKey, missing
from pusher.compile.nodes import Nodes
from pusher.compile.packages import Projects
from pusher.compile.properties import ModelPatch
from pusher.compile.template_places import locate_word
from pusher.config import suggest
from pusher.errors import Problem


def of_relations(nodes: Nodes, names: Iterable[str]) -> list[Problem]:
    """Refuse two files with one relation: the later build would replace the earlier."""
    taken: dict[str, str] = {}
    problems = []
    nodes.names.begin_anew()
    for name in names:
        config = nodes.config(name)
        if config.get("materialized") == "ephemeral":
            continue
        relation = nodes.relation(name, config)
        first = taken.setdefault(relation.lower(), name)
        if first != name:
            message = f"`{name}` and `{first}` would both be {relation}."
            fix = "Give one of them another alias or schema."
            problems.append(Problem("same-relation", message, nodes.file(name).path, 1, 1, fix))
    return problems


def of_exposures(
    exposures: Iterable[Exposure], files: ProjectFiles, sources: Collection[SourceKey]
) -> tuple[dict[str, Exposure], list[Problem]]:
    """Return exposures by name, and what is wrong with what they name."""
    found: dict[str, Exposure] = {}
    problems: list[Problem] = []
    for one in exposures:
        problems += unknown_parts(one, files.named, sources, files.unread)
        first = found.setdefault(one.name, one)
        if first is not one:
            message = f"Exposure `{one.name}` is there twice, first at {first.file}:{first.line}."
            problems.append(Problem("duplicate-entry", message, one.file, one.line, 1, "Rename one of them."))
    return found, problems


def of_disabled_parts(exposures: Iterable[Exposure], nodes: Nodes) -> list[Problem]:
    """Refuse exposures that name what is not built."""
    fix = "Enable it, or take it out of `depends_on`."
    return [
        Problem("disabled-ref", f"`{name}` is disabled.", one.file, one.line, 1, fix)
        for one in exposures
        for name in one.models
        if name in nodes.bases and not nodes.is_enabled(name)
    ]


def of_patches(patches: Mapping[str, ModelPatch], files: ProjectFiles, projects: Projects) -> list[Problem]:
    """Refuse YAML about models and seeds that there are not, or that another package has."""
    problems = []
    for name, patch in patches.items():
        is_model = patch.top == "models"
        known: Mapping[str, Any] = files.models if is_model else files.seeds
        others: Mapping[str, Any] = files.seeds if is_model else files.models
        if name in known:
            if known[name].package != patch.package:
                message = f"`{name}` is a file of package `{projects.name(known[name].package)}`."
                fix = "Describe it there; dbt_project.yml changes its configuration."
                problems.append(Problem("other-package", message, patch.file, patch.line, 1, fix))
        elif name not in files.unread:
            near = [one for one in files.named if one in known]
            code, what, other = ("missing-model", "Model", "seed") if is_model else ("missing-seed", "Seed", "model")
            problem = missing(code, what, name, near, suggest(name, near))
            way_out = f"`{name}` is a {other}: describe it under `{other}s:`." if name in others else problem.fix
            problems.append(Problem(problem.code, problem.message, patch.file, patch.line, 1, way_out))
    return problems


def of_config(name: str, nodes: Nodes, files: ProjectFiles, patch: ModelPatch | None) -> list[Problem]:
    """Refuse settings of a model or seed that do not go together.

    dbt enforces constraints under a contract only: without one it does not look at them either.
    """
    problems, config = [], nodes.config(name)
    problem = configs.check_together(config)
    if problem is not None:
        file = files.models[name]
        line, column = locate_word(file.text, 1, r"\bconfig\s*\(")
        problems.append(Problem(problem.code, problem.message, file.path, line, column, problem.fix))
    contract = config.get("contract") or {}
    if patch is not None and patch.constraints is not None and contract.get("enforced"):
        message, fix = "`constraints` are not supported.", "Write data tests, such as not_null and unique."
        problems.append(Problem("unsupported-feature", message, patch.file, patch.constraints, 1, fix))
    return problems
