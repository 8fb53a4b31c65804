"""All commands, registered explicitly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from pusher.cli import (
    audience,
    build,
    clean,
    compile_,
    config,
    debug,
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
audiences.command("adopt", help=audience.ADOPT_HELP)(audience.adopt)
audiences.command("reconcile", help=audience.RECONCILE_HELP)(audience.reconcile)
app.add_typer(audiences, name="audience")
app.command("forget", help=forget.HELP, context_settings=forget.CONTEXT)(forget.forget)
app.command("sandbox", help=sandbox.HELP)(sandbox.sandbox)


def run(words: Sequence[str]) -> int:
    """Run one command and return the exit code.

    Args:
        words: The command line without the program's name.
    """
    try:
        return int(app(list(words), prog_name="pusher", standalone_mode=False) or 0)
    except typer.TyperException as error:
        # A command or an option that is not known: no command ran, so nothing has printed it yet.
        getattr(error, "show", lambda: None)()
        if {"--json", "--format=json"} & set(words) or "--format json" in " ".join(words):
            command = next((word for word in words if not word.startswith("-")), None)
            problem = Problem("usage", error.format_message(), fix="See `pusher --help`.")
            print_envelope(command, 2, (problem,), {})
        return 2
