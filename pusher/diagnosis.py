"""Looks at everything that a push needs, one thing after the other, and goes on after what is wrong.

Opens nothing for writing: a warehouse, a state folder or a sandbox that is not there yet is not made.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from glob import glob
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pusher.config import POLICY_FILE
from pusher.config.alerts import Webhook
from pusher.destinations.tiktok.settings import FAMILIES
from pusher.errors import ConfigError, Problem, PusherError, StateError
from pusher.project.facade import LoadOptions, Project
from pusher.settings.tokens import ENVIRONMENT, SETTING, TOKEN_VARIABLE

PACKAGES = ("duckdb", "sqlglot", "jinja2", "pyarrow", "arro3-io", "httpx", "typer")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: What it is.
        status: `ok`, `failed`, or `skipped` because something before it failed.
        found: What there is, one line; empty when it failed.
        problems: What is wrong and what to do.
    """

    name: str
    status: str
    found: str = ""
    problems: tuple[Problem, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the fields as the JSON output prints them."""
        problems = [problem.as_json() for problem in self.problems]
        return {"name": self.name, "status": self.status, "found": self.found, "problems": problems}


def diagnose(options: LoadOptions) -> list[Check]:
    """Return every check, in the order in which one depends on another."""
    loaded: list[Project] = []

    def load() -> str:
        loaded.append(Project.load(options))
        project = loaded[0]
        return f"{project.file.name}, profile {project.profile.name}, target {project.profile.target}"

    works: list[tuple[str, str | None, Callable[[], str]]] = [
        ("python", None, lambda: f"{platform.python_version()} on {platform.system()}"),
        ("packages", None, lambda: ", ".join(f"{name} {version(name)}" for name in PACKAGES)),
        ("contract", None, _contract),
        ("project", None, load),
        ("models", "project", lambda: _models(loaded[0])),
        ("sql", "models", lambda: _sql(loaded[0])),
        ("sources", "models", lambda: _sources(loaded[0])),
        ("warehouse", "models", lambda: _warehouse(loaded[0])),
        ("settings", "models", lambda: _settings(loaded[0])),
        ("token", "project", lambda: _token(loaded[0])),
        ("state", "project", lambda: _state(loaded[0])),
        ("clock", "project", lambda: _clock(loaded[0])),
        ("alerts", "project", lambda: _alerts(loaded[0])),
    ]
    checks: dict[str, Check] = {}
    for name, needed, work in works:
        is_possible = needed is None or checks[needed].status == "ok"
        checks[name] = _checked(name, work) if is_possible else Check(name, "skipped")
    return list(checks.values())


def _checked(name: str, work: Callable[[], str]) -> Check:
    try:
        return Check(name, "ok", work())
    except PusherError as error:
        return Check(name, "failed", problems=error.problems)


def _contract() -> str:
    from pusher.destinations.tiktok.facts import contract

    facts = contract()
    return f"{', '.join(facts.payloads)}; {len(facts.codes)} return codes"


def _models(project: Project) -> str:
    views = [model.name for model in project.models() if project.account.payload_of(model) is not None]
    return f"{len(project.models())} models; destination views: {', '.join(views) or 'none'}"


def _sql(project: Project) -> str:
    project.bind()
    return "every model binds to the columns that it reads"


def _sources(project: Project) -> str:
    """Say whether each declared file is there and may be read; tables are the warehouse's matter."""
    problems, files = [], 0
    for source in project.manifest.sources.values():
        for pattern in source.paths:
            found = sorted(glob(pattern, recursive=True))  # noqa: PTH207 -- an absolute pattern, as DuckDB takes it
            files += len(found)
            unreadable = [path for path in found if not os.access(path, os.R_OK)]
            if not found or unreadable:
                name = f"{source.source_name}.{source.name}"
                what = "has no file" if not found else "has a file that cannot be read"
                fix = f"Put it at {_shown(pattern, project)}, or correct external_location."
                problems.append(Problem("source-file", f"Source {name} {what}.", source.file, source.line, fix=fix))
    if problems:
        raise StateError(*problems)
    return f"{len(project.manifest.sources)} sources, {files} files"


def _shown(path: str, project: Project) -> str:
    try:
        return Path(path).relative_to(project.file.root).as_posix()
    except ValueError:
        return path


def _warehouse(project: Project) -> str:
    database = project.profile.database
    name = Path(database).name
    if database != ":memory:" and not Path(database).exists():
        return f"{name} is not there yet; `pusher build` makes it"
    tables = project.count_relations()
    return f"{name}, {tables} tables and views"


def _settings(project: Project) -> str:
    account = project.account
    account.check_settings()
    for view in project.models():
        payload = account.payload_of(view)
        if payload is not None:
            account.source_id_of(view, payload)
    return f"base_url {account.settings.base_url or account.production_base_url}"


def _token(project: Project) -> str:
    tokens = project.account.tokens
    groups = tokens.by_token(kinds_of(project))
    found = [_token_of(project, kinds[0]) for kinds in groups]
    if len(groups) == 1:
        return found[0]
    return "; ".join(f"{FAMILIES[kinds[0]]} {text}" for kinds, text in zip(groups, found, strict=True))


def kinds_of(project: Project) -> list[str]:
    """Return the kinds of the project's views, events first; both when they cannot be told, or there are none."""
    try:
        payloads = project.account.payloads_of(project.models())
    except PusherError:
        payloads = {}
    found = {payload.kind for payload in payloads.values()}
    return [kind for kind in FAMILIES if kind in found] or list(FAMILIES)


def _token_of(project: Project, kind: str) -> str:
    source, credential = project.account.tokens.source(kind), project.account.tokens.credential(kind)
    if source is None:
        return "not needed by the sandbox"
    if source.kind == SETTING and source.given is not None:
        return f"from {source.given.file}"
    if source.kind == ENVIRONMENT:
        return f"from {TOKEN_VARIABLE}"
    if credential is not None:
        return f"from the credential {credential.name}"
    # Says what is missing and where it may stand; for a server on loopback none is needed.
    project.account.endpoint(kind, project.state.root)
    return "not needed on loopback"


def _state(project: Project) -> str:
    """Say whether the state folder can be used, and that no other run holds it."""
    from pusher.ledger.state import unusable

    state = project.state
    try:
        is_there = state.lock.exists()
    except OSError as error:
        raise unusable(error, state.root) from error
    if is_there:
        with state.locked():
            return f"{_shown(str(state.root), project)}, no other run holds it"
    folder = next(parent for parent in (state.root, *state.root.parents) if parent.exists())
    if not os.access(folder, os.W_OK | os.X_OK):
        fix = "Correct its rights, or pass --state-dir."
        raise StateError(Problem("state-folder", "The state folder cannot be written.", folder.as_posix(), fix=fix))
    return f"{_shown(str(state.root), project)} is not there yet; the first push makes it"


def _alerts(project: Project) -> str:
    """Say who is told how a push ended, and that what is secret about it is there."""
    everybody = project.policy.alerts.everybody
    variables = [one.variable if isinstance(one, Webhook) else getattr(one, "password", None) for one in everybody]
    missing = [name for name in variables if name is not None and not os.environ.get(name)]
    if missing:
        fix = "Set it where pushes run; `pusher debug --send-alerts` tries every alert."
        raise ConfigError(
            *(
                Problem("alerts", f"The environment variable {name} is not set.", POLICY_FILE, fix=fix)
                for name in missing
            )
        )
    return f"{len(everybody)} who may be told" if everybody else "nobody is told how a push ends"


def _clock(project: Project) -> str:
    from pusher.ledger.opening import read_store, refuse_old_clock

    now = project.clock.now()
    store = read_store(project.state)
    if store is not None:
        try:
            refuse_old_clock(store, now, project.state.ledger.name)
        finally:
            store.close()
    return f"{now:%Y-%m-%d %H:%M} UTC"
