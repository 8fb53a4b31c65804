"""YAML files as they were parsed before, by their text."""

from __future__ import annotations

import json

from pusher.compile.asked import is_plain
from pusher.compile.digest import digest
from pusher.compile.kept import KeptRenders
from pusher.config import Document, parse_yaml


class KeptDocuments:
    """Parses YAML, and takes from kept entries what was parsed before.

    Args:
        kept: Has the entries.
    """

    def __init__(self, kept: KeptRenders) -> None:
        self._kept = kept

    def parse(self, text: str, shown_as: str) -> Document:
        """Return what `parse_yaml` does.

        Raises:
            ConfigError: As of `parse_yaml`; what is wrong is never kept.
        """
        key = digest(["yaml", text])
        entry = self._kept.find(key)
        if entry is not None:
            self._kept.use(key)
            # As text, so that every document has values of its own.
            value, lines, misread = json.loads(entry["yaml"])
            return Document(
                shown_as,
                value,
                {tuple(path): (line, column) for path, line, column in lines},
                {tuple(path): (said, kind) for path, said, kind in misread},
            )
        document = parse_yaml(text, shown_as)
        if is_plain(document.value):
            said = [[path, *what] for path, what in document.misread.items()]
            content = [document.value, [[path, *place] for path, place in document.lines.items()], said]
            self._kept.keep(key, {"yaml": json.dumps(content, separators=(",", ":"))})
        return document
