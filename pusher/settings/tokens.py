"""Which token the requests about each kind of views carry, who says so, and what it would be otherwise.

Whoever speaks of fewer requests comes first: the run, then the part of the destination's block for these views, then
what stands beside the parts, the environment and the user's credentials for all of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC

from pusher.clock import Clock
from pusher.config import DestinationSettings, KeyPath, Secret, suggest
from pusher.contracts import LOGIN
from pusher.credentials import DEFAULT_NAME, Credential, CredentialStore
from pusher.errors import ConfigError, Problem
from pusher.settings.layers import DESTINATION, RUN, Given

TOKEN_VARIABLE = "TIKTOK_ACCESS_TOKEN"  # noqa: S105 -- the variable's name, not a token
TOKEN, CREDENTIAL = "access_token", "credential"
SETTING, ENVIRONMENT = "access_token", "environment"


@dataclass(frozen=True, slots=True)
class TokenSource:
    """One place that gives a token.

    Attributes:
        kind: `access_token` of the settings, `environment`, or `credential`.
        secret: The token that settings or environment give; None for a credential, which the user's store has.
        credential: Name of the credential, or None.
        given: What a layer says, with its place; None for the environment, and for the credential of everybody else.
        part: Part of the block that says so, or None.
    """

    kind: str
    secret: Secret | None = None
    credential: str | None = None
    given: Given | None = None
    part: str | None = None


@dataclass(slots=True)
class Tokens:
    """The tokens of one target.

    Args:
        block: The destination's block in profiles.yml.
        of_run: Credential that `--set` names, or None.
        is_embedded: Requests go to the sandbox in this process, which needs none.
        clock: The run's clock.
    """

    block: DestinationSettings
    of_run: str | None
    is_embedded: bool
    clock: Clock
    _read: dict[str, Credential | None] = field(default_factory=dict, init=False)
    """What was read of the user's store, once: a keyring may ask its owner each time."""

    def sources(self, kind: str) -> Iterator[TokenSource]:
        """Yield every place that gives a token for views of a kind, the strongest first.

        Args:
            kind: `events` or `audience`.
        """
        from pusher.destinations.tiktok.settings import FAMILIES

        if self.of_run is not None:
            yield TokenSource(CREDENTIAL, credential=self.of_run, given=Given(RUN, self.of_run))
        part = FAMILIES[kind]
        values = self.block.values.get(part)
        own = values if isinstance(values, Mapping) else {}
        yield from self._setting(own.get(TOKEN), part)
        yield from self._named(own.get(CREDENTIAL), part)
        yield from self._setting(self.block.access_token, None)
        if variable := os.environ.get(TOKEN_VARIABLE):
            yield TokenSource(ENVIRONMENT, secret=Secret(variable))
        yield from self._named(self.block.values.get(CREDENTIAL), None)
        yield TokenSource(CREDENTIAL, credential=DEFAULT_NAME)

    def asked_for(self, kinds: Iterable[str]) -> dict[str, list[str]]:
        """Return the names of the credentials that the settings ask for, each with the parts of the block it serves.

        Where every token is given otherwise, they are those that would be asked for without it.

        Args:
            kinds: Kinds of views.
        """
        from pusher.destinations.tiktok.settings import FAMILIES

        given = {kind: list(self.sources(kind)) for kind in kinds}
        needed = {kind: found for kind, found in given.items() if found[0].credential is not None} or given
        names: dict[str, list[str]] = {}
        for kind, found in needed.items():
            name = next(one.credential for one in found if one.credential is not None)
            names.setdefault(name, []).append(FAMILIES[kind])
        return names

    def source(self, kind: str) -> TokenSource | None:
        """Return the place whose token counts, or None where requests need none; a credential may not be there."""
        return None if self.is_embedded else next(self.sources(kind))

    def by_token(self, kinds: Iterable[str]) -> list[tuple[str, ...]]:
        """Return kinds of views in groups whose requests carry the same token."""
        groups: dict[tuple[str | None, str | None] | None, list[str]] = {}
        for kind in dict.fromkeys(kinds):
            source = self.source(kind)
            # One token may be named at several places.
            told = None if source is None else (source.credential, source.secret.reveal() if source.secret else None)
            groups.setdefault(told, []).append(kind)
        return [tuple(group) for group in groups.values()]

    def credential(self, kind: str) -> Credential | None:
        """Return the credential whose token counts; None when requests need none, or it is given elsewhere or missing.

        Raises:
            ConfigError: The credential cannot be read, or the settings name one that is not there.
        """
        source = self.source(kind)
        if source is None or source.credential is None:
            return None
        name = source.credential
        if name not in self._read:
            self._read[name] = CredentialStore().get(name)
        found = self._read[name]
        if found is None and source.given is not None:
            raise ConfigError(self.missing(source))
        return found

    def secret(self, kind: str) -> Secret | None:
        """Return the token of requests about views of a kind, or None when there is none.

        Raises:
            ConfigError: As `credential`.
        """
        credential, source = self.credential(kind), self.source(kind)
        if credential is not None:
            return credential.token
        return None if source is None else source.secret

    def note_use(self, kind: str) -> None:
        """Note at the credential, if one is used, that its token is sent now.

        Raises:
            ConfigError: As `credential`.
        """
        credential = self.credential(kind)
        if credential is not None:
            CredentialStore().used(credential.name, self.clock.now().astimezone(UTC).replace(tzinfo=None))

    def missing(self, source: TokenSource) -> Problem:
        """Return what to tell a person about a credential that the settings name and that is not there."""
        name, block = source.credential or DEFAULT_NAME, self.block
        near = suggest(name, CredentialStore().names())
        whose = f"`{source.part}` of this target" if source.part else "this target"
        fix = (
            f"Did you mean `{near}`?"
            if near
            else f"Authorise with `{LOGIN} --name {name}`, or set access_token of {whose} in {block.document.file}"
            + ("." if source.part else f", or the environment variable {TOKEN_VARIABLE}.")
        )
        message = f"There is no credential `{name}`"
        message += f", which `{source.part}` of this target names." if source.part else "."
        place = source.given or Given(DESTINATION, name, block.document.file)
        return replace(place.problem("no-credential", message, fix), credential=name)

    def _setting(self, token: Secret | None, part: str | None) -> Iterator[TokenSource]:
        if token:
            yield TokenSource(SETTING, secret=token, given=self._given(TOKEN, token, part), part=part)

    def _named(self, name: object, part: str | None) -> Iterator[TokenSource]:
        if name:
            given = self._given(CREDENTIAL, name, part)
            yield TokenSource(CREDENTIAL, credential=str(name), given=given, part=part)

    def _given(self, key: str, value: object, part: str | None) -> Given:
        path: KeyPath = (*self.block.path, *((part,) if part else ()), key)
        line, column = self.block.document.lines.get(path, (None, None))
        return Given(DESTINATION, value, self.block.document.file, line, column)
