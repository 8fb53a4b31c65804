"""Runs steps in an order, several at a time, each in a session of its own of the engine.

The calling thread decides what runs and takes what came of it; the threads beside it only run SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from queue import SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Any, Protocol, Self

from pusher.clock import Clock
from pusher.contracts import Engine, EngineError
from pusher.progress import Event, Listener, Notice

# A statement that begins after an interrupt is not cut short by it, so it is repeated.
INTERRUPT_AGAIN_S = 0.1


@dataclass(frozen=True, slots=True)
class Task:
    """What a step runs in the engine.

    Attributes:
        name: What a person calls it.
        run: Does it, in the session that it is given; may tell about its progress.
        alone: Nothing may run beside it.
    """

    name: str
    run: Callable[[Engine, Listener], Any]
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of a task.

    Attributes:
        value: What it returned, or the error of the engine.
        seconds: Time it took.
    """

    value: Any
    seconds: float


class Steps(Protocol):
    """Steps, by their numbers; both methods are called by the thread that called `run_steps`."""

    def begin(self, step: int) -> Task | None:
        """Return what a step runs, or None when it has ended already; what it waits for has ended."""

    def end(self, step: int, ended: Ended) -> None:
        """Take what came of a step's task."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where steps run.

    Attributes:
        engine: The database.
        listener: Told about progress, by the thread that called `run_steps`.
        clock: Measures.
        workers: How many tasks may run at a time; with 1 no thread is started.
    """

    engine: Engine
    listener: Listener
    clock: Clock
    workers: int = 1


def run_steps(waits: Sequence[Collection[int]], steps: Steps, around: Surroundings) -> None:
    """Run each step as soon as those that it waits for have ended; of several that could, the first.

    With one worker that is the order of the steps. A task that ran out of memory beside others is run once more alone.

    Args:
        waits: For each step the steps before it that it waits for.
        steps: What they do.
        around: Where they run.
    """
    with _Workers(around) as workers:
        _Order(waits, steps, workers, around.listener).run()


@dataclass(slots=True)
class _Order:
    waits: Sequence[Collection[int]]
    steps: Steps
    workers: _Workers
    listener: Listener
    missing: list[int] = field(init=False)
    waiting: list[list[int]] = field(init=False)
    ready: list[int] = field(init=False)
    running: dict[int, Task] = field(default_factory=dict)
    crowded: set[int] = field(default_factory=set)
    alone: list[tuple[int, Task]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.missing = [len(befores) for befores in self.waits]
        self.waiting = [[] for _ in self.waits]
        for step, befores in enumerate(self.waits):
            for before in befores:
                self.waiting[before].append(step)
        self.ready = [step for step, missing in enumerate(self.missing) if missing == 0]
        heapify(self.ready)

    def run(self) -> None:
        while True:
            self._begin()
            if not self.running:
                if not self.alone:
                    return
                self._start(*self.alone.pop(0))
            self._take(*self.workers.answer())

    def _begin(self) -> None:
        """Begin what may run now; what must be alone waits until nothing runs."""
        while self.ready and len(self.running) < self.workers.count:
            step = heappop(self.ready)
            task = self.steps.begin(step)
            if task is None:
                self._release(step)
            elif task.alone and self.workers.count > 1:
                self.alone.append((step, task))
            else:
                self._start(step, task)

    def _start(self, step: int, task: Task) -> None:
        if self.running:
            self.crowded |= {step, *self.running}
        self.running[step] = task
        self.workers.start(step, task)

    def _take(self, step: int, ended: Ended) -> None:
        task = self.running.pop(step)
        error = ended.value
        if step in self.crowded and isinstance(error, EngineError) and error.kind == "out-of-memory":
            self.crowded.discard(step)
            self.listener(Notice(f"{task.name} does not fit into memory_limit beside others; trying again alone."))
            self.alone.append((step, task))
            return
        self.steps.end(step, ended)
        self._release(step)

    def _release(self, step: int) -> None:
        for after in self.waiting[step]:
            self.missing[after] -= 1
            if self.missing[after] == 0:
                heappush(self.ready, after)


class _Workers:
    """Threads, each with a session of its own, and one queue in which their answers come."""

    def __init__(self, around: Surroundings) -> None:
        self.count = around.workers
        self._around = around
        self._tasks: SimpleQueue[tuple[int, Task] | None] = SimpleQueue()
        self._answers: SimpleQueue[tuple[int, Ended] | Event | BaseException] = SimpleQueue()
        self._threads: list[Thread] = []
        self._sessions: list[Engine] = []
        self._busy = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the threads; when the caller fails or is interrupted, what they run is cut short."""
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            while thread.is_alive():
                if error is not None:
                    self._around.engine.interrupt()
                thread.join(INTERRUPT_AGAIN_S)
        for session in self._sessions:
            session.close()

    def start(self, step: int, task: Task) -> None:
        """Let a thread run a task; there are never more of them than workers, and with one worker none."""
        if self.count == 1:
            self._answers.put((step, self._run(task, self._around.engine, self._around.listener)))
            return
        if self._busy == len(self._threads):
            session = self._around.engine.beside()
            self._sessions.append(session)
            thread = Thread(target=self._work, args=(session,), name=f"worker {len(self._threads) + 1}", daemon=True)
            self._threads.append(thread)
            thread.start()
        self._busy += 1
        self._tasks.put((step, task))

    def answer(self) -> tuple[int, Ended]:
        """Wait for a task to end; an error that is not the engine's goes on."""
        while True:
            found = self._answers.get()
            match found:
                case (step, ended):
                    self._busy -= 1
                    return step, ended
                case BaseException():
                    raise found
                case event:
                    self._around.listener(event)

    def _work(self, session: Engine) -> None:
        while (found := self._tasks.get()) is not None:
            step, task = found
            try:
                self._answers.put((step, self._run(task, session, self._tell)))
            except BaseException as error:  # noqa: BLE001 -- the thread that waits for the answer raises it
                self._answers.put(error)

    def _tell(self, event: Event) -> None:
        self._answers.put(event)

    def _run(self, task: Task, session: Engine, tell: Listener) -> Ended:
        clock, value = self._around.clock, None
        started = clock.monotonic_s()
        try:
            value = task.run(session, tell)
        except EngineError as error:
            value = error
        return Ended(value, clock.monotonic_s() - started)
