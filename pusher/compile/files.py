"""Find and read the files of a project and its packages: models, macros, seeds, data tests, YAML and doc blocks."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeVar

from pusher.compile.seeds import Seed
from pusher.config import ProjectFile
from pusher.errors import Problem

_Named = TypeVar("_Named", "TextFile", Seed)
MAX_SQL_BYTES = 1_000_000
# With a blank, so that no file can have this name.
INLINE, INLINE_OPTION = "inline query", "--inline"
"""Name and file of a query from the command line, which is a model that nothing can refer to."""
GENERIC = ("generic",)
"""Folder below those of data tests whose files define generic ones."""
FIXTURES = ("fixtures",)
"""Folder below those of data tests whose files are rows for unit tests."""
# What a link must end with to stand for a file of a project, or, with nothing, for a folder.
_OF_A_PROJECT = frozenset({"", ".sql", ".csv", ".yml", ".yaml", ".md"})
# dbt finds these without being told; running a project without them would change what it means.
_REFUSED_FOLDERS = (
    (
        "snapshots",
        ".sql",
        "Snapshots are not supported.",
        "Build the history outside pusher and declare it as a source.",
    ),
)


@dataclass(frozen=True, slots=True)
class TextFile:
    r"""A text file of the project.

    Attributes:
        path: POSIX path relative to the project.
        absolute: Where it lies.
        text: Content with `\n` line ends and without a byte-order mark.
        folder: Folders between the model path and the file.
        package: Name of the package that has it, empty for the project itself.
    """

    path: str
    absolute: Path
    text: str
    folder: tuple[str, ...]
    package: str = ""

    @property
    def name(self) -> str:
        """File name without its ending."""
        return self.absolute.stem


@dataclass(frozen=True, slots=True)
class YamlFile:
    """A YAML file, not read yet.

    Attributes:
        path: POSIX path relative to the project.
        absolute: Where it lies.
        package: Name of the package that has it, empty for the project itself.
    """

    path: str
    absolute: Path
    package: str


@dataclass(frozen=True, slots=True)
class ProjectFiles:
    """All files that a compile reads.

    Attributes:
        models: Model files by name.
        seeds: CSV files by name; they are found, not read.
        macros: Macro files, and those of generic tests, in order of their paths.
        tests: Queries that are data tests, by name.
        fixtures: Files with rows for unit tests, by name and format.
        yaml: YAML files in order.
        docs: Markdown files in order of their paths.
        problems: What is wrong with the files themselves.
    """

    models: dict[str, TextFile]
    seeds: dict[str, Seed]
    macros: list[TextFile]
    tests: dict[str, TextFile]
    fixtures: dict[tuple[str, str], TextFile]
    yaml: list[YamlFile]
    docs: list[TextFile]
    problems: list[Problem]

    @property
    def named(self) -> list[str]:
        """Names of models and seeds that something can refer to."""
        return [name for name in (*self.models, *self.seeds) if name != INLINE]

    @property
    def unread(self) -> frozenset[str]:
        """Names of what may be in files that could not be read."""
        return frozenset(PurePosixPath(one.file).stem for one in self.problems if one.file)


def _walk(root: Path, folders: tuple[str, ...], endings: tuple[str, ...]) -> Iterator[tuple[Path, Path]]:
    for folder in folders:
        base = root / folder
        for path in sorted(base.rglob("*")):
            hidden = any(part.startswith(".") for part in path.relative_to(base).parts)
            if path.suffix in endings and not hidden and path.is_file():
                yield base, path


def _dead_links(project: ProjectFile) -> Iterator[Problem]:
    """Yield a problem for each link that leads to no file: whatever it stands for would be left out in silence."""
    folders = dict.fromkeys((*project.model_paths, *project.macro_paths, *project.seed_paths, *project.test_paths))
    for base in folders:
        for folder, inner, names in os.walk(project.root / base):
            inner[:] = sorted(name for name in inner if not name.startswith("."))
            links = [Path(folder, name) for name in (*inner, *names) if not name.startswith(".")]
            for path in sorted(filter(Path.is_symlink, links)):
                if path.is_dir():
                    message, fix = "The folder is a link, which is not followed.", "Copy the folder into the project."
                    yield Problem("linked-folder", message, project.show(path), fix=fix)
                elif not path.exists() and path.suffix in _OF_A_PROJECT:
                    message = f"The file is a link to `{path.readlink()}`, where nothing is."
                    yield Problem("dangling-link", message, project.show(path), fix="Correct the link, or remove it.")


def _read(path: Path, shown_as: str, folder: tuple[str, ...], package: str, problems: list[Problem]) -> TextFile | None:
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig")
    except OSError as error:
        problems.append(
            Problem("unreadable-file", f"Cannot read the file: {error.strerror}.", shown_as, fix="Check its rights.")
        )
        return None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        problems.append(
            Problem("not-utf8", f"The file is not UTF-8 (byte {error.start}).", shown_as, line, fix="Save it as UTF-8.")
        )
        return None
    if len(raw) > MAX_SQL_BYTES:
        problems.append(
            Problem("file-too-large", f"The file is larger than {MAX_SQL_BYTES:,} bytes.", shown_as, fix="Split it.")
        )
        return None
    return TextFile(shown_as, path, text.replace("\r\n", "\n").replace("\r", "\n"), folder, package)


def _refused(project: ProjectFile) -> Iterator[Problem]:
    for folder, ending, message, fix in _REFUSED_FOLDERS:
        for _, path in _walk(project.root, (folder,), (ending,)):
            yield Problem("unsupported-feature", message, project.show(path), fix=fix)
    for _, path in _walk(project.root, project.model_paths, (".py",)):
        message, fix = "Python models are not supported.", "Write the model in SQL."
        yield Problem("unsupported-feature", message, project.show(path), fix=fix)


def _package(project: ProjectFile) -> str:
    return project.name if project.shown else ""


def _outside(project: ProjectFile, path: Path) -> bool:
    return project.root not in path.resolve().parents


def _linked_out(shown_as: str) -> Problem:
    fix = "Copy the file into the project."
    return Problem("outside-project", "The file is a link out of the project.", shown_as, fix=fix)


def _texts(
    project: ProjectFile, folders: tuple[str, ...], problems: list[Problem], ending: str = ".sql"
) -> Iterator[TextFile]:
    for base, path in _walk(project.root, folders, (ending,)):
        shown_as = project.show(path)
        if _outside(project, path):
            problems.append(_linked_out(shown_as))
            continue
        found = _read(path, shown_as, path.relative_to(base).parent.parts, _package(project), problems)
        if found is not None:
            yield found


def _seeds(project: ProjectFile, problems: list[Problem]) -> Iterator[Seed]:
    for base, path in _walk(project.root, project.seed_paths, (".csv",)):
        if _outside(project, path):
            problems.append(_linked_out(project.show(path)))
        else:
            yield Seed(project.show(path), path, path.relative_to(base).parent.parts, package=_package(project))


def _yaml_files(project: ProjectFile, problems: list[Problem]) -> Iterator[YamlFile]:
    for _, path in _walk(project.root, (*project.model_paths, *project.seed_paths), (".yml", ".yaml")):
        if _outside(project, path):
            problems.append(_linked_out(project.show(path)))
        else:
            yield YamlFile(project.show(path), path, _package(project))


def _by_name(files: Iterable[_Named], what: str, problems: list[Problem]) -> dict[str, _Named]:
    found: dict[str, _Named] = {}
    for file in files:
        earlier = found.setdefault(file.name, file)
        if earlier is not file:
            message = f"{what.capitalize()} `{file.name}` is defined twice, first in {earlier.path}."
            problems.append(Problem(f"duplicate-{what}", message, file.path, 1, 1, "Rename one of the files."))
    return found


def find(projects: Iterable[ProjectFile]) -> ProjectFiles:
    """Read models, macros, data tests and Markdown files and list the YAML files, project by project.

    Never raises: problems are in the result.
    """
    problems: list[Problem] = []
    everyone = tuple(projects)
    for one in everyone:
        problems += (*_refused(one), *_dead_links(one))
    models = _by_name((file for one in everyone for file in _texts(one, one.model_paths, problems)), "model", problems)
    seeds = _by_name((seed for one in everyone for seed in _seeds(one, problems)), "seed", problems)
    for name in seeds.keys() & models.keys():
        message = f"Seed `{name}` has the name of a model, {models[name].path}."
        problems.append(Problem("duplicate-seed", message, seeds[name].path, 1, 1, "Rename one of the files."))
    macros = [file for one in everyone for file in _texts(one, one.macro_paths, problems)]
    queries = [file for one in everyone for file in _texts(one, one.test_paths, problems)]
    macros += [file for file in queries if file.folder[:1] == GENERIC]
    tests = _by_name((file for file in queries if file.folder[:1] not in {GENERIC, FIXTURES}), "test", problems)
    tables = _by_name((file for one in everyone for file in _tables(one, problems)), "fixture", problems)
    asked = _by_name((file for file in queries if file.folder[:1] == FIXTURES), "fixture", problems)
    fixtures = {
        **{(name, "csv"): file for name, file in tables.items()},
        **{(name, "sql"): file for name, file in asked.items()},
    }
    yaml = [file for one in everyone for file in _yaml_files(one, problems)]
    docs = [file for one in everyone for file in _texts(one, one.docs_paths, problems, ".md")]
    return ProjectFiles(models, seeds, macros, tests, fixtures, yaml, docs, problems)


def _tables(project: ProjectFile, problems: list[Problem]) -> Iterator[TextFile]:
    # Only their own folder: other CSV files beside tests may be of any size.
    return _texts(project, tuple(f"{path}/{FIXTURES[0]}" for path in project.test_paths), problems, ".csv")
