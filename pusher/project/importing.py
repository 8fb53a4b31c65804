"""Brings the models of another platform's query into a project: all of their files or none, and none is replaced."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from pusher.compile import Manifest
from pusher.config import ProjectFile
from pusher.errors import CompileError, Problem
from pusher.importer import Imported, ImportOptions, import_query
from pusher.new_project import refuse_existing, write_files
from pusher.payload.model import Payload

_CALL = re.compile(r"\{\{ (\w+)\(")
_WORDS_OF_DBT = frozenset({"ref", "source", "config"})
_MODELS = "models/"


def bring(
    text: str,
    *,
    file: str,
    dialect: str,
    options: ImportOptions,
    project: ProjectFile,
    manifest: Manifest,
    payloads: Mapping[str, Payload],
    dry_run: bool,
) -> Imported:
    """Turn a query into models of a project, and write them unless it is a dry run.

    Args:
        text: The query.
        file: Its name, for errors.
        dialect: Of `pusher.importer.DIALECTS`.
        options: What the person says about it.
        project: The project's file.
        manifest: The compiled project.
        payloads: Payloads of the destination, by name.
        dry_run: Write nothing.

    Raises:
        CompileError: Something cannot be carried over, or the project has a model, a source or no macro of a name.
        ConfigError: An option is wrong.
        UsageError: A file is there already, or cannot be written.
    """
    imported = import_query(text, file=file, dialect=dialect, options=options, payloads=payloads)
    folder = next(iter(project.model_paths), "models")
    files = {f"{folder}/{name.removeprefix(_MODELS)}": content for name, content in imported.files.items()}
    imported = replace(imported, files=files)
    problems = [*_taken(imported, manifest), *_missing_macros(imported, manifest)]
    if problems:
        raise CompileError(*problems)
    refuse_existing(project.root, files)
    if not dry_run:
        write_files(project.root, {name: content.encode() for name, content in files.items()})
    return imported


def _taken(imported: Imported, manifest: Manifest) -> list[Problem]:
    """Return a problem for each name that the project uses already."""
    problems = []
    for name in imported.files:
        path = PurePosixPath(name)
        other = manifest.models.get(path.stem) if path.suffix == ".sql" else None
        if other is not None and other.path != name:
            fix = "Import the query under another name: --name, and --source for its tables."
            problems.append(Problem("model-exists", f"The project has a model `{path.stem}`.", other.path, 1, 1, fix))
    for key in imported.sources:
        source = manifest.sources.get(key)
        if source is not None and source.file not in imported.files:
            fix = "Give the tables of the query another source: --source."
            message = f"The project has a source {'.'.join(key)}."
            problems.append(Problem("source-exists", message, source.file, source.line, 1, fix))
    return problems


def _missing_macros(imported: Imported, manifest: Manifest) -> list[Problem]:
    used = {name for content in imported.files.values() for name in _CALL.findall(content)} - _WORDS_OF_DBT
    return [
        Problem(
            "missing-macro",
            f"The models call the macro `{name}`, which the project does not have.",
            fix="Copy the folder macros/ of a project that `pusher init` wrote.",
        )
        for name in sorted(used - set(manifest.macros))
    ]
