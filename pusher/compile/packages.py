"""The packages of a project: other projects whose macros, models, seeds and tests it brings along.

They lie in `dbt_packages/`, where `dbt deps` puts them, or where a `local:` entry of packages.yml says. Nothing is
ever loaded from the network.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from pusher.compile import shim
from pusher.config import Document, ProjectFile, load_project_file, load_yaml
from pusher.errors import ConfigError, Problem

LISTS = ("packages.yml", "dependencies.yml")
"""Files that name packages, the first that is there."""
_KINDS = {
    "local": {"local"},
    "package": {"package", "version", "install-prerelease"},
    "git": {"git", "revision", "subdirectory", "warn-unpinned"},
    "tarball": {"tarball", "name"},
    "private": {"private", "provider", "revision", "subdirectory", "warn-unpinned"},
}


@dataclass(frozen=True, slots=True)
class Projects:
    """A project and its packages.

    Attributes:
        own: The project.
        packages: Its packages by name, in order of their names.
    """

    own: ProjectFile
    packages: Mapping[str, ProjectFile]

    @property
    def all(self) -> dict[str, ProjectFile]:
        """The project under an empty name, then each package."""
        return {"": self.own, **self.packages}

    def name(self, package: str) -> str:
        """Return how dbt calls a package; the project itself has an empty name here."""
        return package or self.own.name

    def others(self, package: str) -> set[str]:
        """Return the names of all but one."""
        return {self.own.name, *self.packages} - {self.name(package)}

    def within(self, path: str, package: str) -> str:
        """Return the path of a file relative to the package that has it."""
        return path.removeprefix(f"{self.packages[package].shown}/") if package else path


class Found(NamedTuple):
    """What was found.

    Attributes:
        projects: The project and its packages.
        problems: What is wrong.
    """

    projects: Projects
    problems: list[Problem]


def find(project: ProjectFile) -> Found:
    """Read the project files of all packages, those that packages bring along themselves included.

    Never raises: problems are part of the result.
    """
    found: dict[str, ProjectFile] = {}
    problems: list[Problem] = []
    waiting = [(project, entry) for entry in _entries(project, problems)]
    installed = project.root / project.packages_path
    for folder in sorted(installed.iterdir()) if installed.is_dir() else ():
        if (folder / "dbt_project.yml").is_file() and folder.name not in shim.PACKAGES:
            package = _load(folder, f"{project.packages_path}/{folder.name}", problems)
            if package is not None:
                _take(package, project, found, problems)
    while waiting:
        holder, entry = waiting.pop(0)
        if entry.folder is None:
            # The name of a repository need not be that of the package in it.
            is_there = bool(found) if entry.name is None else entry.name in found.keys() | shim.PACKAGES
            if not is_there:
                problems.append(entry.missing(project.packages_path))
            continue
        local = _folder(holder.root, entry.folder)
        if local is None:
            problems.append(entry.absent)
            continue
        if any(package.root == local for package in found.values()):
            continue
        shown = PurePosixPath(holder.shown, entry.folder).as_posix()
        package = _load(local, shown, problems)
        if package is not None and _take(package, project, found, problems):
            waiting += [(package, one) for one in _entries(package, problems)]
    return Found(Projects(project, {name: found[name] for name in sorted(found)}), problems)


class _Entry(NamedTuple):
    """One entry of the list.

    Attributes:
        document: The list.
        number: Its 0-based position.
        written: What the entry calls it.
        name: Name of the package, or None when the entry does not tell it.
        folder: Where a local package lies, relative to the project that lists it, else None.
    """

    document: Document
    number: int
    written: str
    name: str | None
    folder: str | None

    def missing(self, packages_path: str) -> Problem:
        """Return the problem of a package that was not brought along."""
        message = f"Package `{self.written}` is not in {packages_path}/."
        fix = f"Run `dbt deps` once and keep {packages_path}/ with the project; pusher loads nothing from the network."
        return self.document.problem("missing-package", message, ("packages", self.number), fix)

    @property
    def absent(self) -> Problem:
        """The problem of a local package that is not there."""
        message = f"No dbt_project.yml in {self.folder}."
        fix = "Correct `local:`; it is relative to the project's folder."
        if "{{" in (self.folder or ""):
            fix = "Write the path itself: Jinja in a list of packages is not rendered."
        return self.document.problem("missing-package", message, ("packages", self.number, "local"), fix)


def _folder(root: Path, path: str) -> Path | None:
    """Return the folder of a local package, or None where there is none."""
    try:
        folder = (root / path).resolve()
        return folder if (folder / "dbt_project.yml").is_file() else None
    except (OSError, RuntimeError, ValueError):
        # Names that no file can have, and links that lead to themselves.
        return None


def _entries(project: ProjectFile, problems: list[Problem]) -> Iterator[_Entry]:
    path = next((project.root / name for name in LISTS if (project.root / name).is_file()), None)
    if path is None:
        return
    try:
        document = load_yaml(path, project.show(path))
    except ConfigError as error:
        problems += error.problems
        return
    value = document.value or {}
    listed = value.get("packages") if isinstance(value, Mapping) else value
    if not isinstance(listed or [], list):
        problems.append(
            document.problem("wrong-type", "`packages` must be a list.", ("packages",), "Write `- local: FOLDER`.")
        )
        return
    for number, entry in enumerate(listed or []):
        found = _entry(document, number, entry)
        if isinstance(found, Problem):
            problems.append(found)
        else:
            yield found


def _entry(document: Document, number: int, entry: Any) -> _Entry | Problem:
    path = ("packages", number)
    kind = next((one for one in _KINDS if isinstance(entry, Mapping) and isinstance(entry.get(one), str)), None)
    if kind is None:
        fix = f"Known kinds: {', '.join(_KINDS)}."
        return document.problem("wrong-value", "This is no entry for a package.", path, fix)
    unknown = document.unknown_keys(entry, _KINDS[kind], path)
    if unknown:
        return unknown[0]
    written = str(entry[kind]).rstrip("/")
    named = written if kind == "package" else entry.get("name")
    name = PurePosixPath(str(named)).name if named else None
    return _Entry(document, number, written, name, written if kind == "local" else None)


def _load(folder: Path, shown: str, problems: list[Problem]) -> ProjectFile | None:
    try:
        return load_project_file(folder, shown)
    except ConfigError as error:
        problems += error.problems
        return None


def _take(package: ProjectFile, project: ProjectFile, found: dict[str, ProjectFile], problems: list[Problem]) -> bool:
    if package.name in shim.PACKAGES:
        # What pusher has itself is not read a second time.
        return False
    other = project if package.name == project.name else found.get(package.name)
    if other is None:
        found[package.name] = package
        return True
    message = f"Package `{package.name}` has the name of {'this project' if other is project else other.shown}."
    problems.append(package.document.problem("duplicate-package", message, ("name",), "Keep one of them."))
    return False
