"""Phone numbers normalised and hashed: by the macro in DuckDB, and by libphonenumber in Python."""

from __future__ import annotations

import hashlib
import time
from itertools import cycle, islice
from typing import Any


def _rows(count: int) -> list[tuple[str, str | None]]:
    """Return the example numbers of all countries, in all forms, again and again."""
    from tests.phones.variants import example_rows

    return [(row.text, row.country) for row in islice(cycle(example_rows()), count)]


def hash_phones(rows: int, threads: int) -> dict[str, Any]:
    """Hash with the macro; the rows are in a table before."""
    import duckdb
    import pyarrow as pa

    from tests.models.render import Renderer

    digest = Renderer().text("{{ hashed_phone('text', 'country') }}")
    texts, countries = zip(*_rows(rows), strict=True)
    with duckdb.connect(config={"threads": threads}) as connection:
        connection.register("given", pa.table({"text": texts, "country": countries}))
        connection.execute("create table phones as select * from given").fetchall()
        started, cpu_started = time.monotonic(), time.process_time()
        found = connection.execute(f"select count({digest}) from phones").fetchall()
        seconds, cpu_s = time.monotonic() - started, time.process_time() - cpu_started
    return {"seconds": seconds, "cpu s": cpu_s, "digests": found[0][0], "sql bytes": len(digest)}


def parse_phones(rows: int) -> dict[str, Any]:
    """Hash with `phonenumbers`, one number after the other."""
    from tests.models.oracle import normalize_phone

    given = _rows(rows)
    started, cpu_started = time.monotonic(), time.process_time()
    numbers = [normalize_phone(text, country) for text, country in given]
    digests = [hashlib.sha256(number.encode()).hexdigest() for number in numbers if number is not None]
    cpu_s = time.process_time() - cpu_started
    return {"seconds": time.monotonic() - started, "cpu s": cpu_s, "digests": len(digests)}
