"""The order in which a delivery hands out what there is to send."""

from __future__ import annotations

import pytest

from pusher.contracts import BatchState
from pusher.destinations.tiktok import destination
from pusher.ledger.rows import Batch, Part
from pusher.push.queue import Queue
from pusher.push.work import PartWork, Try
from tests.push.support import EVENT_SET, NOW, VIEW

PAYLOAD = destination.payloads["offline_events"]


@pytest.fixture
def work() -> PartWork:
    """A part of a hundred rows that are all in batches."""
    part = Part(1, "run", VIEW, PAYLOAD.name, EVENT_SET, "", 100, "part.parquet", NOW)
    return PartWork(part, PAYLOAD, free=(), encoder="encoder")


def attempt(work: PartWork, number: int, rows: int) -> Try:
    """Return a batch of a part."""
    return Try(Batch(number, work.part.id, None, ((0, rows),), rows, BatchState.PLANNED), work)


def test_the_smallest_piece_of_what_was_refused_goes_first(work: PartWork) -> None:
    """So the pieces of a half come before the other half, and the halves of a later batch behind them."""
    queue = Queue()
    for number, rows in enumerate((50, 50, 25, 25, 500), 1):
        queue.isolate(attempt(work, number, rows))

    popped = [queue.pop_piece() for _ in range(6)]

    assert [one and one.batch.id for one in popped] == [3, 4, 1, 2, 5, None]


def test_pieces_wait_for_nothing_and_a_retry_for_its_time(work: PartWork) -> None:
    """A retry is not handed out before it is due, however long the queue is otherwise empty."""
    queue, retry, piece = Queue(), attempt(work, 1, 10), attempt(work, 2, 20)
    queue.schedule(retry, 60.0)
    alone = (bool(queue), queue.ready_at_s(5.0))
    queue.isolate(piece)

    assert (alone, queue.ready_at_s(5.0)) == ((True, 60.0), 5.0)
    assert (queue.pop_due(5.0), queue.pop_piece(), queue.pop_due(60.0)) == (None, piece, retry)
    assert not queue


def test_pieces_are_dropped_and_blocked_as_all_that_waits(work: PartWork) -> None:
    """A source that is refused takes its pieces out too, and a piece whose people left is forgotten."""
    queue, pieces = Queue(), [attempt(work, number, 10 * number) for number in (1, 2, 3)]
    for piece in pieces:
        queue.isolate(piece)

    queue.drop(pieces[0])

    assert queue.waiting(work) == pieces[1:]
    assert queue.block(work.source) == pieces[1:]
    assert not queue
