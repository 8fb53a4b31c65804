"""Wrong columns of a destination view: lint names each from the SQL alone, and a build refuses them too."""
# ruff: noqa: E501 -- messages stand here as they are printed

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bad_inputs.support import Files, answered, printed, view, write

ID_FIX = (
    "Pick or build one value of it. Stable id from the business key; TikTok removes duplicates by source id, event and "
    "this id."
)
ID_WANTED = "but must be text or a whole number."
CASES: dict[str, tuple[Files, list[tuple[str, str, str, str]]]] = {
    "text as value": (
        view("amount as value", "amount::varchar as value"),
        [
            (
                "7:5",
                "error PU203",
                "`value` is VARCHAR, but must be DECIMAL.",
                "Cast it in staging, guarded by a pattern: case when ... then cast(... as decimal(18, 2)) end.",
            )
        ],
    ),
    "an extra column": (
        view("email,", "email,\n    1 as discount,"),
        [
            (
                "7:5",
                "warning PU202",
                "`discount` is not a column of offline_events; it is not sent.",
                "Remove it from the destination view.",
            )
        ],
    ),
    "a misspelt column": (
        view("amount as value", "amount as vlaue"),
        [
            (
                "2:1",
                "warning PU201",
                "Column `value` is missing.",
                "Add `... as value`: Value of the whole order, not of one unit.",
            ),
            (
                "7:5",
                "error PU202",
                "`vlaue` is not a column of offline_events; it is not sent.",
                "Did you mean `value`?",
            ),
        ],
    ),
    "DOUBLE as id": (
        view("order_id as event_id", "order_id::double as event_id"),
        [
            (
                "4:5",
                "error PU203",
                f"`event_id` is DOUBLE, {ID_WANTED}",
                "A DOUBLE loses digits of a long id: keep it as text from the first model on.",
            )
        ],
    ),
    "LIST": (
        view("order_id as event_id", "[order_id] as event_id"),
        [("4:6", "error PU203", f"`event_id` is VARCHAR[], {ID_WANTED}", ID_FIX)],
    ),
    "STRUCT": (
        view("order_id as event_id", "{'a': order_id} as event_id"),
        [("4:11", "error PU203", f"`event_id` is STRUCT(a VARCHAR), {ID_WANTED}", ID_FIX)],
    ),
    "MAP": (
        view("order_id as event_id", "map {'a': order_id} as event_id"),
        [("4:10", "error PU203", f"`event_id` is MAP(VARCHAR, VARCHAR), {ID_WANTED}", ID_FIX)],
    ),
    "BLOB": (
        view("order_id as event_id", "order_id::blob as event_id"),
        [("4:5", "error PU203", f"`event_id` is BLOB, {ID_WANTED}", ID_FIX)],
    ),
    "INTERVAL": (
        view("amount as value", "interval 1 day as value"),
        [
            (
                "7:23",
                "error PU203",
                "`value` is INTERVAL, but must be DECIMAL.",
                "Pick or build one value of it. Value of the whole order, not of one unit.",
            )
        ],
    ),
    "DATE": (
        view("ordered_at as event_time", "ordered_at::date as event_time"),
        [
            (
                "5:5",
                "error PU203",
                "`event_time` is DATE, but must be TIMESTAMP, TIMESTAMPTZ or ISO 8601 text.",
                "A date has no time of day: use the moment of the event as TIMESTAMP.",
            )
        ],
    ),
    "clock and chance": (
        view("order_id as event_id,\n    ordered_at", "uuid() as event_id,\n    now()"),
        [
            (
                "4:5",
                "error PU302",
                "`event_id` depends on uuid(), so a second run counts every conversion again.",
                "Build it from the business key: {{ event_id('Purchase', 'order_id') }}.",
            ),
            (
                "4:5",
                "warning PU301",
                "`uuid` differs from run to run.",
                "Derive the value from columns of the row, such as a hash of its business key.",
            ),
            (
                "5:5",
                "warning PU301",
                "`now` differs from run to run.",
                "Use {{ as_of() }}: the run's start, or the value of --vars, and the same in every model.",
            ),
        ],
    ),
    "LIMIT without ORDER BY": (
        view("from {{ ref('stg') }}", "from {{ ref('stg') }}\nlimit 10"),
        [
            (
                "10:7",
                "warning PU301",
                "LIMIT without ORDER BY takes other rows from run to run.",
                "Add an ORDER BY that ends in a unique key, or filter the rows by what they hold.",
            )
        ],
    ),
}


@pytest.mark.parametrize("case", list(CASES))
def test_a_wrong_column_is_found_in_the_sql(tmp_path: Path, case: str) -> None:
    """Place, rule, what is wrong and what to do; no row is looked at."""
    files, expected = CASES[case]
    answer = answered(write(tmp_path / "shop", files), "lint")["findings"]
    # A source without a key, DOUBLE without a currency, no window: told in every case.
    found = [one for one in answer if one["rule"] not in {"PU501", "PU603", "PU604", "PU701"}]
    assert [
        (
            f"{one['line']}:{one['column']}",
            f"{one['severity']} {one['rule']}",
            one["message"],
            one["fix"]["description"],
        )
        for one in found
    ] == expected
    assert {one["file"] for one in found} == {"models/off.sql"}


def test_a_build_refuses_all_wrong_columns_at_once(tmp_path: Path) -> None:
    """A view that was never linted is not sent half."""
    files = view("    email,\n    amount as value", "    email::blob as email,\n    true as value")
    assert printed(write(tmp_path / "shop", files), "build") == (
        2,
        (
            "error: models/off.sql: off: `email` is BLOB, but must be text or a list of text.",
            "  Pick or build one value of it. SHA-256 of the trimmed lower-case address: one",
            "  digest or a list.",
            "error: models/off.sql: off: `value` is BOOLEAN, but must be DECIMAL.",
            "  Cast it. Value of the whole order, not of one unit.",
        ),
    )


def test_a_build_tells_the_wrong_columns_of_every_view(tmp_path: Path) -> None:
    """The second view is judged though the first one is wrong."""
    files = view("    amount as value", "    true as value")
    files = {**files, "models/second.sql": files["models/off.sql"]}
    assert printed(write(tmp_path / "shop", files), "build") == (
        2,
        (
            "error: models/off.sql: off: `value` is BOOLEAN, but must be DECIMAL.",
            "  Cast it. Value of the whole order, not of one unit.",
            "error: models/second.sql: second: `value` is BOOLEAN, but must be DECIMAL.",
            "  Cast it. Value of the whole order, not of one unit.",
        ),
    )


def test_a_cast_in_a_condition_has_no_column(tmp_path: Path) -> None:
    """No column can be read, so that none of them is to blame."""
    files = view("{{ ref('stg') }}", "{{ ref('stg') }} where cast(order_id || 'x' as integer) > 0")
    code, (first, *_) = printed(write(tmp_path / "shop", files), "build")
    told = "error: models/off.sql: off failed while it was read: A text cannot be converted to INT32."
    assert (code, first) == (2, told)


def test_a_cast_that_a_row_stops_is_told_with_what_to_write_instead(tmp_path: Path) -> None:
    """Neither the order's id nor the text that is no number is shown."""
    files = view("amount as value", "cast(order_id || 'x' as decimal(18, 2)) as value")
    assert printed(write(tmp_path / "shop", files), "build") == (
        2,
        (
            "error: models/off.sql:7: off failed while it was read: A text cannot be converted to DECIMAL(18,2), on the way to `value`.",
            "  Guard the expression in staging, as the macros in macros/casts/ guard casts: a",
            "  row that does not fit is then told by itself, and the others are sent.",
        ),
    )
