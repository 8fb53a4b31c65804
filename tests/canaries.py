"""Identities and a token that nobody has, planted in the suites, and the search for them in all that was written.

Digests may be where digests belong: in the outbox, among the members of audiences and in the warehouse. What tests
write themselves - sources, models, profiles - holds what it holds. Nothing else may have any of it, in any coding.
"""

from __future__ import annotations

import base64
import hashlib
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

TOKEN = "Canary0Token7f3a9c51e8b24d60A1B2C3D4E5F6a7b8"  # noqa: S105 -- nobody's
EMAIL = "Canary.Two@Shop.Example"
PHONE = "+12133734253"
NAMED = {"token": TOKEN, "e-mail": EMAIL, "phone": PHONE}

# What tests put there, or what is a database of people by its nature.
_OURS = r"(?:target|\.pusher|outbox|keys|quarantine|members|archive)/"
_OF_TESTS = re.compile(
    rf"(?:^|/)\.git/|\.duckdb(?:\.wal|\.tmp/.*)?$|^(?!(?:.*/)?{_OURS}).*\.(?:csv|ya?ml|md|example|sql|parquet)$"
)
_DIGESTS_BELONG = re.compile(r"(?:^|/)(?:outbox|members)/")
_SUPPRESSED = "suppressed"


def _written(value: str) -> Iterator[bytes]:
    """Yield a value as programs write it: as it is, and folded either way."""
    yield from {value.encode(), value.lower().encode(), value.upper().encode()}


def _base64(value: bytes) -> Iterator[bytes]:
    """Yield what base64 makes of a value wherever in a text it begins, in both alphabets."""
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + value)
        # The first and last characters also hold bits of the neighbours.
        core = coded[(0, 2, 3)[before] : len(coded) // 4 * 4 - 4]
        yield from {core, core.translate(bytes.maketrans(b"+/", b"-_"))}


def _needles() -> tuple[dict[bytes, tuple[str, str]], dict[bytes, tuple[str, str]]]:
    """Return what to look for, as it is and in folded text, with what each stands for."""
    exact: dict[bytes, tuple[str, str]] = {}
    folded: dict[bytes, tuple[str, str]] = {}
    for name, value in NAMED.items():
        folded[value.lower().encode()] = name, "raw"
        # The same as the raw form where a value has nothing to quote.
        folded.setdefault(quote(value.lower(), safe="").lower().encode(), (name, "url"))
        for text in _written(value):
            folded[text.hex().encode()] = name, "hex"
            folded["".join(f"%{byte:02x}" for byte in text).encode()] = name, "url"
            exact |= dict.fromkeys(_base64(text), (name, "base64"))
            digest = hashlib.sha256(text).digest()
            folded[digest.hex().encode()] = name, "digest"
            exact |= dict.fromkeys((digest, *_base64(digest)), (name, "digest"))
    # Without the sign of its country, as many systems write it; the raw form has it in it.
    folded[PHONE[1:].encode()] = "phone", "raw"
    digest = hashlib.sha256(PHONE[1:].encode()).digest()
    folded[digest.hex().encode()] = "phone", "digest"
    exact[digest] = "phone", "digest"
    return exact, folded


_EXACT, _FOLDED = _needles()


def found_in(data: bytes, *, digests: bool = False) -> list[str]:
    """Return which canaries are in some bytes, and how they are coded.

    Args:
        data: What was written.
        digests: Digests may be there.
    """
    seen = {what for needle, what in _EXACT.items() if needle in data}
    lowered = data.lower()
    seen |= {what for needle, what in _FOLDED.items() if needle in lowered}
    return sorted(f"{name} ({coding})" for name, coding in seen if not (digests and coding == "digest"))


def _parquet(path: Path) -> Iterator[bytes]:
    """Yield the values of a Parquet file, which compresses them, and its own bytes: names and statistics."""
    import pyarrow.parquet as pq

    yield path.read_bytes()
    for column in pq.read_table(path).itercolumns():
        for chunk in column.chunks:
            yield from (buffer.to_pybytes() for buffer in chunk.buffers() if buffer is not None)


def _sqlite(path: Path, *, but: str) -> Iterator[bytes]:
    """Yield the values of a SQLite file, those of one table left out."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as connection:
        tables = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
        for table in tables:
            if table != but:
                rows = connection.execute(f'select * from "{table}"')
                values = (value for row in rows for value in row if isinstance(value, str | bytes))
                yield b"\n".join(value.encode() if isinstance(value, str) else value for value in values)


def _leaks_of(path: Path, shown: str) -> Iterator[str]:
    digests = _DIGESTS_BELONG.search(shown) is not None
    kind = path.read_bytes()[:16]
    if kind[:4] == b"PAR1":
        for data in _parquet(path):
            yield from found_in(data, digests=digests)
    elif kind == b"SQLite format 3\0":
        # Its pages may hold the digests of one table; nothing raw may be in them, free pages included.
        yield from found_in(path.read_bytes(), digests=True)
        for data in _sqlite(path, but=_SUPPRESSED):
            yield from found_in(data)
    else:
        yield from found_in(path.read_bytes(), digests=digests)


def leaks_below(folder: Path) -> list[str]:
    """Return every place below a folder that holds a canary and should not."""
    found = []
    for path in sorted(folder.rglob("*")):
        shown = path.relative_to(folder).as_posix()
        if _OF_TESTS.search(shown) or path.is_symlink() or not path.is_file():
            continue
        try:
            found += [f"{shown}: {what}" for what in dict.fromkeys(_leaks_of(path, shown))]
        except (PermissionError, sqlite3.DatabaseError, OSError, ValueError):
            # A test that damages a file or takes its rights away; its bytes are looked at all the same, if they can be.
            with_rights = path.read_bytes() if path.stat().st_mode & 0o400 else b""
            found += [f"{shown}: {what}" for what in found_in(with_rights, digests=True)]
    return found
