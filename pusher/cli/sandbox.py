"""`pusher sandbox`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pusher.cli import options
from pusher.cli.options import parse_clock
from pusher.cli.session import session
from pusher.clock import FixedClock, SystemClock

HELP = """Serve a TikTok stand-in on 127.0.0.1; its base_url is the first line printed.

Example: pusher sandbox --port 9001 --state sandbox.sqlite"""


def sandbox(
    *,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port, 0 for a free one.")] = 0,
    state: Annotated[Path, typer.Option("--state", help="SQLite file that outlives the command.")] = Path(
        "sandbox.sqlite"
    ),
    faults: Annotated[Path | None, typer.Option("--faults", help="JSON file with scripted faults.")] = None,
    require_token: Annotated[
        bool, typer.Option("--require-token", help="Let in only tokens of `pusher auth login` with this sandbox.")
    ] = False,
    clock: options.ClockAt = None,
) -> None:
    """Serve the sandbox."""
    with session("sandbox"):
        from pusher.destinations.tiktok.sandbox_server import serve

        moment = parse_clock(clock)
        now = FixedClock(moment).now if moment else SystemClock().now
        serve(
            port=port,
            state_file=state,
            faults_file=faults,
            now=now,
            announce=typer.echo,
            requires_token=require_token,
        )
