"""The models and seeds of a project: what each name stands for while they are rendered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pusher.compile import assemble, files, seeds
from pusher.compile.model import Relation, missing
from pusher.compile.names import Names
from pusher.compile.one_render import Render
from pusher.compile.packages import Projects
from pusher.config import suggest
from pusher.errors import Problem


class Nodes:
    """Files, configurations and relations by name.

    Args:
        projects: The project and its packages.
        found: Their files.
        database: Name of the database.
        schema: Schema of the target.

    Attributes:
        bases: What `dbt_project.yml` and YAML configure, by name; filled once they are read.
        renders: What templates rendered to, by name; filled as they are.
        names: What relations are called.
    """

    def __init__(self, projects: Projects, found: files.ProjectFiles, database: str, schema: str) -> None:
        self._projects, self._files, self._unread = projects, found, found.unread
        self.bases: Mapping[str, dict[str, Any]] = {}
        self.renders: dict[str, Render] = {}
        self.names = Names(database, schema, self.node)

    def relation(self, name: str, config: Mapping[str, Any]) -> Relation:
        """Return the quoted name of a model, seed or table of a data test, for its configuration."""
        return self.names.relation(name, config)

    def node(self, name: str, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a macro that names relations may know about a file."""
        known = {"name": name, "config": dict(config), "tags": config.get("tags", [])}
        if name not in self._files.models and name not in self._files.seeds:
            project = self._projects.own.name
            known |= {"package_name": project, "fqn": [project, name]}
            return {**known, "resource_type": "test", "path": "", "original_file_path": ""}
        file = self.file(name)
        known["package_name"] = self._projects.name(file.package)
        path = "/".join((*file.folder, file.absolute.name))
        kind = "model" if name in self._files.models else "seed"
        fqn = list(self.fqn(name))
        within = self._projects.within(file.path, file.package)
        return {**known, "resource_type": kind, "fqn": fqn, "path": path, "original_file_path": within}

    def fqn(self, name: str) -> tuple[str, ...]:
        """Return package, folders and name, by which dbt's selectors and configurations know a file."""
        file = self.file(name)
        return (self._projects.name(file.package), *file.folder, name)

    def file(self, name: str) -> files.TextFile | seeds.Seed:
        """Return the file of a model or seed."""
        return self._files.models.get(name) or self._files.seeds[name]

    def config(self, name: str) -> dict[str, Any]:
        """Return what is configured by now: also by `config()`, once the file is rendered."""
        render = self.renders.get(name)
        return render.merged() if render else self.bases[name]

    def is_enabled(self, name: str) -> bool:
        """Whether a model or seed takes part."""
        return bool(self.config(name).get("enabled", True))

    def relation_of(self, name: str, package: str | None = None) -> str | Problem:
        """Return what a reference renders to, or what is wrong with it."""
        if name in self._unread:
            # The file is told already; whoever names it has made no mistake.
            return self.relation(name, {})
        wrong = self._package_problem(name, package)
        if wrong is not None:
            return wrong
        if name == files.INLINE or (name not in self._files.models and name not in self._files.seeds):
            known = self._files.named
            return missing("missing-ref", "Model", name, known, suggest(name, known))
        config = self.config(name)
        if not self.is_enabled(name):
            what = "Model" if name in self._files.models else "Seed"
            return Problem("disabled-ref", f"{what} `{name}` is disabled.", fix="Enable it, or do not refer to it.")
        if config.get("materialized", "view") == "ephemeral":
            return assemble.CTE_PREFIX + name
        return self.relation(name, config)

    def _package_problem(self, name: str, package: str | None) -> Problem | None:
        """Return what is wrong with the package that a reference names, or None."""
        known = [self._projects.own.name, *self._projects.packages]
        if package is None or (name in self.bases and self._projects.name(self.file(name).package) == package):
            return None
        if package not in known:
            return missing("missing-package", "Package", package, known, suggest(package, known))
        return Problem(
            "missing-ref", f"Package `{package}` has no model `{name}`.", fix="Correct one of the two names."
        )
