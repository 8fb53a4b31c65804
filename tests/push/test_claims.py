"""What of a queue is taken, and what is made ready meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pusher.destinations.tiktok import destination
from pusher.ledger.rows import Part, Ranges
from pusher.push.brakes import Brakes
from pusher.push.claims import Claims
from pusher.push.encode import encoder_id
from pusher.push.encoders import Encoders
from pusher.push.queue import Queue
from pusher.push.work import PartWork
from pusher.transport import Pacer
from tests.push.support import EVENT_SET, NOW, VIEW, QuickClock
from tests.torture.world import Inline


class Recording(Inline):
    """Writes down which rows are encoded ahead."""

    def __init__(self) -> None:
        super().__init__(1, "encode")
        self.asked: list[Ranges] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Write down the rows, and encode them."""
        self.asked += args
        return super().submit(fn, *args, **kwargs)


def test_first_request_of_the_next_part_is_encoded_while_the_last_of_this_one_is_sent(tmp_path: Path) -> None:
    """Otherwise everything would wait for it."""
    clock, payload, encoding = QuickClock(), destination.payloads["offline_events"], Recording()
    pacer, queue = Pacer(1_000, clock), Queue()
    works = []
    for number, rows in enumerate((3, 5)):
        name = f"{number}.parquet"
        table = {"_reason": pa.nulls(rows, pa.int16()), "event_id": [f"order-{row}" for row in range(rows)]}
        pq.write_table(pa.table(table), tmp_path / name)
        part = Part(number, "run", VIEW, payload.name, EVENT_SET, "", rows, name, NOW)
        works.append(PartWork(part, payload, free=((0, rows),), encoder=encoder_id(payload)))
        queue.add(works[-1], ())
    claims = Claims(
        queue=queue,
        encoders=Encoders(root=tmp_path, destination=destination, encoding=encoding, reading=Inline(1, "file")),
        brakes=Brakes(clock=clock, pacer=pacer, max_dead_share=1.0, seed=1),
        pacer=pacer,
        clock=clock,
        proven={works[0].source},
        concurrency=1,
    )

    taken = claims.take(in_flight=0, unsaved=0)

    assert [(one.work.part.id, one.batch.ranges) for one in taken] == [(0, ((0, 3),))]
    assert encoding.asked == [((0, 5),)]
