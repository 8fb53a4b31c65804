"""Hooks: statements that a build runs before and after a model, and before and after everything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pusher.compile.hook_rules import refusal
from pusher.contracts import Engine, EngineError
from pusher.errors import Problem

PRE, POST = "pre_hook", "post_hook"
START, END = "on-run-start", "on-run-end"
SPELLINGS = {"pre_hook": PRE, "post_hook": POST, "pre-hook": PRE, "post-hook": POST}
"""How files write the hooks of a model, and what the configuration calls them."""


@dataclass(frozen=True, slots=True)
class Hook:
    """One hook.

    Attributes:
        event: `pre_hook`, `post_hook`, `on-run-start` or `on-run-end`.
        sql: Its statements, rendered.
        is_inside: It runs in the transaction in which its model is made.
        file: File that has it.
        line: 1-based line.
        column: 1-based column.
        raw: Its text before it was rendered.
        package: Name of the package that has it, empty for the project itself.
    """

    event: str
    sql: str
    is_inside: bool
    file: str
    line: int
    column: int
    raw: str
    package: str = ""

    def problem(self, code: str, message: str, fix: str | None) -> Problem:
        """Return a problem with the place of the hook."""
        return Problem(code, message, self.file, self.line, self.column, fix)


def is_written(value: Any) -> bool:
    """Whether a value is a hook: a text, a mapping with `sql`, or a list of these."""
    if isinstance(value, (list, tuple)):
        return all(not isinstance(one, (list, tuple)) and is_written(one) for one in value)
    if isinstance(value, Mapping):
        known = value.keys() <= {"sql", "transaction"} and isinstance(value.get("sql"), str)
        return known and isinstance(value.get("transaction", True), bool)
    return value is None or isinstance(value, str)


def written(value: Any, place: Callable[..., Problem]) -> list[dict[str, Any]]:
    """Return a value as the list of its hooks, each with its place.

    Args:
        value: What a file says.
        place: Returns a problem with the place of the value, or of one item of a list, given its number.
    """
    places = [(number,) for number in range(len(value))] if isinstance(value, (list, tuple)) else [()]
    several = value if isinstance(value, (list, tuple)) else [value]
    found = []
    for one, number in zip(several, places, strict=True):
        if one is not None:
            hook = one if isinstance(one, Mapping) else {"sql": one}
            at = place(*number)
            known = {"sql": hook["sql"], "transaction": hook.get("transaction", True)}
            found.append({**known, "place": [at.file, at.line, at.column]})
    return found


def in_manifest(hooks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return hooks of a configuration as dbt's manifest has them."""
    return [{"sql": one["sql"], "transaction": one["transaction"], "index": None} for one in hooks]


def check(hook: Hook, engine: Engine, protected: Mapping[str, str]) -> list[Problem]:
    """Return what a hook may not do; nothing of it runs.

    Args:
        hook: The hook.
        engine: Reads its statements.
        protected: What each relation that no hook may change is, by its name in lower case.
    """
    try:
        statements = engine.statements(hook.sql)
        if not statements:
            return []
        reasons = [found for one in statements if (found := refusal(one, engine, protected)) is not None]
    except EngineError as error:
        return [hook.problem("hook-refused", f"This {hook.event} does not parse: {error.message}", "Correct its SQL.")]
    return [hook.problem("hook-refused", f"This {hook.event} {why}.", fix) for why, fix in reasons]


class Undone(Exception):
    """A hook, or what it surrounds, failed: what was done in the same transaction is undone.

    Attributes:
        problems: Why.
    """

    def __init__(self, *problems: Problem) -> None:
        super().__init__()
        self.problems = problems


def run(hooks: Iterable[Hook], engine: Engine) -> None:
    """Run hooks.

    Raises:
        Undone: One of them failed.
    """
    for hook in hooks:
        try:
            for statement in engine.statements(hook.sql):
                engine.execute(statement.sql)
        except EngineError as error:
            message, fix = f"This {hook.event} failed: {error.message}", error.fix or "Correct its SQL."
            raise Undone(hook.problem("hook-failed", message, fix)) from None
