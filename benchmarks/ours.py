"""What the harness needs from pusher itself beside its command line."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def imports(project: str) -> dict[str, Any]:
    """Lint a project and return the packages of others that were loaded for it."""
    import sys

    from pusher.project.facade import LoadOptions, Project

    before = set(sys.modules)
    import typer  # noqa: F401 -- the command line is part of what is measured

    Project.load(LoadOptions(project_dir=Path(project))).lint()
    standard = {*sys.stdlib_module_names, *before, "pusher", "benchmarks"}
    loaded = {name.partition(".")[0] for name in sys.modules}
    return {"packages": sorted(name for name in loaded - standard if not name.startswith("_"))}


def compiled(project: str) -> dict[str, Any]:
    """Return relation and SQL of each model in graph order."""
    from pusher.project.facade import LoadOptions, Project

    manifest = Project.load(LoadOptions(project_dir=Path(project))).manifest
    models = [[str(model.relation), model.compiled_sql] for model in manifest.models.values()]
    return {"models": models, "paths": list(manifest.source_paths())}


def register_keys(*, state: str, base_url: str, path: str, rows: int, size: int, sha256: str) -> dict[str, Any]:
    """Make a ledger whose only keys are those of a given file."""
    from pusher.ledger.opening import open_store
    from pusher.ledger.rows import File
    from pusher.ledger.state import StateFolder

    folder = StateFolder(Path(state))
    folder.create()
    named = folder.keys / "earlier.parquet"
    now = datetime.now(UTC)
    with folder.locked():
        store = open_store(folder, base_url=base_url, now=now)
        # Only now: opening a ledger removes the files that it does not name.
        named.hardlink_to(path)
        store.start_run(run="earlier", command="push", now=now, version="0", base_url=base_url)
        file = File(0, named.relative_to(folder.root).as_posix(), "keys", "", None, rows, size, sha256)
        with store.transaction():
            store.add_file(file, run="earlier", now=now)
        store.close()
    return {}


def freeze(project: str, view: str, folder: str) -> dict[str, Any]:
    """Freeze the due rows of a view as a push does, and return the files and the bytes around the rows."""
    from pusher.engines.duckdb import DuckDBEngine
    from pusher.project.facade import LoadOptions, Project
    from pusher.push.plan import PlanOptions, plan_view

    target = Path(folder)
    target.mkdir(parents=True)
    opened = Project.load(LoadOptions(project_dir=Path(project)))
    chosen = opened.views([view])[0]

    def warehouse() -> DuckDBEngine:
        return DuckDBEngine.open(opened.profile.database, allowed_directories=[target])

    options = PlanOptions(run="frozen", now=opened.clock.now())
    plan, result = plan_view(
        chosen, open_engine=warehouse, folder=target, store=None, state_root=target, options=options
    )
    prefix, suffix = opened.account.destination.envelope(chosen.payload, result.parts[0][0], None)
    return {
        "relation": chosen.relation,
        "endpoint": chosen.payload.endpoint,
        "view_rows": plan.rows,
        "rows": plan.planned,
        "files": [str(part.path) for _, part in result.parts],
        "prefix": prefix.decode(),
        "suffix": suffix.decode(),
    }


def fill_ledger(state: str, batches: int, *, is_open: bool) -> dict[str, Any]:
    """Give a ledger that many accepted batches: of a thousand rows in settled parts, or of one in its open ones.

    The parts that are open already keep the batches that they have.
    """
    import json
    import sqlite3

    from pusher.ledger.state import StateFolder

    connection = sqlite3.connect(StateFolder(Path(state)).ledger)
    ((batch, part, run, moment),) = connection.execute("select min(id), part, run, updated_at from batch").fetchall()

    def accept(part: int, first: int, rows: int) -> None:
        cursor = connection.execute(
            "insert into batch (part, ranges, rows, state, encoder, sha256, attempts, code, response_class, run, "
            "updated_at) select ?, ?, ?, 'accepted', encoder, sha256, 1, 0, 'ACK', run, updated_at from batch "
            "where id = ?",
            (part, json.dumps([[first, rows]]), rows, batch),
        )
        connection.execute(
            "insert into attempt (batch, number, run, started_at, seconds, http_status, code, bytes) "
            "values (?, 1, ?, ?, 0.1, 200, 0, 600000)",
            (cursor.lastrowid, run, moment),
        )

    def settled_part() -> int:
        cursor = connection.execute(
            "insert into part (run, model, payload, destination, source_id, space, rows, settled_at) "
            "select run, model, payload, destination, source_id, space, 50000, ? from part where id = ?",
            (moment, part),
        )
        return int(cursor.lastrowid or 0)

    made = 0
    with connection:
        if is_open:
            for found, rows in connection.execute("select id, rows from part where file is not null").fetchall():
                # The rows of the first batch are on their way, and the last of each part are still free.
                for row in range(10, min(rows - 10, 10 + batches - made)):
                    accept(found, row, 1)
                    made += 1
        else:
            while made < batches:
                place = settled_part()
                for number in range(min(50, batches - made)):
                    accept(place, number * 1_000, 1_000)
                    made += 1
    connection.close()
    return {"batches": made}
