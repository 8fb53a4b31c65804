"""Renders hooks, with the words of their model or of the whole build."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pusher.compile import configs
from pusher.compile.files import TextFile
from pusher.compile.hooks import POST, PRE, Hook
from pusher.compile.model import Relation
from pusher.compile.one_render import Render
from pusher.compile.packages import Projects
from pusher.compile.render import Renderer
from pusher.errors import Problem


class HookRenders:
    """Renders the hooks of a project.

    Args:
        renderer: Renders templates.

    Attributes:
        problems: What is wrong, each at the place of its hook.
    """

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self.problems: list[Problem] = []

    def of_model(
        self, name: str, config: Mapping[str, Any], package: str
    ) -> tuple[tuple[Hook, ...], dict[str, tuple[str, int, int]]]:
        """Return the hooks of a model that say something, and what they refer to, with the place.

        Args:
            name: The model.
            config: Its configuration.
            package: Name of the package that has it, empty for the project itself.
        """
        found: list[Hook] = []
        refs: dict[str, tuple[str, int, int]] = {}
        for event in (PRE, POST):
            for one in config.get(event) or ():
                path, line, column = one["place"]
                raw = Hook(event, "", one["transaction"], path, line, column, one["sql"], package)
                hook, render = self.rendered(raw, name, config)
                found.append(hook)
                refs |= {ref: (path, line, column) for ref in render.refs if ref not in refs and ref != name}
        return tuple(one for one in found if one.sql), refs

    def of_projects(self, projects: Projects, relations: Sequence[Relation]) -> dict[str, list[Hook]]:
        """Return what runs before and after everything, that of packages first.

        Args:
            projects: The project and its packages.
            relations: Those of all models and seeds.
        """
        found: dict[str, list[Hook]] = {}
        known = {
            "schemas": list(dict.fromkeys(one.schema for one in relations)),
            "database_schemas": list(dict.fromkeys((one.database, one.schema) for one in relations)),
            "results": [],
        }
        for package, project in sorted(projects.all.items(), key=lambda one: not one[0]):
            for event, texts in project.on_run.items():
                is_list = isinstance(project.document.value.get(event), list)
                for number, text in enumerate(texts):
                    at = configs.place(project.document, (event, number) if is_list else (event,))
                    raw = Hook(event, "", True, at.file or "", at.line or 1, at.column or 1, text, package)
                    found.setdefault(event, []).append(self.rendered(raw, event, {}, **known)[0])
        return found

    def rendered(self, hook: Hook, name: str, config: Mapping[str, Any], **names: Any) -> tuple[Hook, Render]:
        """Return a hook with its SQL, and what its render found out; what is wrong is noted.

        Args:
            hook: The hook.
            name: Its model.
            config: The configuration of the model.
            names: Further names that it knows.
        """
        render = Render(name, hook.file, config, package=hook.package)
        sql = self._renderer.render(TextFile(hook.file, Path(), hook.raw, (), hook.package), render, **names).strip()
        problems = [hook.problem(one.code, one.message, one.fix) for one in render.problems]
        if render.is_open:
            fix = "Write the query into the statement, as a subquery."
            problems = [hook.problem("query-not-here", "run_query() works in models, not in hooks.", fix)]
        self.problems += problems
        return replace(hook, sql=sql), render
