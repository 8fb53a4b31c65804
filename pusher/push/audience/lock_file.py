"""`audiences.lock.yml`: which audience each view fills at which advertiser, kept beside the project and committed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pusher.config.strict_yaml import Document, load_yaml
from pusher.errors import ConfigError, Problem

LOCK_FILE = "audiences.lock.yml"
_HEAD = "# Which audience each view fills, by target and advertiser. Written by pusher; commit it.\n"
_DIGITS = re.compile("[0-9]+").fullmatch


Key = tuple[str, str, str, str]
"""Target, view, advertiser and name of the audience."""


class LockFile:
    """The audiences of a project.

    Args:
        root: The project's folder.
        target: The chosen target; what others fill is kept as it is.

    Raises:
        ConfigError: The file is there and not in its form.
    """

    def __init__(self, root: Path, target: str) -> None:
        self._path = root / LOCK_FILE
        self._target = target
        self._ids = _read(self._path)

    def get(self, model: str, advertiser_id: str, name: str) -> str | None:
        """Return the id of the audience of a name that a view fills at an advertiser."""
        return self._ids.get((self._target, model, advertiser_id, name))

    def named(self) -> list[tuple[str, str, str, str]]:
        """Return what views of the chosen target fill: view, advertiser, name and id of each audience."""
        return [(*key[1:], found) for key, found in sorted(self._ids.items()) if key[0] == self._target]

    def other_target(self, advertiser_id: str, audience_id: str) -> str | None:
        """Return another target whose views fill an audience, or None."""
        for (target, _, owner, _), found in self._ids.items():
            if target != self._target and (owner, found) == (advertiser_id, audience_id):
                return target
        return None

    def put(self, model: str, advertiser_id: str, name: str, audience_id: str) -> str | None:
        """Keep which audience a view fills, and by which name it is filled no more.

        The file is written at once, in whole or not at all.

        Returns:
            What to tell a person when it cannot be written, or None.
        """
        key = (self._target, model, advertiser_id, name)
        if self._ids.get(key) == audience_id:
            return None
        try:
            self._put(key, audience_id)
        except (OSError, ConfigError) as error:
            why = error.strerror or error if isinstance(error, OSError) else "it is not in its form any more"
            return (
                f"{LOCK_FILE} cannot be written ({why}): this ledger knows that {model} fills "
                f"audience {audience_id} of advertiser {advertiser_id}, and nobody else does until the file says so."
            )
        return None

    def _put(self, key: Key, audience_id: str) -> None:
        # A push of another target may have written it since it was read.
        mine = (key[0], key[2], audience_id)
        others = {at: found for at, found in _read(self._path).items() if (at[0], at[2], found) != mine}
        self._ids = others | {key: audience_id}
        lines = [_HEAD, "version: 1\n", "targets:\n"]
        before: tuple[str, ...] = ()
        for place, found in sorted(self._ids.items()):
            for depth, part in enumerate(place[:3], 1):
                if before[:depth] != place[:depth]:
                    lines.append(f"{'  ' * depth}{_quoted(part)}:\n")
                    before = place[:depth]
            before = place
            lines.append(f"        {_quoted(place[3])}: {_quoted(found)}\n")
        temporary = self._path.with_suffix(".tmp")
        temporary.write_text("".join(lines), encoding="utf-8")
        temporary.replace(self._path)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _read(path: Path) -> dict[Key, str]:
    if not path.is_file():
        return {}
    document = load_yaml(path, path.name)
    is_ours = isinstance(document.value, dict) and set(document.value) == {"version", "targets"}
    if not is_ours or document.value["version"] != 1:
        raise ConfigError(_wrong(document, ()))
    return {
        (target, view, advertiser, name): audience_id
        for target, views in _mapping(document, document.value.get("targets"), ("targets",))
        for view, advertisers in _mapping(document, views, ("targets", target))
        for advertiser, names in _mapping(document, advertisers, ("targets", target, view))
        for name, audience_id in _mapping(document, names, ("targets", target, view, advertiser))
        if _checked(document, audience_id, ("targets", target, view, advertiser, name))
    }


def _mapping(document: Document, value: Any, path: tuple[str, ...]) -> Iterable[tuple[str, Any]]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise ConfigError(_wrong(document, path))
    return value.items()


def _checked(document: Document, audience_id: Any, path: tuple[str, ...]) -> bool:
    if not isinstance(audience_id, str) or not _DIGITS(audience_id):
        raise ConfigError(_wrong(document, path))
    return True


def _wrong(document: Document, path: tuple[str, ...]) -> Problem:
    fix = (
        "Restore the file from git. Below `targets:` stand target, view, advertiser and name of the audience, and then "
        "the audience's id; all of them in quotes."
    )
    return document.problem("audience-lock", f"{LOCK_FILE} is not in its form.", path, fix)
