"""The macros that shape events."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime

import duckdb
import pytest

from tests.models.render import CompilerError, Renderer, evaluate

MACROS = Renderer()


def digest(text: str) -> str:
    """Return the id of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def test_event_id_comes_from_the_business_key() -> None:
    """An id is the digest of a version, the event and its key, each part with its length; a NULL leaves none."""
    found = evaluate(
        MACROS.text("{{ event_id('Purchase', 'first', 'second') }}"),
        first=["ab", "a", "ü", None],
        second=["c", "bc", "", "c"],
    )
    assert found == [
        digest("v18:Purchase2:ab1:c"),
        digest("v18:Purchase1:a2:bc"),
        digest("v18:Purchase1:ü0:"),
        None,
    ]


@pytest.mark.parametrize(("old", "new"), [("CompletePayment", "Purchase"), ("SubmitForm", "Lead")])
def test_event_id_survives_the_renaming_of_an_event(old: str, new: str) -> None:
    """The old and the new name of an event give one id, since TikTok counts them as one."""
    assert MACROS.text(f"{{{{ event_id('{old}', 'order_id') }}}}") == MACROS.text(
        f"{{{{ event_id('{new}', 'order_id') }}}}"
    )


def test_contents_follow_the_receipt() -> None:
    """Items come in the order of their lines, without the line number and without those of quantity 0."""
    contents = MACROS.text("{{ contents('line_no', 'sku', \"'n' || sku\", \"'c'\", 'null', 'price', 'quantity') }}")
    with duckdb.connect() as connection:
        found = connection.execute(
            f"""
            select order_id, {contents}
            from (values
                ('a', 10, 'z', 1.50, 1), ('a', 2, 'y', 2.25, 3), ('a', 3, 'x', 9.99, 0), ('b', 1, 'w', 1.00, 0),
                ('c', 1, 'v', 1.00, null)
            ) as lines (order_id, line_no, sku, price, quantity)
            group by order_id
            order by order_id
            """
        ).fetchall()
    item = {"content_category": "c", "brand": None}
    assert [
        (order, items and [{key: value for key, value in item.items() if key != "price"} for item in items])
        for order, items in found
    ] == [
        (
            "a",
            [
                {"content_id": "y", "content_name": "ny", "quantity": 3} | item,
                {"content_id": "z", "content_name": "nz", "quantity": 1} | item,
            ],
        ),
        ("b", None),
        ("c", [{"content_id": "v", "content_name": "nv", "quantity": None} | item]),
    ]


@pytest.mark.parametrize(
    "given",
    [
        "2026-11-20T14:03:22Z",
        "2026-11-20 14:03:22",
        "2026-11-20T14:03:22+00:00",
        datetime(2026, 11, 20, 14, 3, 22, tzinfo=UTC),
        datetime(2026, 11, 20, 14, 3, 22),  # noqa: DTZ001 -- what YAML makes of an unquoted time
    ],
)
def test_as_of_takes_text_and_datetimes(given: str | datetime) -> None:
    """A run's time may come as text or as a value of YAML."""
    assert Renderer(as_of=given).text("{{ as_of() }}") == "cast('2026-11-20 14:03:22' as timestamp)"


def test_as_of_with_another_offset_than_utc_stops_the_build() -> None:
    """A cast would drop the offset, and every window would begin at another hour."""
    with pytest.raises(CompilerError, match="as_of is a moment in UTC, and not 2026-11-20 10:00:00"):
        Renderer(as_of="2026-11-20T10:00:00+02:00").text("{{ as_of() }}")


def test_as_of_is_a_day_or_the_start_of_the_run() -> None:
    """A date is its midnight; without a variable the run's start counts."""
    assert Renderer(as_of=date(2026, 11, 20)).text("{{ as_of() }}") == "cast('2026-11-20' as timestamp)"
    assert MACROS.text("{{ as_of() }}") == "cast('2026-11-23 06:10:00' as timestamp)"


def test_lookback_keeps_the_edge_and_what_has_no_time() -> None:
    """A time exactly as old as allowed stays, and so does a missing one."""
    inside = Renderer(as_of="2026-11-20T00:00:00Z").text("{{ lookback('cast(text as timestamp)', 28) }}")
    texts = ["2026-10-23 00:00:00", "2026-10-22 23:59:59", "2026-11-21 00:00:00", None]
    assert evaluate(inside, text=texts) == [True, False, True, True]


def test_lookback_reads_the_variable() -> None:
    """Without days of its own the predicate takes the project's, and without those 28."""
    without = Renderer()
    del without.vars["lookback_days"]
    assert "- 35 * interval '1' day" in MACROS.text("{{ lookback('t') }}")
    assert "- 28 * interval '1' day" in without.text("{{ lookback('t') }}")


def test_limited_data_use_is_a_matter_of_the_row() -> None:
    """A row of a listed state is limited, whatever the case or the blanks of its state; an unknown state is not."""
    renderer = Renderer(limited_data_use_states=["CA", "va"])
    limited = renderer.text("{{ limited_data_use('text') }}")

    assert evaluate(limited, text=["CA", " va ", "Ca", "NY", "", None]) == [True, True, True, False, False, False]
    assert MACROS.text("{{ limited_data_use('text') }}").strip() == "false"
    assert evaluate(MACROS.text("{{ limited_data_use('text', ['tx']) }}"), text=["TX", "CA"]) == [True, False]


def test_states_that_are_no_list_are_refused() -> None:
    """Of a text the letters would be states, and no row would be limited."""
    with pytest.raises(CompilerError, match=r"^limited_data_use_states must be a list, such as \[CA, CO\], not CA$"):
        Renderer(limited_data_use_states="CA").text("{{ limited_data_use('text') }}")


def test_an_unknown_refund_policy_is_refused() -> None:
    """A misspelt policy is an error and not the default."""
    with pytest.raises(CompilerError, match=r"^refund_policy must be drop, net or report, not nett$"):
        Renderer(refund_policy="nett").text("{{ refund_policy() }}")
