"""Delivers frozen files with pusher's client: once with the ledger, once with nothing around it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Semaphore
from typing import Any

from pusher.clock import SystemClock
from pusher.contracts import Endpoint, Failure
from pusher.ledger.opening import open_store
from pusher.ledger.rows import File
from pusher.ledger.state import StateFolder, file_sha256
from pusher.ledger.store import Store
from pusher.payload.model import Payload
from pusher.progress import silent
from pusher.project.facade import LoadOptions, Project
from pusher.push.deliver import Delivery
from pusher.push.encode import Body, PartEncoder
from pusher.push.policy import CANARY_ROWS
from pusher.push.work import DeliveryLimits
from pusher.transport import Pacer, Transport

RUN = "20260101T000000-000000"
FASTEST = 100_000.0


class SlowStore(Store):
    """A ledger on a slower disk, which counts its commits.

    Args:
        store: The ledger.
        commit_s: What every commit takes longer.
    """

    def __init__(self, store: Store, commit_s: float) -> None:
        super().__init__(store._connection)  # noqa: SLF001 -- another view on the same connection
        self._commit_s = commit_s
        self.commits = 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what happens inside, late."""
        with super().transaction():
            yield
            time.sleep(self._commit_s)
        self.commits += 1


def take_rows(files: Sequence[str], rows: int, folder: Path) -> list[tuple[Path, int]]:
    """Put the first due rows of some files into a folder, and return how many each has; whole files are linked."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    taken = []
    for name in files:
        if rows <= 0:
            break
        target = folder / Path(name).name
        count = pq.read_table(name, columns=["_reason"]).column(0).null_count
        if count <= rows:
            target.hardlink_to(name)
        else:
            count = rows
            pq.write_table(pq.read_table(name, filters=pc.field("_reason").is_null()).slice(0, rows), target)
        taken.append((target, count))
        rows -= count
    return taken


def _opened(project: str, view: str, url: str) -> tuple[Project, Payload, str, Endpoint]:
    opened = Project.load(LoadOptions(project_dir=Path(project)))
    chosen = opened.views([view])[0]
    assert chosen.source_id is not None
    endpoint = replace(opened.account.endpoint("events", Path(project)), base_url=url)
    return opened, chosen.payload, chosen.source_id, endpoint


def deliver(
    *,
    project: str,
    view: str,
    files: list[str],
    rows: int,
    work: str,
    url: str,
    connections: int,
    commit_ms: float = 0.0,
) -> dict[str, Any]:
    """Deliver rows as a push does, and return what it took without planning."""
    opened, payload, source_id, endpoint = _opened(project, view, url)
    clock, now = SystemClock(), datetime.now(UTC)
    state = StateFolder(Path(work) / "state")
    state.create()
    with state.locked():
        store = SlowStore(open_store(state, base_url=url, now=now), commit_ms / 1_000)
        # Only now: opening a ledger removes the files that it does not name.
        parts = take_rows(files, rows, state.outbox)
        store.start_run(run=RUN, command="push", now=now, version="0", base_url=url)
        with store.transaction():
            for path, count in parts:
                place = path.relative_to(state.root).as_posix()
                file = File(0, place, "outbox", "", view, count, path.stat().st_size, file_sha256(path))
                store.add_part(
                    run=RUN,
                    model=view,
                    payload=payload.name,
                    destination=opened.account.destination.name,
                    source_id=source_id,
                    file=file,
                    now=now,
                )
        store.commits = 0
        transport = Transport(endpoint, clock=clock)
        delivery = Delivery(
            store=store,
            state=state,
            destination=opened.account.destination,
            transport=transport,
            pacer=Pacer(FASTEST, clock),
            clock=clock,
            listener=silent,
            run=RUN,
            limits=DeliveryLimits(concurrency=connections),
            should_stop=lambda: False,
        )
        delivered = delivery.deliver(store.open_parts())
        left = len(store.open_parts())
        transport.close()
        store.close()
    shutil.rmtree(work)
    if left or delivered.stopped or delivered.halts:
        raise SystemExit(f"{left} parts are left: {delivered.stopped} {delivered.halts}")
    seconds = delivered.seconds - delivered.settle_s
    return {
        "seconds": seconds,
        "rows": sum(count for _, count in parts),
        "requests": delivered.requests,
        "commits": store.commits,
    }


def _bodies(parts: Sequence[Path], payload: Payload, envelope: tuple[bytes, bytes]) -> Iterator[Body]:
    """Yield the requests that a delivery makes: ten rows, then as many as a request holds."""
    limits = payload.limits
    most = CANARY_ROWS
    with ThreadPoolExecutor(1) as encoding:
        for path in parts:
            encoder = PartEncoder(path, envelope, encoding)
            free: tuple[tuple[int, int], ...] = ((0, encoder.rows),)
            while free:
                _, free, body = encoder.cut(free, max_rows=most, max_bytes=limits.max_bytes_per_request)
                most = limits.max_rows_per_request
                yield body


def post(
    *, project: str, view: str, files: list[str], rows: int, work: str, url: str, connections: int
) -> dict[str, Any]:
    """Send the same requests with the same client and the same encoder, and remember nothing."""
    opened, payload, source_id, endpoint = _opened(project, view, url)
    destination = opened.account.destination
    parts = take_rows(files, rows, Path(work))
    transport = Transport(endpoint, clock=SystemClock())
    free = Semaphore(connections)

    def send(body: Body, count: int) -> None:
        try:
            result = transport.post(payload.endpoint, body.content)
            verdict = destination.verdict(result, rows=count)
            if isinstance(result, Failure) or verdict.outcome != "accepted":
                raise SystemExit(f"not accepted: {result}")
        finally:
            free.release()

    sent: list[Future[None]] = []
    started = time.monotonic()
    with ThreadPoolExecutor(connections) as pool:
        for body in _bodies([path for path, _ in parts], payload, destination.envelope(payload, source_id, None)):
            free.acquire()
            sent.append(pool.submit(send, body, 1))
            if len(sent) == 1:
                sent[0].result()
        for future in sent:
            future.result()
    seconds = time.monotonic() - started
    transport.close()
    shutil.rmtree(work)
    return {"seconds": seconds, "rows": sum(count for _, count in parts), "requests": len(sent)}
