"""What a destination must offer: the API that views are pushed to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pusher.contracts.answers import Answer, Failure, Verdict
from pusher.contracts.audiences import AudienceApi, FileAudienceApi
from pusher.contracts.preflight import PreflightApi
from pusher.errors import Problem
from pusher.payload.model import Payload

if TYPE_CHECKING:
    from pusher.config import DestinationSettings, Secret

LOGIN = "pusher auth login"
"""Makes a token; for a credential by name, its name follows."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a destination is reached.

    Attributes:
        base_url: URL up to and including the API version, no trailing slash.
        headers: Headers of every request, secrets included; never logged.
        app: In-process WSGI application that serves `base_url`, or None for a real socket.
        shown_as: How the base URL is printed and stored (`sandbox` for the embedded one).
        totals: What an embedded stand-in has counted over its whole life, by name; None for a real socket.
        credential: Name of the stored credential whose token the headers carry, or None.
        login: Command that makes another token in its place.
    """

    base_url: str
    headers: Mapping[str, str]
    app: Callable[..., Iterable[bytes]] | None
    shown_as: str
    totals: Callable[[], Mapping[str, int]] | None = None
    credential: str | None = None
    login: str = LOGIN

    def refused(self, problem: Problem) -> Problem:
        """Return a problem of a request with its credential: a login that the remedy asks for is one of that name."""
        if self.credential is None:
            return problem
        fix = problem.fix and problem.fix.replace(f"`{LOGIN}`", f"`{self.login}`")
        return replace(problem, fix=fix, credential=self.credential)


class Endpoints:
    """Where a destination is reached by the views of each kind, which may have tokens of their own.

    An endpoint is made when it is first asked for, so that a token is needed only where it is sent.

    Args:
        shown_as: How the base URL is printed and stored.
        make: Returns the endpoint of a kind of views, `events` or `audience`; raises ConfigError when its token is
            missing.
    """

    def __init__(self, shown_as: str, make: Callable[[str], Endpoint]) -> None:
        self.shown_as = shown_as
        self._make = make
        self._made: dict[str, Endpoint] = {}

    def of(self, kind: str) -> Endpoint:
        """Return the endpoint for requests about views of a kind.

        Raises:
            ConfigError: The token is missing, or its credential cannot be read.
        """
        if kind not in self._made:
            self._made[kind] = self._make(kind)
        return self._made[kind]

    def totals(self) -> dict[str, int] | None:
        """Return what an embedded stand-in has counted over its whole life, or None for a real socket."""
        counting = next((one.totals for one in self._made.values() if one.totals is not None), None)
        return None if counting is None else dict(counting())


@dataclass(frozen=True, slots=True)
class ErrorClass:
    """A kind of error that a run can end with.

    Attributes:
        name: Stable kebab-case name.
        title: A few words.
        words: What it means, in a sentence or two.
        resolutions: Names of what can be done about it.
    """

    name: str
    title: str
    words: str
    resolutions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Resolution:
    """Something that can be done about an error.

    Attributes:
        name: Stable kebab-case name.
        title: What it does, in a few words.
        who: `tool`, or `person` for what only a person can do elsewhere.
        steps: What a person does, in sentences; words in braces stand for facts of the run.
        settings: Settings whose value and place belong to it.
        command: Words of the command that the tool runs; those in braces stand for facts of the run.
        when: Name of the condition under which it applies.
        needs: What a person has to say before it is run: `yes`, `audience-id`, or None.
    """

    name: str
    title: str
    who: str
    steps: tuple[str, ...]
    settings: tuple[str, ...]
    command: tuple[str, ...]
    when: str
    needs: str | None


class Destination(Protocol):
    """An API that destination views are pushed to."""

    name: str
    payloads: Mapping[str, Payload]

    @property
    def audiences(self) -> AudienceApi:
        """How it is told who is in an audience."""
        ...

    @property
    def file_audiences(self) -> FileAudienceApi:
        """How it is given the members of an audience as files."""
        ...

    @property
    def preflight(self) -> PreflightApi:
        """What it can be asked before anything is sent."""
        ...

    def source_id(self, payload: Payload, settings: DestinationSettings) -> str | None:
        """Return the setting that names the event source when the row does not.

        Raises:
            ConfigError: The setting is there but not in its form.
        """

    def endpoint(
        self,
        settings: DestinationSettings,
        *,
        state_dir: Path,
        now: Callable[[], datetime],
        token: Secret | None,
        part: str | None = None,
    ) -> Endpoint:
        """Return where requests go.

        Args:
            settings: The destination's block.
            state_dir: Folder of an embedded stand-in's state.
            now: The run's clock.
            token: The token of the requests, or None when there is none.
            part: Part of the block that gives the token, or None.

        Raises:
            ConfigError: The base URL is not allowed, or the token is missing.
        """

    def envelope(self, payload: Payload, source_id: str, test_event_code: str | None) -> tuple[bytes, bytes]:
        """Return the bytes before and after the JSON array of rows."""

    def verdict(self, result: Answer | Failure, *, rows: int, earlier: Collection[str | None] = ()) -> Verdict:
        """Classify the result of one attempt by the contract.

        Args:
            result: What the transport returned.
            rows: Rows in the request.
            earlier: Classes of the earlier attempts with the same bytes, None for one that nobody saw the end of.
        """

    def column_named(self, payload: Payload, message: str) -> str | None:
        """Return the column that the destination's words about a refused row name, or None if they name none."""

    def error_class(self, code: str, return_code: int | None, *, of_audience: bool) -> str:
        """Return the class of an error, by the destination's code or by our own name of the problem.

        Args:
            code: Our own name; `tiktok-` and the class of an answer is one too.
            return_code: The destination's code, or None.
            of_audience: It is about an audience, where some answers mean something else.
        """
