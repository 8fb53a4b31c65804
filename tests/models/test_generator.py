"""The generator, and the models on all of its data."""

from __future__ import annotations

import csv
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


@pytest.mark.parametrize("profile", ["audience_2026", "audience_2025_dots"])
def test_audiences_of_the_generated_shop(data: Path, profile: str) -> None:
    """Both are larger than TikTok's minimum, hold digests only, and the full one knows whatever the best one does."""
    connection = build(Renderer(data=data, audience_profile=profile))
    best, full = (rows(connection, f"select * from tiktok_audience_{name}_profile") for name in ("best", "full"))
    assert [len(best) > 1_000, len(full) >= len(best), best[0].keys(), full[0].keys()] == [
        True,
        True,
        {"email", "phone"},
        {"email", "phone", "idfa", "aaid"},
    ]
    held = {name: {digest for row in full for digest in row[name] or []} for name in full[0]}
    assert [name for name, digests in held.items() if not digests] == []
    assert [
        digest for digests in held.values() for digest in digests if not re.fullmatch(r"[0-9a-f]{64}", digest)
    ] == []
    assert all({row[name] for row in best} - {None} <= held[name] for name in best[0])
    assert [row for row in full if [] in row.values() or not any(row.values())] == []


def test_nobody_is_in_an_audience_who_did_not_agree(data: Path) -> None:
    """Whatever a form wrote instead of yes, true or 1 is no consent."""
    connection = build(Renderer(data=data))
    consents = "select distinct lower(trim(marketing_consent)) as consent from customers where customer_id {} in ({})"
    connection.execute(f"create view customers as select * from read_csv('{data}/customers.csv', all_varchar = true)")
    members = "select customer_id from int_customers__profiled"
    assert {row["consent"] for row in rows(connection, consents.format("", members))} == {"yes", "true", "1"}
    without = {row["consent"] for row in rows(connection, consents.format("not", members))}
    assert {None, "no", "false", "0"} <= without - {"yes", "true", "1"}


def test_advertising_ids_are_of_no_phone(data: Path) -> None:
    """They are of the version for experiments, or the zeros of an owner who allows none."""
    with (data / "customers.csv").open(encoding="utf-8", newline="") as file:
        ids = [value.strip().lower() for row in csv.DictReader(file) for value in (row["idfa"], row["aaid"]) if value]
    made = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
    assert [value for value in ids if not made.fullmatch(value) and value.strip("0-")] == []
    assert len(ids) > 500
