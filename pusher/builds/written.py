"""What the relations of a warehouse were made from, to tell a person whose SQL was changed and not built since."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pusher.compile import Manifest, digest, graph, moment_of_run
from pusher.config.project_file import PROJECT_FILE

# What a build does not mind: comments and blanks, outside of texts and quoted names.
_SKIPPED = re.compile(r"('(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")|--[^\n]*|/\*.*?\*/|\{#.*?#\}|\s+", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Written:
    """How a model was written when it was built.

    Attributes:
        files: Digest of everything that a person writes and that its SQL can come from.
        sql: Digest of its SQL, without the moment of the run.
    """

    files: str
    sql: str

    def is_other_than(self, earlier: Written) -> bool:
        """Whether a person wrote other SQL since.

        SQL that differs although no file does comes from variables or from the time; that files differ says nothing of
        a model that they give the same SQL.
        """
        return self.sql != earlier.sql and self.files != earlier.files


@dataclass(frozen=True)
class Writing:
    """How the models of a project are written.

    Args:
        manifest: The compiled project, as it is while no table of an incremental model stands.
    """

    manifest: Manifest

    def of(self, name: str) -> Written | None:
        """Return how a model is written; None where only a build knows its SQL, or where it has none."""
        model = self.manifest.models[name]
        if model.seed is not None or model.materialized == "ephemeral" or name in self.manifest.uncertain:
            return None
        # What an ephemeral model says stands in the SQL of those that read it.
        reads = {one: other.depends_on for one, other in self.manifest.models.items()}
        files = [self.manifest.models[one].raw_sql for one in sorted(graph.reach([name], reads))]
        sql = _plain(model.compiled_sql).replace(moment_of_run(self.manifest), "moment")
        return Written(digest([self._everywhere, *map(_plain, files)]), digest([sql]))

    @cached_property
    def _everywhere(self) -> str:
        """What the SQL of any model may come from: macros, YAML, and variables of the project."""
        manifest = self.manifest
        macros = sorted({one.path for one in manifest.macro_texts.all.values()})
        yaml = [manifest.project.root / PROJECT_FILE, *manifest.yaml_paths]
        return digest([*(manifest.texts.get(path, "") for path in macros), *map(_content, yaml)])


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        return repr(error)


def _plain(text: str) -> str:
    return _SKIPPED.sub(lambda found: found[1] or " ", text).strip()
