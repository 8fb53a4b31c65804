"""The cast macros: what cannot be read exactly becomes NULL, and nothing stops a query."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.models.render import Renderer, evaluate

MACROS = Renderer()
UTC_TIMESTAMP = MACROS.text("{{ utc_timestamp('text') }}")
ZONELESS_TIMESTAMP = MACROS.text("{{ utc_timestamp('text', zoneless_is_utc=true) }}")


def test_times_with_a_zone() -> None:
    """Zones and offsets lead to the same moment in UTC, to the second below."""
    moments = {
        "2026-11-20T14:03:22Z": datetime(2026, 11, 20, 14, 3, 22),  # noqa: DTZ001 -- naive UTC is what models hold
        "2026-11-20T14:03:22+01:00": datetime(2026, 11, 20, 13, 3, 22),  # noqa: DTZ001
        " 2026-11-20 14:03:22+01 ": datetime(2026, 11, 20, 13, 3, 22),  # noqa: DTZ001
        "2026-11-20T14:03:22.999-0530": datetime(2026, 11, 20, 19, 33, 22),  # noqa: DTZ001
        "2026-03-01T00:30:00+14:00": datetime(2026, 2, 28, 10, 30),  # noqa: DTZ001
        "2028-02-29T00:00:00-00:00": datetime(2028, 2, 29),  # noqa: DTZ001
    }
    assert evaluate(UTC_TIMESTAMP, text=list(moments)) == list(moments.values())


def test_times_without_a_zone_need_the_declaration() -> None:
    """Text without a zone is read as UTC only where that is declared."""
    text = ["2026-11-20 14:03:22"]
    assert evaluate(UTC_TIMESTAMP, text=text) == [None]
    assert evaluate(ZONELESS_TIMESTAMP, text=text) == [datetime(2026, 11, 20, 14, 3, 22)]  # noqa: DTZ001


def test_times_that_do_not_exist() -> None:
    """A day, hour or form that does not exist is NULL instead of an error."""
    texts = [
        "2026-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-11-20T24:00:00Z",
        "2026-11-20T23:59:60Z",
        "2026-11-20T14:03:22+15:00",
        "2026-11-20",
        "infinity",
        "1763647402",
        "03/04/2026 10:00:00",
        "",
        None,
    ]
    assert evaluate(ZONELESS_TIMESTAMP, text=texts) == [None] * len(texts)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31), timezones=st.timezones()), min_size=1))  # noqa: DTZ001
def test_any_time_of_the_century(moments: list[datetime]) -> None:
    """A moment written with its offset is read back as the same moment in UTC."""
    whole = [moment.replace(microsecond=0) for moment in moments if (moment.utcoffset() or 0) is not None]
    whole = [moment for moment in whole if f"{moment:%z}"[5:] == ""]
    expected = [moment.astimezone(UTC).replace(tzinfo=None) for moment in whole]
    if whole:
        assert evaluate(UTC_TIMESTAMP, text=[moment.isoformat() for moment in whole]) == expected


@settings(deadline=None, max_examples=50)
@given(st.lists(st.text("0123456789-+:TZ .", max_size=26), min_size=1))
def test_no_text_stops_a_query(texts: list[str]) -> None:
    """Any text is a time or NULL."""
    assert len(evaluate(ZONELESS_TIMESTAMP, text=texts)) == len(texts)


def test_a_local_time_becomes_utc() -> None:
    """A day starts at its local midnight; of the hour that comes twice the later one is taken."""
    local = MACROS.text("{{ utc_from_local('text', 'Europe/Berlin') }}")
    moments = {
        "2026-01-15 12:00:00": datetime(2026, 1, 15, 11),  # noqa: DTZ001
        "2026-07-15 12:00:00": datetime(2026, 7, 15, 10),  # noqa: DTZ001
        "2026-07-15": datetime(2026, 7, 14, 22),  # noqa: DTZ001
        "2026-10-25 02:30:00": datetime(2026, 10, 25, 1, 30),  # noqa: DTZ001
        "2026-03-29 02:30:00": datetime(2026, 3, 29, 1, 30),  # noqa: DTZ001
    }
    assert evaluate(local, text=list(moments)) == list(moments.values())


def test_amounts_are_exact_or_nothing() -> None:
    """Amounts that would need rounding, or that read differently elsewhere, are NULL."""
    amounts = {
        " 12.50 ": Decimal("12.50"),
        "-3": Decimal("-3.00"),
        "12.500": Decimal("12.50"),
        "999999999.99": Decimal("999999999.99"),
        "12,50": None,
        "1,234.50": None,
        "12.345": None,
        "1e3": None,
        "nan": None,
        "abc": None,
        "": None,
    }
    found = evaluate(MACROS.text("{{ exact_decimal('text') }}"), text=list(amounts))
    assert found == list(amounts.values())


def test_counts_are_whole_or_nothing() -> None:
    """A count with a fraction is NULL."""
    counts = {"2": 2, " -1 ": -1, "3.0": 3, "1.5": None, "two": None, "12345678": None, "": None}
    assert evaluate(MACROS.text("{{ whole_number('text') }}"), text=list(counts)) == list(counts.values())
