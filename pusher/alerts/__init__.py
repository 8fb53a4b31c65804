"""Tells people and programs how a run ended: by a webhook, by e-mail, by a command.

Nothing here raises: an alert that fails is told in one sentence that holds no secret.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from pathlib import Path
from threading import Thread

from pusher.alerts.message import Message
from pusher.alerts.send_command import run_command
from pusher.alerts.send_mail import mail
from pusher.alerts.send_webhook import call_webhook
from pusher.clock import Clock
from pusher.config.alerts import Channel, Command, Email, Webhook

LONGEST_S = 30.0
"""Time that one alert may take, whatever the other side does."""

__all__ = ["LONGEST_S", "Message", "deliver", "name_of"]


def name_of(channel: Channel) -> str:
    """Return the name of a kind of channel."""
    return {Webhook: "webhook", Email: "email", Command: "command"}[type(channel)]


def deliver(
    channel: Channel, message: Message, *, clock: Clock, root: Path, longest_s: float = LONGEST_S
) -> tuple[str, str | None]:
    """Tell one channel.

    Args:
        channel: Who is told.
        message: What.
        clock: Monotonic time.
        root: Folder that a command runs in.
        longest_s: Time that it may take.

    Returns:
        What the channel is called in public, and why it failed, or None.
    """
    match channel:
        case Webhook():
            return call_webhook(channel, message, clock=clock)
        case Email():
            target = f"{channel.server}:{channel.port}"
            return target, _within(longest_s, lambda: mail(channel, message, timeout_s=longest_s))
        case Command():
            return Path(channel.words[0]).name, run_command(channel, message, root=root, longest_s=longest_s)


def _within(longest_s: float, work: Callable[[], str | None]) -> str | None:
    """Return what work returns; what takes longer is left behind, and ends with this process."""
    done: Future[str | None] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except Exception as error:  # noqa: BLE001 -- whatever it is, an alert never ends a push
            done.set_result(f"It failed by {type(error).__name__}.")

    Thread(target=run, name="pusher-alert", daemon=True).start()
    try:
        return done.result(longest_s)
    except FutureTimeoutError:
        return f"It took longer than {longest_s:g} seconds."
