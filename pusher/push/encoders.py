"""The encoders of the parts under way: opened ahead of need, and only a few in memory."""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import Executor, Future
from pathlib import Path

from pusher.contracts import Destination
from pusher.ledger.rows import Ranges
from pusher.push.encode import Body, PartEncoder
from pusher.push.memory import give_back_memory
from pusher.push.work import PartWork, Try

MOST_ENCODERS = 3


class Encoders:
    """Encodes batches of any part.

    Args:
        root: The state folder.
        destination: Wraps rows.
        encoding: One thread that encodes ahead: the encoder holds Python's lock, so more would only wait.
        reading: Reads parts.
    """

    def __init__(self, *, root: Path, destination: Destination, encoding: Executor, reading: Executor) -> None:
        self._root = root
        self._destination = destination
        self._encoding = encoding
        self._reading = reading
        self._open: OrderedDict[int, Future[PartEncoder]] = OrderedDict()

    def expect(self, work: PartWork, max_rows: int | None = None) -> None:
        """Begin to read a part whose rows are needed soon, and once it is read to encode its first requests.

        Args:
            work: The part.
            max_rows: Rows of these requests; without it none is encoded.
        """
        encoder = self._future(work)
        if max_rows is not None and encoder.done() and encoder.exception() is None:
            encoder.result().encode_ahead(work.free, max_rows)

    def encode(self, attempt: Try) -> Body:
        """Return the body of a batch."""
        return self._future(attempt.work).result().encode(attempt.batch.ranges)

    def cut(self, work: PartWork, max_rows: int) -> tuple[Ranges, Body]:
        """Take as many free rows of a part as fit into one request; returns them and the body."""
        taken, work.free, body = (
            self._future(work)
            .result()
            .cut(work.free, max_rows=max_rows, max_bytes=work.payload.limits.max_bytes_per_request)
        )
        return taken, body

    def close(self, work: PartWork) -> None:
        """Let go of a part."""
        self._open.pop(work.part.id, None)

    def _future(self, work: PartWork) -> Future[PartEncoder]:
        part = work.part
        found = self._open.pop(part.id, None)
        if found is None:
            assert part.path is not None  # noqa: S101 -- open parts have a file
            code = part.space.removeprefix("test:") or None
            envelope = self._destination.envelope(work.payload, part.source_id, code)
            found = self._reading.submit(self._read, self._root / part.path, envelope)
        self._open[part.id] = found
        while len(self._open) > MOST_ENCODERS:
            self._open.popitem(last=False)
        return found

    def _read(self, path: Path, envelope: tuple[bytes, bytes]) -> PartEncoder:
        encoder = PartEncoder(path, envelope, self._encoding)
        give_back_memory()
        return encoder
