"""From frozen rows to request bodies: no body is too large, rows keep their order, few parts are in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pusher.destinations.tiktok import destination
from pusher.ledger.rows import Ranges
from pusher.push.encode import PartEncoder
from pusher.push.encoders import MOST_ENCODERS, Encoders

ENVELOPE = (b'{"data":', b"}")


def part(path: Path, texts: list[str], refused: tuple[int, ...] = ()) -> Path:
    """Write a part whose rows hold one text each; refused rows have a reason."""
    reasons = pa.array([0 if place in refused else None for place in range(len(texts))], pa.int16())
    pq.write_table(pa.table({"_reason": reasons, "event_id": texts}), path)
    return path


def ids(content: bytes) -> list[str]:
    """Return the ids in a body."""
    return [row["event_id"] for row in json.loads(content)["data"]]


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """One thread that encodes ahead."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


def test_bodies_stay_below_the_limit_and_hold_every_row_once(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    """Rows of very different sizes; one that alone is larger than the limit goes alone."""
    texts = [f"{number:04}" + "x" * (number % 7 * 40) for number in range(300)]
    texts[150] += "y" * 5_000
    encoder = PartEncoder(part(tmp_path / "a.parquet", texts), ENVELOPE, pool)
    free: Ranges = ((0, 300),)
    bodies = []
    while free:
        _, free, body = encoder.cut(free, max_rows=100, max_bytes=4_000)
        bodies.append(body.content)
    assert [name for content in bodies for name in ids(content)] == texts
    assert [len(ids(content)) for content in bodies if len(content) > 4_000] == [1]
    assert max(len(ids(content)) for content in bodies) <= 100


def test_a_body_that_was_encoded_ahead_is_the_same(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    """With and without the second thread, and when the rows are cut elsewhere meanwhile."""
    path = part(tmp_path / "a.parquet", [str(number) for number in range(50)], refused=(3, 4))
    ahead, plain = PartEncoder(path, ENVELOPE, pool), PartEncoder(path, ENVELOPE)
    cuts = []
    for encoder in (ahead, plain):
        free: Ranges = ((0, 48),)
        bodies = []
        for rows in (10, 10, 7, 30):
            _, free, body = encoder.cut(free, max_rows=rows, max_bytes=1_000_000)
            bodies.append(body)
        cuts.append(bodies)
    assert cuts[0] == cuts[1]
    assert [len(ids(body.content)) for body in cuts[0]] == [10, 10, 7, 21]


def test_first_requests_of_the_next_part_are_encoded_before_they_are_due(tmp_path: Path) -> None:
    """Once its rows are read, and each of them once."""
    asked: list[Ranges] = []

    class Recording(ThreadPoolExecutor):
        def submit(self, call: Any, /, *arguments: Any, **named: Any) -> Any:
            asked.extend(arguments)
            return super().submit(call, *arguments, **named)

    with Recording(1) as pool, ThreadPoolExecutor(1) as reading:
        encoders = Encoders(root=tmp_path, destination=destination, encoding=pool, reading=reading)
        work = _work(tmp_path, 0, texts=[f"order-{number}" for number in range(25)])
        encoders.expect(work)
        encoders.encode(_attempt(work))
        encoders.expect(work, 10)
        encoders.expect(work, 10)
        taken, body = encoders.cut(work, 10)
    assert asked == [((0, 10),), ((10, 10),), ((20, 5),)]
    assert taken == ((0, 10),)
    assert ids(body.content) == [f"order-{number}" for number in range(10)]


def test_only_the_newest_parts_are_in_memory(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    """An older one is read again, and gives the same bytes."""
    with ThreadPoolExecutor(1) as reading:
        encoders = Encoders(root=tmp_path, destination=destination, encoding=pool, reading=reading)
        works = [_work(tmp_path, number) for number in range(MOST_ENCODERS + 2)]
        first = encoders.encode(_attempt(works[0]))
        for work in works:
            encoders.expect(work)
        assert list(encoders._open) == [work.part.id for work in works[-MOST_ENCODERS:]]
        assert encoders.encode(_attempt(works[0])) == first
        encoders.close(works[0])
        encoders.close(works[0])
        assert works[0].part.id not in encoders._open


def _work(folder: Path, number: int, texts: list[str] | None = None) -> Any:
    texts = texts or [f"order-{number}"]
    path = part(folder / f"{number}.parquet", texts)
    payload = destination.payloads["offline_events"]
    frozen = SimpleNamespace(id=number, path=path.name, space="", source_id="7654321098765432109")
    return SimpleNamespace(part=frozen, payload=payload, free=((0, len(texts)),))


def _attempt(work: Any) -> Any:
    return SimpleNamespace(work=work, batch=SimpleNamespace(ranges=((0, 1),)))
