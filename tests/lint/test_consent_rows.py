"""What PU413 lets pass, run over people of every answer: nobody leaves who did not say yes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb
import pytest

from pusher.compile import Manifest
from tests.lint.club import ANSWERS, Answer, fill
from tests.lint.support import CASES, compiled, read_case

NUMBERS = tuple(one for one in ANSWERS if one[0] in {"0", "1", None})
IDENTIFYING = ("email", "phone", "ttclid")
PASSING = [
    path
    for path in sorted((CASES / "PU413").glob("pass_*.sql"))
    if "'club'" in path.read_text(encoding="utf-8") and "waived" not in path.stem
]


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
