"""What the ledger stores as rows: files, parts of the outbox, batches."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from pusher.contracts import BatchState

Ranges = tuple[tuple[int, int], ...]
RUN_ID_FORMAT = "%Y%m%dT%H%M%S"


@dataclass(frozen=True, slots=True)
class File:
    """A durable file that the ledger names.

    Attributes:
        id: Row id, 0 before it is stored.
        path: POSIX path relative to the state folder.
        kind: What it holds, as the column `kind` of the ledger names it.
        space: Key space, empty for real events.
        model: Destination view, or None.
        rows: Rows in it.
        bytes: Size.
        sha256: Digest of its bytes.
    """

    id: int
    path: str
    kind: str
    space: str
    model: str | None
    rows: int
    bytes: int
    sha256: str

    @classmethod
    def at(cls, path: Path, root: Path, *, kind: str, space: str, model: str | None, rows: int, sha256: str) -> Self:
        """Return a published file of the state folder as it is to be stored.

        Args:
            path: The file, which is there.
            root: The state folder.
            kind: As the attribute.
            space: As the attribute.
            model: As the attribute.
            rows: As the attribute.
            sha256: Digest of its bytes, as publishing gave it.
        """
        place, size = path.relative_to(root).as_posix(), path.stat().st_size
        return cls(0, place, kind, space, model, rows, size, sha256)


@dataclass(frozen=True, slots=True)
class Part:
    """A frozen part of the outbox.

    Attributes:
        id: Row id.
        run: Run that planned it.
        model: Destination view.
        payload: Payload name.
        source_id: Event source id of every row in it.
        space: Key space.
        rows: Number of rows.
        path: Path relative to the state folder, or None once settled.
        frozen_at: Start of the run that planned it.
    """

    id: int
    run: str
    model: str
    payload: str
    source_id: str
    space: str
    rows: int
    path: str | None
    frozen_at: datetime


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one part that travel in one request.

    Attributes:
        id: Row id.
        part: Part id.
        parent: Batch that it was split from.
        ranges: `(first_row, count)` pairs in physical order.
        rows: Number of rows.
        state: Where it stands.
        encoder: Encoder that made its bytes, or None before the first attempt.
        sha256: Digest of its bytes, or None before the first attempt.
        first_risk_at: Start of the first attempt that may have arrived.
        attempts: Attempts so far, over all runs.
    """

    id: int
    part: int
    parent: int | None
    ranges: Ranges
    rows: int
    state: BatchState
    encoder: str | None = None
    sha256: str | None = None
    first_risk_at: datetime | None = None
    attempts: int = 0

    @property
    def has_left_unsent(self) -> bool:
        """Whether its people were suppressed before anything of it can have arrived."""
        return self.state is BatchState.SUPPRESSED and self.first_risk_at is None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asked of a run, kept so that it can be asked again.

    Attributes:
        words: What follows the command: selection and options that do not allow more than usual.
        variables: Names of the variables that were given; values are kept nowhere.
        began_at: When the command began, or None when its run began with it.
    """

    words: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    began_at: datetime | None = None


def selection(select: Sequence[str], exclude: Sequence[str]) -> tuple[str, ...]:
    """Return a selection as words of the command line."""
    chosen = [word for name in select for word in ("--select", name)]
    return tuple(chosen + [word for name in exclude for word in ("--exclude", name)])


def new_run_id(now: datetime) -> str:
    """Return the id of a run that begins now."""
    return f"{now.strftime(RUN_ID_FORMAT)}-{secrets.token_hex(3)}"


def stamp(moment: datetime) -> str:
    """Return a moment as the ledger stores it."""
    return moment.isoformat(timespec="microseconds")


def for_space(remedy: str, space: str) -> str:
    """Return a remedy with its commands as they are about the rows of a key space."""
    if not space:
        return remedy
    code = shlex.quote(space.removeprefix("test:"))
    for command in ("pusher push", "pusher retry"):
        remedy = remedy.replace(f"`{command}`", f"`{command} --test-event-code {code}`")
    return remedy


def minute(moment: datetime) -> str:
    """Return a moment as a person reads it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def leaves(batches: Sequence[Batch]) -> list[Batch]:
    """Return the batches that were not split."""
    return [batch for batch in batches if batch.state is not BatchState.SPLIT]
