"""Bad source files: the line is named, its text is not, and no row is dropped in silence."""
# ruff: noqa: E501 -- messages stand here as they are printed

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bad_inputs.support import LINES, YESTERDAY, Case, answered, csv, printed, source, write

NOT_BUILT = "Not built because of this: off."
CASES = {
    "missing": Case(
        {"orders.csv": None},
        (
            'error: models/stg.sql:2:6: No file "orders.csv" is there.',
            "  Put the file there, or correct external_location of the source.",
            NOT_BUILT,
        ),
        "build",
    ),
    "a number that is none": Case(
        csv(*LINES, f"3,cleo@shop.example,ten,{YESTERDAY}"),
        (
            "error: models/stg.sql:1: off failed while it was read: Line 4 of orders.csv: column amount is no DOUBLE, on the way to `value`.",
            "  Correct the line, or declare the column as varchar and cast it in staging.",
        ),
        "build",
    ),
    "invalid UTF-8": Case(
        {
            "orders.csv": ("\n".join(LINES) + "\n").encode()
            + f"3,cl\xe9o@shop.example,1,{YESTERDAY}\n".encode("latin-1")
        },
        (
            "error: models/stg.sql:2:6: Line 4 of orders.csv is not UTF-8.",
            "  Save the file as UTF-8, or name its encoding: read_csv('...', encoding =",
            "  'latin-1').",
            NOT_BUILT,
        ),
        "build",
    ),
    "a field too few": Case(
        csv(*LINES, "3,cleo@shop.example"),
        (
            "error: models/stg.sql:2:6: Declared columns are not in the CSV file: amount, email, order_id, ordered_at.",
            "  Compare the first line of the file with the declared columns; all lines need",
            "  as many fields. No column that stg or source raw.orders names is found in",
            "  orders.csv.",
            NOT_BUILT,
        ),
        "build",
    ),
    "a column that is not there": Case(
        csv(*(line.replace("amount", "amnt") for line in LINES)),
        (
            "error: models/stg.sql:2:6: Declared columns are not in the CSV file: amount.",
            "  Compare the first line of the file with the declared columns; all lines need",
            "  as many fields. orders.csv has the columns order_id, email, amnt, ordered_at.",
            NOT_BUILT,
        ),
        "build",
    ),
    "no header": Case(
        csv("7,anna@shop.example,Anna,x"),
        (
            "error: models/stg.sql:2:6: Declared columns are not in the CSV file: amount, email, order_id, ordered_at.",
            "  Compare the first line of the file with the declared columns; all lines need",
            "  as many fields. No column that stg or source raw.orders names is found in",
            "  orders.csv.",
            NOT_BUILT,
        ),
        "build",
    ),
    "nothing in it": Case(
        {"orders.csv": ""},
        (
            "error: models/stg.sql:2:6: Declared columns are not in the CSV file: amount, email, order_id, ordered_at.",
            "  Compare the first line of the file with the declared columns; all lines need",
            "  as many fields. No column that stg or source raw.orders names is found in",
            "  orders.csv.",
            NOT_BUILT,
        ),
        "build",
    ),
    "rows would be dropped": Case(
        source("orders.csv", "\"read_csv('orders.csv', ignore_errors = true)\""),
        (
            "error: models/_s.yml:5:9: `ignore_errors` leaves out rows that cannot be read, and nobody is told.",
            "  Remove ignore_errors: an error names the line. To judge rows in SQL, read with",
            "  all_varchar = true.",
        ),
    ),
    "rejects kept apart": Case(
        source("orders.csv", "\"read_csv('orders.csv', store_rejects=true)\""),
        (
            "error: models/_s.yml:5:9: `store_rejects` leaves out rows that cannot be read, and nobody is told.",
            "  Remove store_rejects: an error names the line. To judge rows in SQL, read with",
            "  all_varchar = true.",
        ),
    ),
    "on the network": Case(
        source("orders.csv", "'https://shop.example/orders.csv'"),
        ("error: models/_s.yml:5:9: A source must be a local file.", "  Copy the file beside the project first."),
    ),
    "not a database": Case(
        {"shop.duckdb": b"x" * 5000},
        (
            "error: shop.duckdb: shop.duckdb is not a DuckDB database.",
            "  Correct `path` in profiles.yml, or move the file away.",
        ),
        "build",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_bad_file_is_told_with_its_line(tmp_path: Path, case: Case) -> None:
    """Nothing is built from half a file."""
    assert printed(write(tmp_path / "shop", case.files), case.command) == (2, case.told)


def test_a_file_without_rows_is_no_mistake(tmp_path: Path) -> None:
    """Declared types hold without rows, so models build and nothing is sent."""
    root = write(tmp_path / "shop", csv(LINES[0]))
    assert [printed(root, command)[0] for command in ("lint", "build", "push")] == [0, 0, 0]
    assert answered(root, "push")["totals"]["view_rows"] == 0


def test_a_file_in_another_encoding_can_name_it(tmp_path: Path) -> None:
    """The way out that the message names works."""
    latin = ("\n".join(LINES) + f"\n3,cl\xe9o@shop.example,1,{YESTERDAY}\n").encode("latin-1")
    named = source("orders.csv", "\"read_csv('orders.csv', encoding = 'latin-1')\"")
    root = write(tmp_path / "shop", {**named, "orders.csv": latin})
    assert answered(root, "build")["coverage"][0]["rows"] == 3
