"""The static proof against a run: tokens in the identifiers of the sources, searched for in what the view returns."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.lint.support import CASES, compiled, read_case

FILES = [path for path in sorted(CASES.rglob("*.sql")) if path.parent.name in {"PU401", "PU402"}]
CUSTOMERS = """
insert into shop__customers values
    ('xid1x', 'XEMAILX@mail.example', 'xphonex', 'xnamex', {'email': 'xcontactx@mail.example', 'city': 'Bonn'},
     ['xlistx@mail.example'], '192.0.2.1', 'agent', 'Bonn', 'work', ['a', 'b']),
    ('xid2x', 'XEMAILX@mail.example', 'xphonex', 'xnamex', {'email': 'xcontactx@mail.example', 'city': 'Kiel'},
     ['xlistx@mail.example'], '192.0.2.1', 'agent', 'Kiel', 'home', ['c'])
"""
ORDERS = """
insert into shop__orders values
    ('1', 'xid1x', timestamp '2026-11-20 10:00:00', 12.50, 'EUR', 'store'),
    ('2', 'XEMAILX@mail.example', timestamp '2026-11-21 10:00:00', 8.00, 'EUR', 'web')
"""
LEGACY = "insert into shop__legacy values ('xlegacyx@mail.example', 'xmobilex', 'yes', 'brick', 'none')"
TOKENS = ("xid", "xemail", "xphone", "xname", "xcontact", "xlist", "xlegacy", "xmobile")


def _seen(root: Path, path: Path) -> set[str]:
    """Run a case's models over the tokens and return those that its view shows."""
    manifest, inference = compiled(root, read_case(path).files)
    connection = duckdb.connect()
    connection.execute(f"attach ':memory:' as \"{manifest.database}\"")
    for key, source in manifest.sources.items():
        connection.execute(f'create schema if not exists "{source.stub.database}"."{source.stub.schema}"')
        columns = ", ".join(f'"{column.name}" {column.type}' for column in inference.sources.get(key, ()))
        if columns:
            connection.execute(f"create table {source.stub} ({columns})")
        text = {"customers": CUSTOMERS, "orders": ORDERS, "legacy": LEGACY}.get(source.name)
        if text is not None and columns:
            connection.execute(text.replace(f"shop__{source.name}", source.stub))
    for name, model in manifest.models.items():
        relation = model.relation
        connection.execute(f'create schema if not exists "{relation.database}"."{relation.schema}"')
        rows = manifest.analysis_sql(name) if model.seed is None else f"from read_csv('{model.seed.absolute}')"
        connection.execute(f"create or replace table {relation} as {rows}")
    shown = str(connection.execute(f"select * from {manifest.models['view'].relation}").fetchall()).lower()
    connection.close()
    return {token for token in TOKENS if token in shown}


@pytest.mark.parametrize(
    "path",
    [path for path in FILES if path.stem.startswith("pass_")],
    ids=lambda path: f"{path.parent.name}-{path.stem}",
)
def test_what_lint_calls_clean_shows_no_identifier(tmp_path: Path, path: Path) -> None:
    """A case that passes shows no token of any identifier."""
    assert _seen(tmp_path, path) == set()


# Cases whose rows carry nothing, or an identifier that has no token, or one by chance only.
SILENT = {
    "fail_ip_elsewhere",
    "fail_values_and_intersect",
    "fail_tagged_model_column",
    "fail_columns_renamed",
    "fail_digest_test_of_chance",
}


@pytest.mark.parametrize(
    "path",
    [path for path in FILES if path.stem.startswith("fail_") and path.stem not in SILENT],
    ids=lambda path: f"{path.parent.name}-{path.stem}",
)
def test_what_lint_refuses_does_show_one(tmp_path: Path, path: Path) -> None:
    """A case that fails is no false alarm."""
    assert _seen(tmp_path, path) != set()
