"""All commands, each imported when it is asked for.

The names of a command line say which one that is, so that a build does not wait for the code of a push.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import Annotated, Any, NamedTuple

import typer

from pusher.cli.session import print_envelope
from pusher.errors import Problem
from pusher.version import __version__


class _Command(NamedTuple):
    """Where a command is: a function of a module beside this one, whose text of help has a name there."""

    module: str
    function: str
    help: str = "HELP"


_COMMANDS = {
    "init": _Command("init", "init"),
    "import": _Command("import_", "import_"),
    "debug": _Command("debug", "debug"),
    "doctor": _Command("doctor", "doctor"),
    "ls": _Command("ls", "ls"),
    "compile": _Command("compile_", "compile_"),
    "config": _Command("config", "config"),
    "show": _Command("show", "show"),
    "explain": _Command("explain", "explain"),
    "lint": _Command("lint", "lint"),
    "build": _Command("build", "build"),
    "test": _Command("test", "run"),
    "push": _Command("push", "push"),
    "status": _Command("status", "status"),
    "report": _Command("report", "report"),
    "retry": _Command("retry", "retry"),
    "resolve": _Command("resolve", "resolve"),
    "clean": _Command("clean", "clean"),
    "forget": _Command("forget", "forget"),
    "sandbox": _Command("sandbox", "sandbox"),
}
_GROUPS = {
    "audience": {
        "list": _Command("audience", "list_", "LIST_HELP"),
        "forecast": _Command("audience", "forecast", "FORECAST_HELP"),
        "adopt": _Command("audience", "adopt", "ADOPT_HELP"),
        "reconcile": _Command("audience", "reconcile", "RECONCILE_HELP"),
    },
    "auth": {
        "login": _Command("auth", "login", "LOGIN_HELP"),
        "status": _Command("auth", "status", "STATUS_HELP"),
        "revoke": _Command("auth", "revoke", "REVOKE_HELP"),
        "logout": _Command("auth", "logout", "LOGOUT_HELP"),
    },
}


def _version(value: bool) -> None:  # noqa: FBT001 -- typer calls it so
    if value:
        typer.echo(f"pusher {__version__}")
        raise typer.Exit


def _shared(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Send offline conversions and custom audiences to TikTok from SQL models."""


@cache
def app() -> typer.Typer:
    """Return the program with all its commands."""
    program = _program()
    for name, command in _COMMANDS.items():
        _register(program, name, command)
    for name, commands in _GROUPS.items():
        help_ = import_module(f"pusher.cli.{name}").GROUP_HELP
        group = typer.Typer(help=help_, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)
        for one, command in commands.items():
            _register(group, one, command)
        program.add_typer(group, name=name)
    return program


def _program() -> typer.Typer:
    program = typer.Typer(
        help="Send offline conversions and custom audiences to TikTok from SQL models.",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    program.callback()(_shared)
    return program


def _register(program: typer.Typer, name: str, command: _Command) -> None:
    module = import_module(f"pusher.cli.{command.module}")
    # A command that reads identifiers takes words that begin like an option.
    settings = getattr(module, "CONTEXT", None)
    program.command(name, help=getattr(module, command.help), context_settings=settings)(
        getattr(module, command.function)
    )


def _show(error: typer.TyperException) -> None:
    """Print what is wrong with a command line, which quotes it: a token may have been typed by mistake."""
    from pusher.transport.redaction import redact_lines

    with io.StringIO() as shown:
        getattr(error, "show", lambda **_: None)(file=shown)
        typer.echo(redact_lines(shown.getvalue()), err=True, nl=False)


@cache
def command_line() -> Any:
    """Return the group of all commands, made once in a process: it takes 30 ms, which many runs of one process need."""
    return typer.main.get_command(app())


@cache
def _alone(name: str) -> Any:
    """Return the group of all commands with one of them in it, for a command line that begins with its name."""
    program = _program()
    _register(program, name, _COMMANDS[name])
    return typer.main.get_command(program)


def run(words: Sequence[str]) -> int:
    """Run one command and return the exit code.

    Args:
        words: The command line without the program's name.
    """
    group = _alone(words[0]) if words and words[0] in _COMMANDS else command_line()
    try:
        return int(group(list(words), prog_name="pusher", standalone_mode=False) or 0)
    except typer.TyperException as error:
        # A command or an option that is not known: no command ran, so nothing has printed it yet.
        _show(error)
        from pusher.cli.dbt_words import instead_of

        instead = instead_of(words, getattr(error, "option_name", None))
        if instead is not None:
            typer.echo(instead, err=True)
        if {"--json", "--format=json"} & set(words) or "--format json" in " ".join(words):
            from pusher.transport.redaction import redact

            command = next((word for word in words if not word.startswith("-")), None)
            problem = Problem("usage", redact(error.format_message()), fix=instead or "See `pusher --help`.")
            print_envelope(command, 2, (problem,))
        return 2
