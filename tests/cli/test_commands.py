"""Every command on a tiny shop: help, what is imported, and what is never shown or kept."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.cli.conftest import CANARIES, Shop, pusher

COMMANDS = (
    "init", "ls", "compile", "config", "debug", "explain", "show", "lint", "build", "test", "push", "status", "report",
    "doctor", "retry", "resolve", "clean", "forget", "sandbox", "audience", "auth", "import",
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_a_help_page_with_an_example(command: str) -> None:
    """The example can be pasted: it starts with the program and the command."""
    ran = pusher(command, "--help")
    assert (ran.code, f"Example: pusher {command}" in " ".join(ran.out.split()), ran.err) == (0, True, "")


def test_help_lists_the_commands_and_imports_nothing_heavy() -> None:
    """Help is printed before any library of the work itself is loaded."""
    heavy = ("rich", "duckdb", "pyarrow", "sqlglot", "httpx", "jinja2", "yaml", "arro3", "waitress", "multipart")
    code = f"""
import sys
from pusher.cli.app import run
code = run(["--help"])
assert code == 0, code
print(sorted(set({heavy!r}) & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    listed = [line.split()[0] for line in lines[lines.index("Commands:") + 1 : -1]]
    assert (lines[-1], sorted(listed), done.stderr) == ("[]", sorted(COMMANDS), "")


def test_a_build_without_destination_views_imports_nothing_that_judges_or_sends_them(tmp_path: Path) -> None:
    """No part of lint, of a push or of a ledger, which take longer to load than such a build takes."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models/one.sql").write_text("select 1 as number\n", encoding="utf-8")
    (tmp_path / "dbt_project.yml").write_text('name: shop\nversion: "1.0"\nprofile: shop\n', encoding="utf-8")
    profile = "shop: {target: dev, outputs: {dev: {type: duckdb, path: shop.duckdb}}}\n"
    (tmp_path / "profiles.yml").write_text(profile, encoding="utf-8")
    code = f"""
import sys
from pusher.cli.app import run
code = run(["build", "--quiet", "--project-dir", {str(tmp_path)!r}])
assert code == 0, code
heavy = ("sqlglot", "httpx", "pyarrow", "rich", "pusher.lint", "pusher.push", "pusher.ledger", "pusher.cli.watch")
print(sorted(set(heavy) & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout.splitlines()[-1], done.stderr) == ("[]", "")


def test_the_version_is_printed() -> None:
    """The program's name and its version, nothing else."""
    assert pusher("--version").out.split()[0] == "pusher"


def readable(root: Path) -> Iterator[tuple[str, str]]:
    """Yield every file below a folder as text; Parquet is read, so that compression hides nothing."""
    for path in sorted(root.rglob("*")):
        if path.suffix == ".parquet":
            yield path.name, repr(duckdb.read_parquet(str(path)).fetchall())
        elif path.is_file():
            yield path.name, path.read_bytes().decode("utf-8", "replace")


def test_no_raw_identifier_is_shown_or_kept_anywhere(shop: Shop) -> None:
    """All outputs of all commands, the state folder and target/ are searched for the customers of the source file."""
    outputs = []
    for words in (
        ["ls"], ["compile"], ["config", "offline"], ["lint"], ["build"], ["show", "stg_orders"], ["show", "offline"],
        ["show", "offline", "--payload"], ["push", "--dry-run"], ["push"], ["status"],
        ["status", "--sql", "select * from quarantine"],
    ):  # fmt: skip
        for more in ([], ["--json"]):
            ran = shop(*words, *more)
            outputs += [(" ".join([*words, *more]), ran.out), (" ".join(words), ran.err)]
    broken = "select cast(Email as integer) as a from {{ source('raw', 'orders') }}"
    (shop.root / "models/broken.sql").write_text("{{ config(materialized='table') }}" + broken, encoding="utf-8")
    failed = shop("build", "--select", "broken", "--json")
    outputs += [("broken", failed.out), ("broken", failed.err)]
    outputs += [*readable(shop.root / ".pusher"), *readable(shop.root / "target")]
    leaks = [(name, canary) for name, text in outputs for canary in CANARIES if canary.lower() in text.lower()]
    assert (failed.code, len(outputs) > 50, leaks) == (2, True, [])


def test_an_incremental_model_is_built_added_to_and_refreshed(shop: Shop) -> None:
    """--full-refresh builds anew; the JSON object and the progress say which way a model was built."""
    (shop.root / "models/kept.sql").write_text(
        "{{ config(materialized='incremental', unique_key='order_id') }}\n"
        "select order_id from {{ ref('stg_orders') }}{% if is_incremental() %} where order_id = '1'{% endif %}"
    )
    only = ("--select", "+kept")
    plain, again = shop("build", *only), shop("build", *only)
    told = [[line.split(" in ")[0] for line in ran.err.splitlines()] for ran in (plain, again)]
    assert told == [
        ["built stg_orders (view)", "built kept (incremental, 5 rows)"],
        ["built stg_orders (view)", "built kept (delete+insert, 5 rows)"],
    ]
    compiled = (shop.root / "target/compiled/shop/models/kept.sql").read_text()
    assert compiled.endswith("where order_id = '1'\n")
    found = [shop("build", *only, *more, "--json").json["models"][1] for more in ([], ["--full-refresh"])]
    assert [(one["rows"], one["strategy"]) for one in found] == [(5, "delete+insert"), (5, None)]


def test_lint_names_what_only_the_second_build_would_run(shop: Shop) -> None:
    """A mistake in the rows that are added does not wait for the day they are."""
    (shop.root / "models/kept.sql").write_text(
        "{{ config(materialized='incremental') }}\n"
        "select order_id from {{ ref('stg_orders') }}\n"
        "{% if is_incremental() %}where order_id > (select max(oder_id) from {{ this }}){% endif %}"
    )
    assert shop("lint", "--json").json["errors"] == [
        {
            "code": "sql-binder",
            "message": 'Referenced column "oder_id" not found in FROM clause.',
            "file": "models/kept.sql",
            "line": 3,
            "column": 55,
            "fix": "Did you mean `order_id`?",
        }
    ]


def test_templates_speak_on_stderr(shop: Shop) -> None:
    """Once, with the place of a warning; --quiet hides both and stdout stays the result."""
    (shop.root / "models/loud.sql").write_text(
        "{{ config(materialized='incremental') }}{{ log('read by ' ~ target.name, info=True) }}\n"
        "{% do exceptions.warn('old') %}select 1 as x"
    )
    expected = ["read by dev", "warning: old (models/loud.sql:2:18)"]
    for _ in range(2):
        assert shop("build", "--select", "loud").err.splitlines()[:2] == expected
    assert shop("lint", "--select", "loud").err.splitlines() == expected
    ran = shop("ls", "--select", "loud", "--quiet")
    assert (ran.out, ran.err) == ("loud\n", "")
