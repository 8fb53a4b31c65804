"""The page of all commands, from the command line's own help."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from pusher.cli.app import app

_INTRODUCTION = """\
# Commands

Every command with its options.
This page is generated from the command line itself by `python -m docs.generate`.

Results go to stdout, progress and errors to stderr.
`--json` prints exactly one JSON object on stdout, also when the command fails; [formats.md](formats.md) describes it.
[exit-codes.md](exit-codes.md) lists what a command can end with.
Selectors, `--vars`, `--target` and the two folder options mean what they mean in dbt.
"""


def _options(command: Any, context: Any) -> Iterator[str]:
    parameters = [parameter for parameter in command.get_params(context) if "--help" not in parameter.opts]
    records = [record for parameter in parameters if (record := parameter.get_help_record(context)) is not None]
    if records:
        yield "| option | what it does |"
        yield "|---|---|"
    for record in records:
        name, text = (part.replace("|", "\\|") for part in record)
        yield f"| `{name}` | {text} |"


def _command(name: str, command: Any, depth: str = "##") -> Iterator[str]:
    context = command.make_context(f"pusher {name}", [], resilient_parsing=True)
    text, _, example = command.help.partition("Example: ")
    yield from (f"{depth} `pusher {name}`", "", text.strip(), "")
    usage = command.get_usage(context).removeprefix("Usage: ")
    yield from ("```text", usage, "```", "")
    if example:
        yield from ("Example:", "", "```text", " ".join(example.split()), "```", "")
    yield from _options(command, context)
    for part, inner in getattr(command, "commands", {}).items():
        yield ""
        yield from _command(f"{name} {part}", inner, f"{depth}#")


def page() -> str:
    """Return the page."""
    group: Any = typer.main.get_command(app())
    lines = [_INTRODUCTION]
    for name, command in group.commands.items():
        lines += [*_command(name, command), ""]
    return "\n".join(lines).rstrip() + "\n"
