"""The generator, and the models on all of its data."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.models.render import ROOT, Renderer, build, rows

PRIVATE_TEXT = re.compile(r"@|(?<![0-9a-f])\+?[0-9]{9,}(?![0-9a-f])")
RESERVED = re.compile(r"@[a-z.]*(example\.(com|org|net)|\.test|\.invalid)\b|@exämple\.test", re.IGNORECASE)


def generate(folder: Path, *options: str) -> str:
    """Run the generator and return what it prints."""
    command = [sys.executable, str(ROOT / "examples" / "retail" / "generate.py"), str(folder), *options]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of generated tables."""
    folder = tmp_path_factory.mktemp("retail")
    generate(folder, "--today", "2026-11-23")
    return folder


def test_same_seed_and_day_give_the_same_bytes(data: Path, tmp_path: Path) -> None:
    """Two runs for one day differ in nothing; another seed does."""
    names = ["customers.csv", "generated.json", "transactions.csv"]
    generate(tmp_path, "--today", "2026-11-23")
    assert [(tmp_path / name).read_bytes() for name in names] == [(data / name).read_bytes() for name in names]
    generate(tmp_path, "--today", "2026-11-23", "--seed", "8")
    assert (tmp_path / "transactions.csv").read_bytes() != (data / "transactions.csv").read_bytes()


def test_addresses_are_in_reserved_domains(data: Path) -> None:
    """No address could belong to anybody."""
    text = (data / "customers.csv").read_text(encoding="utf-8").replace("\u200b", "")
    assert [line for line in text.splitlines() if line.count("@") != len(RESERVED.findall(line))] == []


@pytest.mark.parametrize("policy", ["drop", "net", "report"])
@pytest.mark.parametrize("view", ["tiktok_offline_events", "tiktok_web_events"])
def test_events_of_the_generated_shop(data: Path, view: str, policy: str) -> None:
    """Ids are unique, values are the sum of their items, digests are digests and no identity is readable."""
    connection = build(Renderer(data=data, refund_policy=policy))
    found = rows(connection, f"select * from {view}")
    assert len(found) > 0
    assert len({row["event_id"] for row in found}) == len(found)
    for row in found:
        if row["value"] is not None:
            assert row["value"] == sum(item["price"] * item["quantity"] for item in row["contents"] or [])
            assert (row["value"] < 0) == (policy == "report" and row["description"] == "refund")
        identities = [
            *(row["email"] or []),
            *(row["phone"] or []),
            *([row["external_id"]] if row.get("external_id") else []),
        ]
        assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in identities)
        assert [] not in (row["email"], row["phone"], row["contents"])
        opaque = {"email", "phone", "external_id", "event_id", "ttclid", "ttp"}
        assert [value for key, value in row.items() if key not in opaque and PRIVATE_TEXT.search(str(value))] == []


def test_an_order_is_an_event_of_one_source(data: Path) -> None:
    """A web order reaches the web view only, a store order the offline view only."""
    connection = build(Renderer(data=data))
    both = "select order_id from tiktok_web_events intersect select order_id from tiktok_offline_events"
    assert rows(connection, both) == []
    channels = (
        "select event_channel, substr(order_id, 1, 1) as series from tiktok_web_events union "
        "select event_channel, substr(order_id, 1, 1) from tiktok_offline_events order by 1"
    )
    assert rows(connection, channels) == [
        {"event_channel": "in_store", "series": "S"},
        {"event_channel": "phone_call", "series": "S"},
        {"event_channel": "website", "series": "W"},
    ]
