"""All commands, registered explicitly."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any

import typer

from pusher.cli import (
    audience,
    auth,
    build,
    clean,
    compile_,
    config,
    debug,
    doctor,
    explain,
    forget,
    import_,
    init,
    lint,
    ls,
    push,
    report,
    resolve,
    retry,
    sandbox,
    show,
    status,
    test,
)
from pusher.cli.session import print_envelope
from pusher.errors import Problem
from pusher.version import __version__

app = typer.Typer(
    help="Send offline conversions and custom audiences to TikTok from SQL models.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:  # noqa: FBT001 -- typer calls it so
    if value:
        typer.echo(f"pusher {__version__}")
        raise typer.Exit


@app.callback()
def _shared(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Send offline conversions and custom audiences to TikTok from SQL models."""


app.command("init", help=init.HELP)(init.init)
app.command("import", help=import_.HELP)(import_.import_)
app.command("debug", help=debug.HELP)(debug.debug)
app.command("doctor", help=doctor.HELP)(doctor.doctor)
app.command("ls", help=ls.HELP)(ls.ls)
app.command("compile", help=compile_.HELP)(compile_.compile_)
app.command("config", help=config.HELP)(config.config)
app.command("show", help=show.HELP)(show.show)
app.command("explain", help=explain.HELP, context_settings=explain.CONTEXT)(explain.explain)
app.command("lint", help=lint.HELP)(lint.lint)
app.command("build", help=build.HELP)(build.build)
app.command("test", help=test.HELP)(test.run)
app.command("push", help=push.HELP)(push.push)
app.command("status", help=status.HELP)(status.status)
app.command("report", help=report.HELP)(report.report)
app.command("retry", help=retry.HELP)(retry.retry)
app.command("resolve", help=resolve.HELP)(resolve.resolve)
app.command("clean", help=clean.HELP)(clean.clean)
audiences = typer.Typer(
    help=audience.GROUP_HELP, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False
)
audiences.command("list", help=audience.LIST_HELP)(audience.list_)
audiences.command("forecast", help=audience.FORECAST_HELP)(audience.forecast)
audiences.command("adopt", help=audience.ADOPT_HELP)(audience.adopt)
audiences.command("reconcile", help=audience.RECONCILE_HELP)(audience.reconcile)
app.add_typer(audiences, name="audience")
access = typer.Typer(help=auth.GROUP_HELP, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)
access.command("login", help=auth.LOGIN_HELP, context_settings=auth.CONTEXT)(auth.login)
access.command("status", help=auth.STATUS_HELP, context_settings=auth.CONTEXT)(auth.status)
access.command("revoke", help=auth.REVOKE_HELP, context_settings=auth.CONTEXT)(auth.revoke)
access.command("logout", help=auth.LOGOUT_HELP, context_settings=auth.CONTEXT)(auth.logout)
app.add_typer(access, name="auth")
app.command("forget", help=forget.HELP, context_settings=forget.CONTEXT)(forget.forget)
app.command("sandbox", help=sandbox.HELP)(sandbox.sandbox)


def _show(error: typer.TyperException) -> None:
    """Print what is wrong with a command line, which quotes it: a token may have been typed by mistake."""
    from pusher.transport.redaction import redact_lines

    with io.StringIO() as shown:
        getattr(error, "show", lambda **_: None)(file=shown)
        typer.echo(redact_lines(shown.getvalue()), err=True, nl=False)


@cache
def command_line() -> Any:
    """Return the group of all commands, made once in a process: it takes 30 ms, which many runs of one process need."""
    return typer.main.get_command(app)


def run(words: Sequence[str]) -> int:
    """Run one command and return the exit code.

    Args:
        words: The command line without the program's name.
    """
    try:
        return int(command_line()(list(words), prog_name="pusher", standalone_mode=False) or 0)
    except typer.TyperException as error:
        # A command or an option that is not known: no command ran, so nothing has printed it yet.
        _show(error)
        if {"--json", "--format=json"} & set(words) or "--format json" in " ".join(words):
            from pusher.transport.redaction import redact

            command = next((word for word in words if not word.startswith("-")), None)
            problem = Problem("usage", redact(error.format_message()), fix="See `pusher --help`.")
            print_envelope(command, 2, (problem,), {})
        return 2
