"""Watches the files of a project, and says what a saved file changes.

Files are looked at by their times and sizes: that works on every file system, in
containers and over a network, where notifications do not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from pusher.clock import Clock
from pusher.compile import Manifest, Model, packages
from pusher.errors import PusherError
from pusher.project.facade import Project

POLL_S = 0.1
# An editor may write a file in several steps.
SETTLED_S = 0.03
_ENDINGS = frozenset({".sql", ".yml", ".yaml", ".md", ".csv"})
Stamp = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Change:
    """What saved files change.

    Attributes:
        files: Paths that were written, made or removed, relative to the project where they lie in it.
        project: The project as it is now, or None when it cannot be read.
        select: What to build anew, in dbt's selector syntax; empty when nothing is.
        error: Why the project cannot be read, or None.
    """

    files: tuple[str, ...]
    project: Project | None
    select: tuple[str, ...]
    error: PusherError | None = None


@dataclass(slots=True)
class Watch:
    """A project under a watch.

    Args:
        load: Reads the project anew.
        project: The project as it was read first.
        clock: Waits.
        profiles_dir: Folder of profiles.yml, when it is not that of the project.
    """

    load: Callable[[], Project]
    project: Project
    clock: Clock
    profiles_dir: Path | None = None
    _stamps: dict[Path, Stamp] = field(default_factory=dict)
    _built: dict[str, tuple[object, ...]] = field(default_factory=dict)
    _tests: dict[str, str] = field(default_factory=dict)
    _again: set[str] = field(default_factory=set)
    _started_at: datetime | None = None

    def begin(self) -> None:
        """Take the project as it is for what is built; `failed` says later what is not."""
        self._started_at = self.project.started_at
        self._stamps = self._look()
        self._remember(self.project.manifest)

    def failed(self, models: Iterable[str]) -> None:
        """Note models that are not built as they are now: they are selected at the next change, whatever it is."""
        self._again = set(models)

    def changes(self) -> Iterator[Change]:
        """Yield each change as it comes; ends never."""
        while True:
            self.clock.sleep(POLL_S)
            found = self._look()
            if found == self._stamps:
                continue
            while (settled := self._settle()) != found:
                found = settled
            files = [path for path in found.keys() | self._stamps.keys() if found.get(path) != self._stamps.get(path)]
            self._stamps = found
            yield self._change(sorted(map(self._shown, files)))

    def _settle(self) -> dict[Path, Stamp]:
        self.clock.sleep(SETTLED_S)
        return self._look()

    def _change(self, files: list[str]) -> Change:
        try:
            project = self.load()
            # One moment for the whole watch: models that ask for it do not change by themselves.
            if self._started_at is not None:
                project.started_at = self._started_at
            manifest = project.manifest
        except PusherError as error:
            return Change(tuple(files), None, (), error)
        self.project = project
        return Change(tuple(files), project, self._selection(manifest))

    def _selection(self, manifest: Manifest) -> tuple[str, ...]:
        """Return what differs from what was built: models with all that is below them, and tests."""
        facts = {name: self._facts(model) for name, model in manifest.models.items()}
        names = [name for name, found in facts.items() if self._built.get(name) != found or name in self._again]
        tests = _texts(manifest)
        changed = [name for name, text in tests.items() if self._tests.get(name) != text]
        self._remember(manifest)
        self._again = set()
        return (*(f"{name}+" for name in names), *changed)

    def _remember(self, manifest: Manifest) -> None:
        self._built = {name: self._facts(model) for name, model in manifest.models.items()}
        self._tests = _texts(manifest)

    def _facts(self, model: Model) -> tuple[object, ...]:
        stamp = self._stamps.get(model.seed.absolute) if model.seed is not None else None
        columns = {name: (column.data_type, dict(column.meta)) for name, column in model.columns.items()}
        return (model.compiled_sql, dict(model.config), str(model.relation), columns, stamp)

    def _shown(self, path: Path) -> str:
        root = self.project.file.root
        return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name

    def _look(self) -> dict[Path, Stamp]:
        """Return time and size of every file that says what the project is."""
        file = self.project.file
        paths = {file.root / name for name in ("pusher.yml", "profiles.yml", "selectors.yml", *packages.LISTS)}
        for one in self.project.manifest.projects.all.values():
            folders = {*one.model_paths, *one.macro_paths, *one.seed_paths, *one.test_paths, *one.docs_paths}
            paths |= {path for name in folders for path in (one.root / name).rglob("*") if path.suffix in _ENDINGS}
            paths.add(one.root / "dbt_project.yml")
        if self.profiles_dir is not None:
            paths.add(self.profiles_dir / "profiles.yml")
        return {path: stamp for path in paths if (stamp := _stamp(path)) is not None}


def _stamp(path: Path) -> Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _texts(manifest: Manifest) -> dict[str, str]:
    # Where a test stands says nothing of what it asks.
    tests: Mapping[str, object] = {
        **{name: replace(test, line=1, begins=1) for name, test in manifest.tests.items()},
        **manifest.unit_tests,
    }
    return {name: repr(test) for name, test in tests.items()}
