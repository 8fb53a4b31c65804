"""Which column a place in the JSON row belongs to."""

from __future__ import annotations

import pytest

from pusher.destinations.tiktok.facade import tiktok
from pusher.destinations.tiktok.facts import contract


@pytest.mark.parametrize(
    ("path", "column"),
    [
        ("properties.value", "value"),
        ("properties.contents", "contents"),
        ("properties.contents.0.price", "contents.price"),
        ("properties.contents.12.unheard_of", "contents"),
        ("user.email", "email"),
        ("user.email.0", "email"),
        ("event_time", "event_time"),
        ("EVENT_ID", "event_id"),
        ("properties.unheard_of", None),
        ("", None),
    ],
)
def test_a_place_in_the_row_has_its_column(path: str, column: str | None) -> None:
    """Numbers of list elements are passed over; an item's field is named with the list."""
    assert contract().payloads["offline_events"].column_at(path) == column


@pytest.mark.parametrize(
    ("message", "column"),
    [
        ("data.3.properties.value: Not a valid number", "value"),
        ("batch.0.event_time.", "event_time"),
        ("Invalid field at data.12.properties.contents.4.price.", "contents.price"),
        ("data.3.: nothing", None),
        ("Not a valid number", None),
        ("metadata.3.properties.value", None),
    ],
)
def test_a_refusal_names_its_column(message: str, column: str | None) -> None:
    """TikTok's words about a row lead to the column of the view."""
    assert tiktok().column_named(contract().payloads["offline_events"], message) == column
