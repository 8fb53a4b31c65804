"""Who is told how a run ended, as pusher.yml says it.

A webhook's URL and the password of an e-mail account are secrets: only the name of the environment variable that
holds one is written down, and it is read when somebody is to be told.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pusher.config.strict_yaml import Document, KeyPath
from pusher.errors import Problem

EVENTS = ("failure", "success", "findings")
_KEYS = tuple(f"on_{event}" for event in EVENTS)
_VARIABLE = re.compile(r"\{\{\s*env_var\(\s*(['\"])([A-Za-z_][A-Za-z0-9_]*)\1\s*\)\s*\}\}")
_ADDRESS = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+")
_EMAIL = ("server", "port", "security", "ca_file", "from", "to", "user", "password")
_MOST_PORT = 65_535
Security = Literal["starttls", "tls", "none"]
SECURITIES: tuple[Security, ...] = ("starttls", "tls", "none")
_PORTS: Mapping[str, int] = {"starttls": 587, "tls": 465, "none": 25}


@dataclass(frozen=True, slots=True)
class Webhook:
    """A URL that takes JSON with a `text`.

    Attributes:
        variable: Environment variable that holds the URL.
    """

    variable: str


@dataclass(frozen=True, slots=True)
class Email:
    """An account that sends mail.

    Attributes:
        server: Host of the SMTP server.
        port: Its port.
        security: `starttls`, `tls`, or `none` for a server on this machine.
        sender: Address that it comes from.
        to: Addresses that it goes to.
        user: Account, or None to send without one.
        password: Environment variable that holds its password, or None.
        ca_file: Further certificate authorities, or None.
    """

    server: str
    port: int
    security: Security
    sender: str
    to: tuple[str, ...]
    user: str | None = None
    password: str | None = None
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """A program that is given the summary as JSON.

    Attributes:
        words: The program and its arguments; no shell reads them.
    """

    words: tuple[str, ...]


Channel = Webhook | Email | Command


@dataclass(frozen=True, slots=True)
class Alerts:
    """Who is told, by how a run ended.

    Attributes:
        failure: When it did not finish, or somebody has to act.
        success: When everything is settled.
        findings: When it finished and somebody should look.
    """

    failure: tuple[Channel, ...] = ()
    success: tuple[Channel, ...] = ()
    findings: tuple[Channel, ...] = ()

    def of(self, event: str) -> tuple[Channel, ...]:
        """Return who is told of an event."""
        channels: tuple[Channel, ...] = getattr(self, event)
        return channels

    @property
    def everybody(self) -> tuple[Channel, ...]:
        """Everybody who may be told, each once."""
        return tuple(dict.fromkeys(channel for event in EVENTS for channel in self.of(event)))


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def read_alerts(document: Document, found: Mapping[Any, Any], problems: list[Problem]) -> Alerts:
    """Return who is told; what is wrong with the mapping goes to `problems`."""
    problems += document.unknown_keys(found, _KEYS, ("alerts",))
    reader = _Reader(document, problems)
    return Alerts(**{event: reader.channels(found.get(f"on_{event}"), ("alerts", f"on_{event}")) for event in EVENTS})


@dataclass(frozen=True, slots=True)
class _Reader:
    document: Document
    problems: list[Problem] = field(default_factory=list)

    def channels(self, found: Any, path: KeyPath) -> tuple[Channel, ...]:
        if found is None:
            return ()
        if not isinstance(found, list):
            self._wrong(path, f"`{path[-1]}` must be a list.", "Write one `- webhook: ...` a line below it.")
            return ()
        read = (self._channel(one, (*path, number)) for number, one in enumerate(found))
        return tuple(channel for channel in read if channel is not None)

    def _wrong(self, path: KeyPath, message: str, fix: str) -> None:
        self.problems.append(self.document.problem("alerts", message, path, fix))

    def _channel(self, found: Any, path: KeyPath) -> Channel | None:
        if not isinstance(found, dict) or len(found) != 1:
            self._wrong(
                path, "An alert has one channel.", "Write `- webhook: ...`, `- email: ...` or `- command: ...`."
            )
            return None
        ((kind, value),) = found.items()
        here = (*path, kind)
        match kind:
            case "webhook":
                return self._webhook(value, here)
            case "email":
                return self._email(value, here)
            case "command":
                return self._command(value, here)
            case _:
                self.problems.extend(self.document.unknown_keys(found, ("webhook", "email", "command"), path))
                return None

    def _variable(self, value: Any, path: KeyPath, what: str) -> str | None:
        # The value is never quoted: somebody may have written the secret itself.
        read = _VARIABLE.fullmatch(value.strip()) if isinstance(value, str) else None
        if read is None:
            fix = f"Write {path[-1]}: \"{{{{ env_var('PUSHER_ALERT') }}}}\", and put the {what} into that variable."
            self._wrong(path, f"The {what} is a secret, and comes from an environment variable only.", fix)
            return None
        return read[2]

    def _webhook(self, value: Any, path: KeyPath) -> Webhook | None:
        variable = self._variable(value, path, "URL")
        return None if variable is None else Webhook(variable)

    def _command(self, value: Any, path: KeyPath) -> Command | None:
        if not isinstance(value, list) or not value or not all(isinstance(one, str) and one for one in value):
            self._wrong(path, "`command` must be a list of texts.", "Write command: [/usr/bin/program, argument].")
            return None
        return Command(tuple(value))

    def _email(self, value: Any, path: KeyPath) -> Email | None:
        if not isinstance(value, dict):
            fix = "Write server, from and to, each on a line below it."
            self._wrong(path, "`email` must be a mapping.", fix)
            return None
        before = len(self.problems)
        self.problems.extend(self.document.unknown_keys(value, _EMAIL, path))
        server, port, security = self._server(value, path)
        ca_file = value.get("ca_file")
        if ca_file is not None and (not isinstance(ca_file, str) or not Path(ca_file).is_absolute()):
            fix = "Give the path of certificates in PEM form."
            self._wrong((*path, "ca_file"), "`ca_file` must be an absolute path.", fix)
        sender, to = self._addresses(value, path)
        user, password = self._login(value, path)
        if len(self.problems) > before:
            return None
        return Email(server, port, security, sender, to, user, password, None if ca_file is None else Path(ca_file))

    def _server(self, value: Mapping[Any, Any], path: KeyPath) -> tuple[str, int, Security]:
        server, given = value.get("server"), value.get("security", "starttls")
        if not isinstance(server, str) or not server or set(server) & set(" /@"):
            self._wrong((*path, "server"), "`server` must be the name of a host.", "Write server: smtp.example.com.")
        security = next((known for known in SECURITIES if known == given), None)
        if security is None:
            self._wrong((*path, "security"), "`security` must be starttls, tls or none.", "Write security: starttls.")
        elif security == "none" and not is_loopback(str(server)):
            self._wrong((*path, "security"), "Mail without TLS is for this machine only.", "Write security: starttls.")
        security = security or "starttls"
        port = value.get("port", _PORTS[security])
        if isinstance(port, bool) or not isinstance(port, int) or not 1 <= port <= _MOST_PORT:
            self._wrong((*path, "port"), "`port` must be a number from 1 to 65535.", "Write port: 587.")
        return str(server), port, security

    def _addresses(self, value: Mapping[Any, Any], path: KeyPath) -> tuple[str, tuple[str, ...]]:
        def is_address(found: Any) -> bool:
            return isinstance(found, str) and _ADDRESS.fullmatch(found) is not None

        sender, to = value.get("from"), value.get("to")
        if not is_address(sender):
            self._wrong((*path, "from"), "`from` must be an address.", "Write from: pusher@example.com.")
        if not isinstance(to, list) or not to or not all(map(is_address, to)):
            self._wrong((*path, "to"), "`to` must be a list of addresses.", "Write to: [data-team@example.com].")
            to = []
        return str(sender), tuple(to)

    def _login(self, value: Mapping[Any, Any], path: KeyPath) -> tuple[str | None, str | None]:
        user = value.get("user")
        if user is not None and (not isinstance(user, str) or not user):
            self._wrong((*path, "user"), "`user` must be text.", "Put it in quotes.")
        if (user is None) != ("password" not in value):
            self._wrong(path, "`user` and `password` go together.", "Give both, or neither.")
        elif user is not None:
            return user, self._variable(value["password"], (*path, "password"), "password")
        return user, None
