"""Which models and sources the SQL of a model reads, also those that it names without ref() or source()."""

from __future__ import annotations

import re
from functools import cached_property

from pusher.compile import graph
from pusher.compile.manifest import Manifest
from pusher.compile.model import SourceKey

# A quote inside of a text is written as two, which are the end of one text and the beginning of another.
_TEXT = re.compile(r"'[^']*'")
_WORD = re.compile(r"\w+")


def moment_of_run(manifest: Manifest) -> str:
    """Return the moment of the run as `as_of()` writes it, where no variable says another one."""
    return str(manifest.run_started_at).removesuffix("+00:00")


class Mentions:
    """What the models of a project read.

    Args:
        manifest: The compiled project.
    """

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        # The moment of the run stands in the SQL of every window, and changes nothing but rows.
        self._moment = moment_of_run(manifest)
        self._own: dict[str, tuple[frozenset[str], frozenset[SourceKey]]] = {}

    def sql(self, name: str) -> str:
        """Return a model's SQL for analysis without the moment of the run."""
        return self._manifest.analysis_sql(name).replace(self._moment, "moment")

    def models(self, name: str) -> frozenset[str]:
        """Return the models that a model reads itself."""
        return self._mentioned(name)[0]

    def sources(self, name: str) -> frozenset[SourceKey]:
        """Return the sources that a model reads itself."""
        return self._mentioned(name)[1]

    def closure(self, name: str) -> list[str]:
        """Return a model and all that it reads, in graph order."""
        needed = graph.reach([name], self._edges)
        return [one for one in self._manifest.models if one in needed]

    @cached_property
    def _edges(self) -> dict[str, frozenset[str]]:
        return {name: self.models(name) for name in self._manifest.models}

    def _mentioned(self, name: str) -> tuple[frozenset[str], frozenset[SourceKey]]:
        if name not in self._own:
            model = self._manifest.models[name]
            sql = _TEXT.sub("''", self._manifest.analysis_sql(name)).lower()
            # A name with other letters than those of a word is looked for as a whole.
            words = {*_WORD.findall(sql), *(one for one in self._odd if one in sql)}
            models = {one for word in words & self._models.keys() for one in self._models[word]} - {name}
            sources = {one for word in words & self._sources.keys() for one in self._sources[word]}
            self._own[name] = frozenset({*models, *model.depends_on}), frozenset({*sources, *model.sources})
        return self._own[name]

    @cached_property
    def _odd(self) -> list[str]:
        return [one for one in (*self._models, *self._sources) if not _WORD.fullmatch(one)]

    @cached_property
    def _models(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for model in self._manifest.models.values():
            found.setdefault(model.relation.identifier.lower(), []).append(model.name)
        return found

    @cached_property
    def _sources(self) -> dict[str, list[SourceKey]]:
        found: dict[str, list[SourceKey]] = {}
        for source in self._manifest.sources.values():
            for relation in (source.relation, source.stub):
                found.setdefault(relation.identifier.lower(), []).append(source.key)
        return found
