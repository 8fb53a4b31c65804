"""One run for a person: its steps, what went wrong, and numbered actions; and what `--do` runs."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import typer

from pusher.cli import render
from pusher.cli.colours import painted
from pusher.errors import ConfigError, Problem
from pusher.plural import counted

if TYPE_CHECKING:
    from pusher.cli.session import Session
    from pusher.project.remedies import Action, RunPage

_WIDE = "      "
FOR_A_PERSON = 1
"""Exit code of `--do` with a person's action: its steps are printed, and nothing was done."""


@dataclass(frozen=True, slots=True)
class Given:
    """What the person gave beside the run.

    Attributes:
        do: Number of the action, or None to show the run.
        yes: What changes something for good is meant.
        variables: `--vars`, or None.
        place: Options that say which project and target is meant, with their values; a command that is shown or run
            has them too, if it takes them.
        manner: The same for options that say how to print, for a command that is run.
    """

    do: int | None
    yes: bool
    variables: str | None
    place: Mapping[str, str | bool | None]
    manner: Mapping[str, str | bool | None]


def command_names() -> set[str]:
    """Return the names of all commands."""
    return set(_group().commands)


def _group() -> Any:
    from pusher.cli.app import command_line

    return command_line()


def shown(current: Session, page: RunPage, given: Given) -> None:
    """Print the run, or put it into the JSON object."""
    run = page.run
    actions = [_placed(action, given) for action in page.open_actions]
    current.body |= {
        "run": {
            "id": run.id,
            "command": run.command,
            "started_at": run.started_at,
            "finished_at": run.finished_at,
            "exit_code": run.exit_code,
            "base_url": run.base_url,
            "words": list(run.words),
            "variables": list(run.variables),
            "state": _state(page),
        },
        "steps": run.steps,
        "failures": [
            {
                "class": error.name,
                "title": error.title,
                "words": error.words,
                "code": one.code,
                "return_code": one.return_code,
                "model": one.model,
                "rows": one.rows,
                "message": one.message,
                "file": one.file,
                "line": one.line,
                "fix": one.fix,
                "credential": one.credential,
            }
            for error, one in page.failures
        ],
        "actions": [action.as_json() for action in actions],
        "alerts": run.alerts,
    }
    current.text(
        "\n\n".join(part for part in (_head(page), _steps(page), _failures(page), _actions(page, actions)) if part)
    )


def _state(page: RunPage) -> str:
    if page.run.is_at_work:
        return "at work"
    return "killed" if page.run.was_killed else "ended"


def _head(page: RunPage) -> str:
    run = page.run
    ended = {"at work": "still at work", "killed": "ended without a word"}.get(_state(page))
    lines = [f"run {run.id}: pusher {run.command}, {ended or f'exit code {run.exit_code}'}"]
    lines.append(f"  began {run.started_at[:16].replace('T', ' ')} UTC, to {render.escaped(run.base_url)}")
    if run.words:
        lines.append(render.wrapped(f"asked for: {render.escaped(shlex.join(run.words))}", "  "))
    lines += [
        render.wrapped(
            f"told {one['channel']} {render.escaped(one['target'])}" if one["failure"] is None else
            f"could not tell {one['channel']} {render.escaped(one['target'])}: {one['failure']}",
            "  ",
        )
        for one in run.alerts
    ]  # fmt: skip
    return "\n".join(lines)


def _steps(page: RunPage) -> str:
    if not page.run.steps:
        return "An older version of pusher wrote this run: it kept no steps."
    headers = ["step", "model", "state", "seconds", "class"]
    rows = [
        [
            one["step"],
            one["model"],
            one["state"],
            None if one["seconds"] is None else Decimal(f"{one['seconds']:.2f}"),
            one["error_class"],
        ]
        for one in page.run.steps
    ]
    return render.table(headers, rows)


def _failures(page: RunPage) -> str:
    blocks: dict[str, list[str]] = {}
    for error, one in page.failures:
        block = blocks.setdefault(
            error.name, [f"{painted('error')}: {error.title} ({error.name})", render.wrapped(error.words, "  ")]
        )
        code = f" (code {one.return_code})"
        if one.return_code is None or code in one.message:
            code = ""
        rows = f"{counted(one.rows, 'row')}: " if one.rows else ""
        model = f"{one.model}: " if one.model else ""
        place = f"{one.file}:{one.line}: " if one.line else ""
        line = render.wrapped(render.escaped(f"{model}{rows}{place}{one.message}{code}"), "  - ")
        if line not in block:
            block.append(line)
    return "\n\n".join("\n".join(block) for block in blocks.values())


def _placed(action: Action, given: Given) -> Action:
    """Return the action with the whole command that a person could type."""
    # An id that only a person knows comes last.
    end = len(action.command) - (action.needs == "audience-id")
    words, last = action.command[:end], action.command[end:]
    return replace(action, command=(*words, *_taken(words, given.place), *last)) if words else action


def _actions(page: RunPage, actions: Sequence[Action]) -> str:
    if not actions:
        return "Nothing has to be done about it." if not page.run.is_at_work else ""
    lines = ["What to do"]
    for action in actions:
        lines.append(render.wrapped(action.title, f"  {action.number:>2}. "))
        if action.command:
            lines.append(f"{_WIDE}{render.escaped(_shown_command(action))}")
    example = next((one.number for one in actions if one.who == "tool"), actions[0].number)
    lines.append("")
    lines.append(
        render.wrapped(
            f"`pusher status {page.run.id} --do {example}` runs the command of an action, or shows the steps of one "
            "that only a person can do.",
            "",
        )
    )
    return "\n".join(lines)


def _shown_command(action: Action) -> str:
    missing = " ID" if action.needs == "audience-id" else ""
    return shlex.join(["pusher", *action.command]) + missing


def steps_of(action: Action) -> str:
    """Return what a person has to do."""
    lines = [f"{action.number}. {action.title}"]
    lines += [render.wrapped(render.escaped(step), "   - ") for step in action.steps]
    return "\n".join(lines)


def words_of(action: Action, page: RunPage, given: Given) -> list[str]:
    """Return the words of the command that an action runs, after a person has said what it needs.

    Raises:
        ConfigError: Something has to be said first, and nobody is there to ask.
    """
    words = list(action.command)
    again = page.run.command.split()
    if page.run.variables and words[: len(again)] == again and "--vars" not in words:
        names = ", ".join(page.run.variables)
        message = f"Run {page.run.id} was given variables ({names}), whose values are kept nowhere."
        fix = f"Give the same again: pusher status {page.run.id} --do {action.number} --vars '{{...}}'"
        raise ConfigError(Problem("action-variables", message, fix=fix))
    if action.needs == "yes" and not given.yes:
        _ask_for_yes(action, page)
    if action.needs == "audience-id":
        words.append(_ask_for_id(_placed(action, given)))
    return [*words, *_taken(words, given.place), *_taken(words, given.manner)]


def _asks() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _ask_for_yes(action: Action, page: RunPage) -> None:
    if not _asks():
        fix = f"If it is meant: pusher status {page.run.id} --do {action.number} --yes"
        message = f"Action {action.number} cannot be taken back: {action.title}."
        raise ConfigError(Problem("action-yes", message, fix=fix))
    if not typer.confirm(f"{action.title}. Do it?", err=True):
        raise ConfigError(Problem("action-yes", "Nothing was done.", fix="Answer y to do it."))


def _ask_for_id(action: Action) -> str:
    if not _asks():
        message = f"Action {action.number} has to know which audience is meant."
        fix = f"Give its id: {_shown_command(action)}"
        raise ConfigError(Problem("action-audience", message, fix=fix))
    return str(typer.prompt("Id of the audience", err=True))


def _taken(words: Sequence[str], options: Mapping[str, str | bool | None]) -> list[str]:
    """Return the options that have a value, as far as the command takes them."""
    command = _group()
    for word in words:
        inner = getattr(command, "commands", {}).get(word)
        if inner is None:
            break
        command = inner
    known = {name for parameter in command.params for name in parameter.opts}
    found = []
    for name, value in options.items():
        if value in {None, False} or name not in known:
            continue
        found += [name] if value is True else [name, str(value)]
    return found
