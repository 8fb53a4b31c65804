"""What the harness needs from pusher itself beside its command line."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def imports(project: str) -> dict[str, Any]:
    """Lint a project and return the packages of others that were loaded for it."""
    import sys

    from pusher.project import LoadOptions, Project

    before = set(sys.modules)
    import typer  # noqa: F401 -- the command line is part of what is measured

    Project.load(LoadOptions(project_dir=Path(project))).lint()
    standard = {*sys.stdlib_module_names, *before, "pusher", "benchmarks"}
    loaded = {name.partition(".")[0] for name in sys.modules}
    return {"packages": sorted(name for name in loaded - standard if not name.startswith("_"))}


def compiled(project: str) -> dict[str, Any]:
    """Return relation and SQL of each model in graph order."""
    from pusher.project import LoadOptions, Project

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
    from pusher.project import LoadOptions, Project
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
