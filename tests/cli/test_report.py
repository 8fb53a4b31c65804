"""What `pusher report` prints and writes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.push.support import NOW, Order, Server, Shop, orders, serving

CLOCK = ("--clock", NOW.isoformat())


def run(shop: Shop, *words: str) -> tuple[int, str, str]:
    """Run the command on a shop."""
    process = shop.command("report", *words, *CLOCK)
    out, err = process.communicate(timeout=60)
    return process.returncode, out.decode(), err.decode()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A sandbox on a port."""
    with serving(tmp_path / "sandbox.sqlite") as found:
        yield found


@pytest.fixture
def shop(server: Server, tmp_path: Path) -> Shop:
    """A shop that sent two rows of three, one of them with a wild id."""
    shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000)
    shop.sell([*orders(2), Order("<script>", amount="1234.50", digest="none")])
    shop.build()
    shop.push()
    return shop


def test_the_bridge_is_printed_as_tables(shop: Shop) -> None:
    """Each currency has its sum; `--by` adds a table of the groups."""
    code, out, err = run(shop, "--by", "day")

    assert (code, err) == (0, "")
    assert out.startswith(
        "USD\n"
        "  accepted by TikTok   2     20.00\n"
        "  breaks the contract  1  1,234.50\n"
        "  in the warehouse     3  1,254.50\n"
        "\n"
        "By day\n"
        "day         currency  warehouse  accepted   invalid\n"
        "----------  --------  ---------  --------  --------\n"
        "2026-11-19  USD        1,254.50     20.00  1,234.50\n"
    )


def test_the_bridge_answers_in_json(shop: Shop) -> None:
    """Money is decimal text, and every field is one of the formats page."""
    code, out, _ = run(shop, "--by", "day", "--json")
    found = json.loads(out)

    assert code == 0
    assert {name: found[name] for name in ("by", "bridge", "warehouse")} == {
        "by": ["day"],
        "bridge": [
            {"day": "2026-11-19", "currency": "USD", "term": "accepted", "rows": 2, "value": "20.00"},
            {"day": "2026-11-19", "currency": "USD", "term": "invalid", "rows": 1, "value": "1234.50"},
        ],
        "warehouse": {"USD": "1254.50"},
    }
    assert found["totals"] == [{key: line[key] for key in line if key != "day"} for line in found["bridge"]]
    sold = {"currency": "USD", "events": 2, "items": None, "value": "20.00", "buyers": 2, "repeat_buyers": 0}
    assert found["groups"] == {name: [{name: None, **sold}] for name in ("store", "channel", "brand")}
    assert found["products"] == []


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.links += [value or "" for name, value in attrs if name in {"src", "href"}]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_stands_alone(shop: Shop, tmp_path: Path) -> None:
    """It is well formed, loads nothing, runs nothing, and shows what the text shows."""
    page = tmp_path / "page.html"
    code, _, _ = run(shop, "--by", "day", "--html", str(page))
    text = page.read_text(encoding="utf-8")
    parser = _Page()
    parser.feed(text)

    assert code == 0
    assert (parser.open, parser.links, "script" in parser.seen) == ([], [], False)
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text))
    assert "USD: 1,254.50 in the warehouse, 20.00 sent" in words
    assert "breaks the contract 1 1,234.50" in words
    assert "2026-11-19 USD 1,254.50 20.00 1,234.50" in words


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--by", "stor"), "error: A report has no dimension `stor`.\n  Did you mean `store`?\n"),
        (("--html", "/nowhere/page.html"), "error: /nowhere/page.html: The page cannot be written: No such file"),
    ],
)
def test_what_cannot_be_reported_is_told(shop: Shop, words: tuple[str, ...], told: str) -> None:
    """A slip of the finger ends with 2."""
    code, _, err = run(shop, *words)

    assert (code, err.startswith(told)) == (2, True)
