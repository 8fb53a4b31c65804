"""One attempt to be authorised: a state that nobody can guess, good for one answer and a short time."""

from __future__ import annotations

import secrets
import threading
from urllib.parse import parse_qs, urlsplit

from pusher.clock import Clock
from pusher.destinations.tiktok import oauth
from pusher.errors import ConfigError, DestinationRefused, Problem

_STATE_BYTES = 32
_MOST_PARAMETERS = 20
_AGAIN = "Run `pusher auth login` again and use the address that it prints."


class Attempt:
    """An attempt; safe to share between threads.

    Args:
        redirect_uri: Where TikTok sends the browser.
        lifetime_s: How long an answer counts.
        clock: Source of monotonic time.
    """

    def __init__(self, redirect_uri: str, *, lifetime_s: float, clock: Clock) -> None:
        self.redirect_uri = redirect_uri
        self.state = secrets.token_urlsafe(_STATE_BYTES)
        self._clock = clock
        self._ends_at_s = clock.monotonic_s() + lifetime_s
        self._lock = threading.Lock()
        self._is_taken = False

    @property
    def left_s(self) -> float:
        """Seconds in which an answer still counts; 0 or less when none does."""
        return self._ends_at_s - self._clock.monotonic_s()

    def take(self, query: str) -> str:
        """Return the code of the one answer; whatever it is, no second one counts.

        Args:
            query: Of the redirect, without the question mark. No message repeats it.

        Raises:
            ConfigError: It is not the answer to this attempt, the second one, or too late.
            DestinationRefused: TikTok gave no code.
        """
        with self._lock:
            is_second, self._is_taken = self._is_taken, True
        if is_second:
            raise _refused("second-answer", "A second answer came; only the first one counts.")
        if self.left_s <= 0:
            raise _refused("late-answer", "The answer came too late.")
        try:
            given = parse_qs(query, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
        except ValueError:
            given = {}
        states = given.get("state", [])
        if len(states) != 1 or not secrets.compare_digest(states[0].encode(), self.state.encode()):
            message = "The answer does not belong to this login: its state is missing or another one."
            raise _refused("wrong-state", message)
        code = oauth.code_of(given)
        if code is None:
            message = "TikTok sent no code: the consent was refused, or the app may not ask for it."
            fix = "Consent as Admin or Operator of the ad account; with Analyst TikTok grants nothing."
            raise DestinationRefused(Problem("no-code", message, fix=fix))
        return code

    def take_url(self, url: str) -> str:
        """Return the code of a redirect that a person pasted.

        Raises:
            ConfigError: It is not the redirect URL, or as `take`.
            DestinationRefused: TikTok gave no code.
        """
        text = url.strip()
        try:
            parts = urlsplit(text)
        except ValueError:
            parts = urlsplit("")
        if f"{parts.scheme}://{parts.netloc}{parts.path}" != self.redirect_uri:
            fix = f"Paste the whole address that the browser ends at; it starts with {self.redirect_uri}?"
            raise ConfigError(Problem("no-redirect", "This is not the address of the redirect.", fix=fix))
        return self.take(parts.query)


def _refused(code: str, message: str) -> ConfigError:
    return ConfigError(Problem(code, message, fix=_AGAIN))
