"""The search for planted identities and tokens finds each of them in each coding, wherever it must not be."""

from __future__ import annotations

import base64
import hashlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.canaries import EMAIL, NAMED, PHONE, TOKEN, found_in, leaks_below

ROOT = Path(__file__).parents[2]
CODINGS: Mapping[str, Callable[[str], bytes]] = {
    "raw": str.encode,
    "lower": lambda value: value.lower().encode(),
    "upper": lambda value: value.upper().encode(),
    "url": lambda value: quote(value, safe="").encode(),
    "url, all of it": lambda value: "".join(f"%{byte:02X}" for byte in value.encode()).encode(),
    "hex": lambda value: value.encode().hex().encode(),
    "hex in upper case": lambda value: value.encode().hex().upper().encode(),
    "hex of lower": lambda value: value.lower().encode().hex().encode(),
    "base64": lambda value: base64.b64encode(value.encode()),
    "base64 of lower": lambda value: base64.b64encode(value.lower().encode()),
    "base64 in a text, one on": lambda value: base64.b64encode(f"x{value}y".encode()),
    "base64 in a text, two on": lambda value: base64.b64encode(f"xy{value}z".encode()),
    "base64 for a url": lambda value: base64.urlsafe_b64encode(f"xy{value}".encode()),
    "digest": lambda value: hashlib.sha256(value.encode()).hexdigest().encode(),
    "digest in upper case": lambda value: hashlib.sha256(value.encode()).hexdigest().upper().encode(),
    "digest of lower": lambda value: hashlib.sha256(value.lower().encode()).hexdigest().encode(),
    "digest of upper": lambda value: hashlib.sha256(value.upper().encode()).hexdigest().encode(),
    "digest as bytes": lambda value: hashlib.sha256(value.encode()).digest(),
    "digest in base64": lambda value: base64.b64encode(hashlib.sha256(value.encode()).digest()),
    "digest of bytes in a text": lambda value: base64.b64encode(b"x" + hashlib.sha256(value.encode()).digest()),
}


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("coding", CODINGS)
def test_each_coding_of_each_canary_is_found(name: str, coding: str) -> None:
    """In the middle of other bytes, and nothing is found where none of them is."""
    around = os.urandom(64).hex().encode(), b"\0\xff{}'\n"
    coded = CODINGS[coding](NAMED[name])
    said = found_in(around[1].join((around[0], coded, around[0])))
    assert {one.partition(" (")[0] for one in said} == {name}
    assert found_in(around[1].join(around)) == []
    assert found_in(coded, digests=True) == ([] if coding.startswith("digest") else said)


def test_a_number_without_the_sign_of_its_country_is_found() -> None:
    """Many systems write it so."""
    assert found_in(f"call {PHONE[1:]} now".encode()) == ["phone (raw)"]


def parquet(path: Path, *values: str | bytes, compression: Literal["gzip", "zstd"] = "zstd") -> None:
    """Write a Parquet file whose own bytes do not show its values."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Among enough others, so that no statistics of the column name them.
    column = [*(f"a{number}" for number in range(500)), *values, *(f"z{number}" for number in range(500))]
    as_bytes = [value.encode() if isinstance(value, str) else value for value in column]
    pq.write_table(pa.table({"a": as_bytes}), path, compression=compression)


def sqlite(path: Path, table: str, value: str | bytes, *, delete: bool = False) -> None:
    """Write a SQLite file with one value, or with a page that still holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("pragma secure_delete = off")
        connection.execute(f"create table {table} (a)")
        connection.execute(f"insert into {table} values (?)", (value,))
    if delete:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("pragma secure_delete = off")
            connection.execute(f"delete from {table}")


DIGEST = hashlib.sha256(EMAIL.lower().encode())


@pytest.mark.leaks
def test_every_kind_of_file_is_searched(tmp_path: Path) -> None:
    """Compressed columns, values and free pages of a database, artifacts, pages and logs."""
    state = tmp_path / ".pusher/dev"
    parquet(state / "keys/a.parquet", EMAIL)
    parquet(state / "quarantine/b.parquet", DIGEST.hexdigest())
    parquet(state / "quarantine/c.parquet", DIGEST.digest(), compression="gzip")
    parquet(state / "outbox/d.parquet", PHONE)
    sqlite(state / "ledger.sqlite", "batch", DIGEST.digest())
    sqlite(state / "sandbox.sqlite", "event", TOKEN, delete=True)
    for name, text in {
        "target/manifest.json": EMAIL.upper(),
        "target/compiled/m.sql": PHONE,
        "target/seeds/s.csv": EMAIL,
        "page.html": quote(EMAIL),
        "run.log": base64.b64encode(TOKEN.encode()).decode(),
        "audiences.lock.yml.tmp": DIGEST.hexdigest(),
        "deep/er/anything": TOKEN,
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert leaks_below(tmp_path) == [
        ".pusher/dev/keys/a.parquet: e-mail (raw)",
        ".pusher/dev/ledger.sqlite: e-mail (digest)",
        ".pusher/dev/outbox/d.parquet: phone (raw)",
        ".pusher/dev/quarantine/b.parquet: e-mail (digest)",
        ".pusher/dev/quarantine/c.parquet: e-mail (digest)",
        ".pusher/dev/sandbox.sqlite: token (raw)",
        "audiences.lock.yml.tmp: e-mail (digest)",
        "deep/er/anything: token (raw)",
        "page.html: e-mail (url)",
        "run.log: token (base64)",
        "target/compiled/m.sql: phone (raw)",
        "target/manifest.json: e-mail (raw)",
        "target/seeds/s.csv: e-mail (raw)",
    ]


def test_digests_and_sources_may_be_where_they_belong(tmp_path: Path) -> None:
    """The outbox and members of audiences hold digests, suppressed people are digests, sources hold what they hold."""
    state = tmp_path / ".pusher/dev"
    parquet(state / "outbox/a.parquet", DIGEST.hexdigest())
    parquet(state / "members/b.parquet", DIGEST.digest())
    sqlite(state / "ledger.sqlite", "suppressed", DIGEST.hexdigest())
    parquet(tmp_path / "data/customers.parquet", EMAIL)
    for name in ("orders.csv", "profiles.yml", "models/m.sql", "shop.duckdb", "shop.duckdb.wal", "README.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"{EMAIL} {TOKEN}")
    assert leaks_below(tmp_path) == []


LEAKING = f"""
import subprocess, sys
from pathlib import Path
from typing import Literal

import pytest

@pytest.fixture
def log(tmp_path):
    yield tmp_path / "later.log"
    (tmp_path / "later.log").write_text("{PHONE}")

def test_a_file_that_its_fixture_writes_at_the_end(log):
    assert not log.exists()

def test_a_clean_test(tmp_path):
    (tmp_path / "file.log").write_text("nothing")
    subprocess.run([sys.executable, "-c", "print('nothing')"], check=True, capture_output=True)

def test_a_file(tmp_path):
    (tmp_path / ".pusher").mkdir()
    (tmp_path / ".pusher/file").write_text("{EMAIL.lower()}")

def test_a_process_that_is_run(tmp_path):
    subprocess.run([sys.executable, "-c", "print('{PHONE}')"], check=True, capture_output=True)

def test_a_process_that_complains(tmp_path):
    command = [sys.executable, "-c", "import sys; sys.stderr.write('{TOKEN}')"]
    subprocess.Popen(command, stderr=subprocess.PIPE).communicate()

def test_its_own_output(tmp_path):
    print("{EMAIL}")
"""


@pytest.mark.leaks
def test_a_test_that_leaks_fails(tmp_path: Path) -> None:
    """What every suite of this repository has around its tests, and its settings, catch files, processes and streams.

    The folder of a test that passes is removed, by one of these settings: the search has to come before that.
    """
    (tmp_path / "test_leaking.py").write_text(LEAKING)
    command = [
        sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:cacheprovider", "-rA",
        "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path), "--basetemp", str(tmp_path / "base"),
        "test_leaking.py",
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    ended = {line.partition(" - ")[0] for line in ran.stdout.splitlines() if line.startswith(("ERROR ", "FAILED "))}
    assert {one.rpartition("::")[2] for one in ended} == {
        "test_a_file", "test_a_file_that_its_fixture_writes_at_the_end", "test_a_process_that_is_run",
        "test_a_process_that_complains", "test_its_own_output",
    }  # fmt: skip
    assert "PASSED test_leaking.py::test_a_clean_test" in ran.stdout
