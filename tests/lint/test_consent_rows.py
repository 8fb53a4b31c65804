"""What PU413 lets pass, run over people of every answer: nobody leaves who did not say yes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb
import pytest

from pusher.compile import Manifest
from tests.lint.support import CASES, compiled, read_case

Answer = tuple[str | None, bool | None]
# Each person's answer, and whether it says yes; None of both is somebody who never answered.
ANSWERS: tuple[Answer, ...] = (
    ("yes", True), ("y", True), ("granted", True), ("opt_in", True), ("true", True), ("1", True), ("vrai", True),
    ("no", False), ("unsubscribed", False), ("level 2", False), ("0", False), ("unknown", False), (None, None),
)  # fmt: skip
NUMBERS = tuple(one for one in ANSWERS if one[0] in {"0", "1", None})
IDENTIFYING = ("email", "phone", "ttclid")
PASSING = [
    path
    for path in sorted((CASES / "PU413").glob("pass_*.sql"))
    if "'club'" in path.read_text(encoding="utf-8") and "waived" not in path.stem
]


def fill(con: duckdb.DuckDBPyConnection, manifest: Manifest, answers: Iterable[Answer]) -> None:
    """Make the tables of the sources, with one person for each answer in those of the club."""
    tables = {}
    for (source, name), found in manifest.sources.items():
        con.execute(f'create schema if not exists "{found.stub.schema}"')
        columns = ", ".join(f'"{column.name}" {column.data_type}' for column in found.columns)
        con.execute(f"create table {found.stub} ({columns})")
        tables[name if source == "club" else f"{source}.{name}"] = found.stub
    for number, (word, says_yes) in enumerate(answers):
        person = f"{'agreed' if says_yes else 'other'}-{number}"
        profile = {"marketing_consent": word, "city": "Bonn"}
        extra = f'{{"marketing_consent": "{word or ""}"}}'
        country = "DE" if number % 2 == 0 else "US"
        member = [person, f"mail {person}", f"phone {person}", word, country, True, "2026-01-01", profile, extra]
        con.execute(f"insert into {tables['members']} values (?, ?, ?, ?, ?, ?, ?, ?, ?)", member)
        con.execute(f"insert into {tables['answers']} values (?, ?, '2026-01-01')", [person, says_yes])
        moment = "2026-01-01" if says_yes else None
        con.execute(f"insert into {tables['dated_answers']} values (?, ?)", [person, moment])
        con.execute(f"insert into {tables['cards']} values (?, ?, ?)", [f"card {number}", person, f"card {person}"])
        con.execute(f"insert into {tables['visits']} values (?, ?, ?, '2026-02-01')", [number, person, f"ad {person}"])


def _sent(manifest: Manifest, answers: Iterable[Answer]) -> str:
    """Return everything that identifies somebody in the view."""
    with duckdb.connect() as con:
        view = manifest.models["view"].relation
        con.execute(f"""attach ':memory:' as "{view.database}"; use "{view.database}";""")
        fill(con, manifest, answers)
        for model in manifest.models.values():
            con.execute(f"create view {model.relation} as {manifest.analysis_sql(model.name)}")
        names = [row[0] for row in con.execute(f"describe {view}").fetchall() if row[0] in IDENTIFYING]
        return str(con.execute(f"select {', '.join(names)} from {view}").fetchall())


@pytest.mark.parametrize("path", PASSING, ids=lambda path: path.stem)
def test_a_view_that_passes_sends_people_who_agreed_and_nobody_else(path: Path, tmp_path: Path) -> None:
    """The analysis says so from the SQL; this is the SQL at work."""
    manifest, _ = compiled(tmp_path, read_case(path).files)
    try:
        sent = _sent(manifest, ANSWERS)
    except duckdb.ConversionException:
        # A cast to a number takes no words.
        sent = _sent(manifest, NUMBERS)
    assert ("agreed-" in sent, "other-" in sent) == (True, False)
