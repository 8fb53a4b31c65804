"""Keeps what a build made, for the next one; see `pusher.builds.reuse` for what that may leave as it is."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from pusher.builds.reuse import FORMAT, NOTHING, Memory, Reuse, read_memory, read_written, write_memory
from pusher.builds.run import Built
from pusher.builds.written import Writing, Written
from pusher.clock import SystemClock
from pusher.compile import Manifest, digest, graph
from pusher.config import Profile
from pusher.engines.duckdb import DuckDBEngine
from pusher.engines.duckdb.stamp import Stamp, place_of, stamp_of
from pusher.version import __version__

_PACKAGE = Path(__file__).parents[1]
# Where the code lies that decides what a build makes.
_PARTS = ("builds", "compile", "engines", "payload")
# What a program writes through a memory that it shares with a file shows in the file's times only once that part of the
# memory was written to the disk, which takes half a minute; and times of a file have steps.
QUIET_NS = 60_000_000_000
_SECOND_NS = 1_000_000_000
# What lies there is made when it is read.
_MADE_UP = ("/dev/", "/proc/", "/sys/")


@cache
def _code() -> str:
    """Return the digest of the code that decides what a build makes."""
    files = sorted(path for part in _PARTS for path in (_PACKAGE / part).rglob("*.py"))
    stats = [(path, path.stat()) for path in files]
    return digest([__version__, *(f"{path} {found.st_mtime_ns} {found.st_size}" for path, found in stats)])


def state_of_files(paths: Iterable[str], now_ns: int) -> str | None:
    """Return what is another text after anybody changed one of some files; None where that cannot be told.

    The last of a file's times is that of its last change of any kind, which no program can set. It must not be called
    while this process has the database open, which may be one of the files: closing it would end all locks on it.
    """
    # Elsewhere the last of the times is that of its creation.
    if os.name != "posix":
        return None
    parts = []
    for path in sorted(paths):
        if "://" in path or path.startswith(_MADE_UP):
            return None
        try:
            found = _looked_at(path)
        except FileNotFoundError:
            # A pattern, or a file that is not there.
            parts.append(f"{path} absent")
            continue
        except OSError:
            return None
        if stat.S_ISDIR(found.st_mode):
            parts.append(f"{path} folder")
            continue
        if not stat.S_ISREG(found.st_mode) or max(found.st_mtime_ns, found.st_ctime_ns) > now_ns - QUIET_NS:
            return None
        place = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        parts.append(f"{path} {place}")
    return digest(parts)


def _looked_at(path: str) -> os.stat_result:
    """Return what is known of a file; it is opened, because only then another machine that has it is asked."""
    found = os.stat(path)  # noqa: PTH116 -- thousands of files
    if not stat.S_ISREG(found.st_mode):
        return found
    opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        return os.fstat(opened)
    finally:
        os.close(opened)


@dataclass(slots=True)
class LastBuild:
    """The memory of the builds of one target.

    Make it before the database is opened.

    Args:
        manifest: The compiled project.
        profile: The chosen target.
    """

    manifest: Manifest
    profile: Profile
    _before: Stamp | None = field(init=False)
    _written: Mapping[str, Written] = field(init=False)
    _paths: frozenset[str] = field(init=False)
    _files: str | None = field(init=False)
    _seed_files: Mapping[str, str | None] = field(init=False)

    def __post_init__(self) -> None:
        # Not the moment of `--clock`: times of files are those of the machine.
        now_ns = int(SystemClock().now().timestamp() * _SECOND_NS)
        seeds = {name: model.seed for name, model in self.manifest.models.items() if model.seed is not None}
        self._paths = frozenset(self.manifest.source_paths())
        self._files = state_of_files(self._paths, now_ns)
        self._seed_files = {name: state_of_files([str(seed.absolute)], now_ns) for name, seed in seeds.items()}
        self._before = stamp_of(Path(self.profile.database))
        self._written = _standing(self.manifest, self.profile, self._before)

    def reuse(self, manifest: Manifest, engine: DuckDBEngine, build: str, *, anew: bool) -> Reuse:
        """Return what decides which models stay; with `anew` none does.

        Args:
            manifest: The project as it is when the tables of incremental models stand.
            engine: The database, which nobody else writes to from now on.
            build: Id of the build.
            anew: Build everything.
        """
        memory = NOTHING if anew else self._memory(engine)
        return Reuse(manifest, engine, memory, build, self._files, self._seed_files, self._paths)

    def _memory(self, engine: DuckDBEngine) -> Memory:
        if self._before is None or engine.path is None or place_of(engine.path) != self._before.place:
            return NOTHING
        return read_memory(self._path, self._surroundings(self._before, engine))

    def written_by(self, built: Built) -> dict[str, Written]:
        """Return how the models whose relations stand after a build were written when they were built."""
        tried = {one.model: one for one in built.models if not one.is_reused}
        writing, found = Writing(self.manifest), dict[str, Written]()
        for name in self.manifest.models:
            made = tried.get(name)
            one = self._written.get(name) if made is None else writing.of(name) if made.status == "built" else None
            if one is not None:
                found[name] = one
        return found

    def keep(self, memory: Memory, engine: DuckDBEngine, place: tuple[int, ...] | None) -> None:
        """Keep what a build made, after its database was closed.

        Args:
            memory: What it made.
            engine: The database.
            place: Where its file lay when everything was written, with all times: unless they are the same now,
                somebody else has written to it, and nothing is kept.
        """
        after = stamp_of(Path(self.profile.database))
        if after is not None and after.place == place and engine.path is not None:
            write_memory(self._path, self._surroundings(after, engine), memory)

    @property
    def _path(self) -> Path:
        return _path_of(self.manifest, self.profile)

    def _surroundings(self, stamp: Stamp, engine: DuckDBEngine) -> dict[str, Any]:
        """Return what has to be as it was, or everything is built."""
        profile = self.profile
        return {
            **_of_database(profile, stamp),
            "engine": engine.version,
            "settings": digest(
                [profile.target, profile.schema, str(profile.threads), repr(sorted(profile.engine_settings.items()))]
            ),
        }


def _path_of(manifest: Manifest, profile: Profile) -> Path:
    name = digest([profile.target, profile.database])[:16]
    return manifest.project.target_folder / f"last-build-{name}.json"


def _of_database(profile: Profile, stamp: Stamp) -> dict[str, Any]:
    database = {"path": profile.database, "place": list(stamp.place), "head": stamp.head}
    return {"format": FORMAT, "code": _code(), "database": database}


def _standing(manifest: Manifest, profile: Profile, stamp: Stamp | None) -> Mapping[str, Written]:
    """Return how models were written when they were built, if nobody wrote to the database since."""
    return {} if stamp is None else read_written(_path_of(manifest, profile), _of_database(profile, stamp))


def rewritten(manifest: Manifest, profile: Profile, names: Iterable[str]) -> list[str]:
    """Return the models behind some views, themselves included, whose SQL a person changed since they were built.

    What nobody can tell is left out: of a database to which somebody else wrote since, for example. It must not be
    called while this process has the database open.

    Args:
        manifest: The compiled project.
        profile: The chosen target.
        names: The views.
    """
    standing = _standing(manifest, profile, stamp_of(Path(profile.database)))
    if not standing:
        return []
    writing = Writing(manifest)
    reads = {name: model.depends_on for name, model in manifest.models.items()}
    behind = graph.reach(names, reads)
    pairs = ((name, writing.of(name), standing.get(name)) for name in manifest.models if name in behind)
    return [name for name, now, before in pairs if now and before and now.is_other_than(before)]
