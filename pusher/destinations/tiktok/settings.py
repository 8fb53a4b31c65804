"""The `tiktok:` block of profiles.yml, and where it says to send.

Every problem of the block is found at once. A number where an id belongs is refused rather than written out again:
YAML may have changed it already.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from pusher.config import DestinationSettings, KeyPath, Secret
from pusher.contracts import Endpoint
from pusher.destinations.tiktok.facts import contract, tables
from pusher.errors import ConfigError, Problem
from pusher.payload.model import Contract, Payload

SANDBOX = "sandbox"
SANDBOX_STATE_FILE = "sandbox.sqlite"
TOKEN_VARIABLE = "TIKTOK_ACCESS_TOKEN"  # noqa: S105 -- the name of a variable
TOKEN = "access_token"  # noqa: S105 -- the name of a key
TOKEN_HEADER = "Access-Token"  # noqa: S105 -- the name of a header
_SANDBOX_ORIGIN = "http://sandbox.invalid"
_VERSIONED = re.compile(r"(?:/[0-9A-Za-z_.~-]+)*/v[0-9]+\.[0-9]+")
_TOKEN = re.compile(r"[\x21-\x7e]+")
DESTINATION, PART, TEMPLATE, RUN = LAYERS = ("destination", "part", "template", "run")
"""Where a setting may stand, the weakest first: profiles.yml, a part there, the model's `meta.pusher`, `--set`."""
FAMILIES = {"events": "events", "audience": "audiences"}
"""Kinds of views to the part of the block that holds settings for these only."""


@dataclass(frozen=True, slots=True)
class TikTokSettings:
    """The block with every form checked.

    Attributes:
        advertiser_ids: Ad accounts.
        requests_per_second: Rate, or None for the contract's default.
        concurrency: Requests in flight, or None for the caller's default.
        ca_file: Further certificate authorities.
        preflight: Whether a push looks at the account first, or None for what the base URL says.
    """

    advertiser_ids: tuple[str, ...]
    requests_per_second: float | None
    concurrency: int | None
    ca_file: Path | None
    preflight: bool | None = None


class SecretHeaders(dict[str, str]):
    """Headers that may hold the token, so that no printed endpoint shows it."""

    def __repr__(self) -> str:
        return "{****}" if self else "{}"


def read_settings(settings: DestinationSettings) -> TikTokSettings:
    """Check the block.

    Raises:
        ConfigError: With one problem for each key that is unknown or not in its form.
    """
    problems = _problems(settings)
    if problems:
        raise ConfigError(*problems)
    values = settings.values
    return TikTokSettings(
        advertiser_ids=tuple(values.get("advertiser_ids") or ()),
        requests_per_second=values.get("requests_per_second"),
        concurrency=values.get("concurrency"),
        ca_file=Path(values["ca_file"]).expanduser() if values.get("ca_file") else None,
        preflight=values.get("preflight"),
    )


def check_settings(settings: DestinationSettings) -> None:
    """Check what can be checked without a token, before anything is done.

    Raises:
        ConfigError: With one problem for each key that is unknown or not in its form.
    """
    problems = _problems(settings)
    if settings.base_url not in {None, SANDBOX}:
        problems += _base_url_problems(contract(), settings, str(settings.base_url).rstrip("/"))
    if problems:
        raise ConfigError(*problems)


def needs_token(settings: DestinationSettings) -> bool:
    """Say whether requests need a token: the sandbox and a server on this machine do not."""
    if settings.base_url is None:
        return True
    try:
        return settings.base_url != SANDBOX and not _is_loopback(urlsplit(settings.base_url))
    except ValueError:
        return True


def source_id(payload: Payload, settings: DestinationSettings) -> str | None:
    """Return the setting that names the event source when the row does not.

    Raises:
        ConfigError: The setting is there but not in its form.
    """
    key = payload.source_id_setting
    value = settings.values.get(key)
    if value is None:
        return None
    problems = _text_problems(settings, (key,), value, payload.source_id_pattern, payload.source_id.doc)
    if problems:
        raise ConfigError(*problems)
    return str(value)


def endpoint(
    facts: Contract,
    settings: DestinationSettings,
    *,
    state_dir: Path,
    now: Callable[[], datetime],
    token: Secret | None,
    part: str | None = None,
) -> Endpoint:
    """Return where requests go.

    Args:
        facts: The contract, for the production address and the allowed hosts.
        settings: The block; `base_url` decides.
        state_dir: Folder of the embedded sandbox's state.
        now: The run's clock, which the embedded sandbox shares.
        token: The token that was found, from whichever place.
        part: Part of the block that gives it, or None.

    Raises:
        ConfigError: The base URL is not allowed, the token is missing, or a key of the block is wrong.
    """
    problems = _problems(settings)
    if settings.base_url == SANDBOX:
        if problems:
            raise ConfigError(*problems)
        return _embedded_sandbox(facts, state_dir, now)
    base_url = (settings.base_url or facts.production_base_url).rstrip("/")
    problems += _base_url_problems(facts, settings, base_url)
    if token is not None:
        problems += _token_problems(settings, token, part)
    elif not problems and not _is_loopback(urlsplit(base_url)):
        problems.append(_token_missing(settings))
    if problems:
        raise ConfigError(*problems)
    headers = SecretHeaders({TOKEN_HEADER: token.reveal()} if token else {})
    return Endpoint(base_url, headers, app=None, shown_as=base_url)


def _embedded_sandbox(facts: Contract, state_dir: Path, now: Callable[[], datetime]) -> Endpoint:
    from pusher.destinations.tiktok.sandbox import sandbox_app

    base_url = _SANDBOX_ORIGIN + urlsplit(facts.production_base_url).path
    app = sandbox_app(state_dir / SANDBOX_STATE_FILE, facts, now)
    return Endpoint(base_url, {}, app=app, shown_as=SANDBOX, totals=app.totals)


# The base URL and the token


def _base_url_problems(facts: Contract, settings: DestinationSettings, base_url: str) -> list[Problem]:
    try:
        parts = urlsplit(base_url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return [_base_url_problem(settings, "`base_url` is not a URL.")]
    is_allowed = any(host == known or host.endswith(f".{known}") for known in facts.allowed_hosts)
    rules = (
        (not host or parts.scheme not in {"http", "https"}, "`base_url` is not an http or https URL."),
        ("@" in parts.netloc or parts.query or parts.fragment, "`base_url` holds more than host, port and path."),
        (not _VERSIONED.fullmatch(parts.path), "`base_url` does not end with the API version."),
        (not _is_loopback(parts) and parts.scheme != "https", "Plain http is for loopback only."),
        (not _is_loopback(parts) and not is_allowed, f"The token is never sent to {host}."),
    )
    broken = next((message for is_broken, message in rules if is_broken), None)
    return [] if broken is None else [_base_url_problem(settings, broken)]


def _base_url_problem(settings: DestinationSettings, message: str) -> Problem:
    fix = (
        "Write sandbox, leave base_url out for the real API, or give a URL up to and including the version, "
        "such as http://127.0.0.1:9001/open_api/v1.3."
    )
    return settings.document.problem("base-url", message, (*settings.path, "base_url"), fix)


def is_preflighted(settings: DestinationSettings) -> bool:
    """Say whether a push looks at the account before it sends anything.

    Servers on loopback are mostly stand-ins that know the endpoint of events only.
    """
    chosen = read_settings(settings).preflight
    if chosen is not None:
        return chosen
    return settings.base_url in {None, SANDBOX} or not _is_loopback(urlsplit(str(settings.base_url)))


def _is_loopback(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _token_problems(settings: DestinationSettings, token: Secret, part: str | None) -> list[Problem]:
    if _TOKEN.fullmatch(token.reveal()):
        return []
    fix = "Give the token alone: no Bearer before it, no space or line break around it."
    message = "The access token holds a character that no token has."
    path = (*settings.path, *((part,) if part else ()), TOKEN)
    return [settings.document.problem("access-token", message, path, fix)]


def _written_out(settings: DestinationSettings) -> Iterator[Problem]:
    """Yield a problem for each token that stands in the file, where the name of a variable should stand."""
    if not needs_token(settings):
        return
    fix = (
        f"Write \"{{{{ env_var('{TOKEN_VARIABLE}') }}}}\", or leave it out and authorise with `pusher auth login`; "
        "end the token at TikTok if others could have read the file."
    )
    parts = {name: part for name in FAMILIES.values() if isinstance(part := settings.values.get(name), Mapping)}
    given = [((), settings.access_token), *(((name,), part.get(TOKEN)) for name, part in parts.items())]
    for place, token in given:
        path = (*settings.path, *place, TOKEN)
        if token is not None and _is_written_out(settings, path):
            yield settings.document.problem("token-in-file", "The access token itself stands in the file.", path, fix)


def _is_written_out(settings: DestinationSettings, path: KeyPath) -> bool:
    value: Any = settings.document.value
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return isinstance(value, str) and "{{" not in value


def _token_missing(settings: DestinationSettings) -> Problem:
    name = settings.values.get("credential")
    login = f"pusher auth login --name {name}" if name else "pusher auth login"
    fix = (
        f"Authorise with `{login}`, or set access_token of this target in {settings.document.file}, or the environment "
        f"variable {TOKEN_VARIABLE}; `base_url: sandbox` needs none."
    )
    return settings.document.problem("no-access-token", "There is no access token for TikTok.", settings.path, fix)


# The other keys


def keys_of(layer: str, kind: str | None = None) -> tuple[str, ...]:
    """Return the settings that may stand in a layer, those of one kind of views or of all."""
    # What a template may say, a part may say too.
    layers = {layer, TEMPLATE} if layer == PART else {layer}
    keys = [
        key
        for key, form in tables("settings").items()
        if layers & set(form["layers"]) and kind in {None, form.get("kind", kind)}
    ]
    return (*keys, *(one.source_id_setting for one in contract().payloads.values() if kind in {None, one.kind}))


def _problems(settings: DestinationSettings) -> list[Problem]:
    families = {name: settings.values.get(name) for name in FAMILIES.values()}
    shared = {key: value for key, value in settings.values.items() if key not in families}
    known = [*keys_of(DESTINATION), *FAMILIES.values()]
    problems = settings.document.unknown_keys(settings.values, known, settings.path)
    problems += _written_out(settings)
    problems += _value_problems(settings, (), shared)
    for kind, name in FAMILIES.items():
        given = families[name]
        if isinstance(given, dict):
            problems += _family_problems(settings, kind, name, given)
        elif given is not None:
            fix = (
                f"Write one `key: value` a line below it, or leave it out: what stands beside it holds for {name} too."
            )
            problems.append(_wrong(settings, (name,), f"`{name}` must be a mapping.", fix))
    return problems


def _family_problems(settings: DestinationSettings, kind: str, name: str, given: Mapping[str, Any]) -> list[Problem]:
    known = keys_of(PART, kind)
    beside = [key for key in given if key not in known and key in keys_of(DESTINATION)]
    elsewhere = {key: part for other, part in FAMILIES.items() if other != kind for key in keys_of(PART, other)}
    problems = [
        _wrong(settings, (name, key), f"`{key}` is a setting of {elsewhere[key]}.", f"Put it below `{elsewhere[key]}`.")
        if key in elsewhere
        else _wrong(
            settings, (name, key), f"`{key}` is no setting of {name} alone.", f"Put it beside `{name}`, not below."
        )
        for key in beside
    ]
    others = {key: value for key, value in given.items() if key not in beside}
    problems += settings.document.unknown_keys(others, known, (*settings.path, name))
    if kind == "events" and given.get("visible_to_campaigns"):
        problems.append(_wrong(settings, (name, "visible_to_campaigns"), f"Events {NO_CAMPAIGNS}", NO_CAMPAIGNS_FIX))
    return problems + _value_problems(settings, (name,), others)


NO_CAMPAIGNS = "are never offered to campaigns: they go by query and orchestration only."
NO_CAMPAIGNS_FIX = "Take it out; audiences can be offered to campaigns."


def _value_problems(settings: DestinationSettings, path: tuple[str, ...], values: Mapping[str, Any]) -> list[Problem]:
    forms: Mapping[str, Mapping[str, Any]] = tables("settings")
    payloads = {payload.source_id_setting: payload for payload in contract().payloads.values()}
    problems: list[Problem] = []
    for key, value in values.items():
        if value is None:
            continue
        if key in forms:
            problems += _form_problems(settings, (*path, key), value, forms[key])
        elif key in payloads:
            payload = payloads[key]
            problems += _text_problems(settings, (*path, key), value, payload.source_id_pattern, payload.source_id.doc)
    return problems


def _form_problems(
    settings: DestinationSettings, path: tuple[str | int, ...], value: Any, form: Mapping[str, Any]
) -> list[Problem]:
    key, doc = path[-1], form["doc"]
    match form["type"]:
        case "texts":
            if not isinstance(value, list) or not value:
                return [_wrong(settings, path, f"`{key}` must be a list of quoted texts.", doc)]
            return [
                problem
                for number, item in enumerate(value)
                for problem in _text_problems(settings, (*path, number), item, form.get("pattern"), doc)
            ]
        case "text":
            return _text_problems(settings, path, value, form.get("pattern"), doc)
        case "choice":
            listed = ", ".join(form["choices"])
            return (
                [] if value in form["choices"] else [_wrong(settings, path, f"`{key}` must be one of: {listed}.", doc)]
            )
        case "boolean":
            return [] if isinstance(value, bool) else [_wrong(settings, path, f"`{key}` must be true or false.", doc)]
        case "secret":
            # Its form is judged where it is sent, whoever gives it.
            return []
        case "path":
            if not isinstance(value, str) or not Path(value).expanduser().is_absolute():
                return [_wrong(settings, path, f"`{key}` must be an absolute path.", doc)]
            return []
        case _:
            return _number_problems(settings, path, value, form)


def _text_problems(
    settings: DestinationSettings, key: tuple[str | int, ...], value: Any, pattern: str | None, doc: str
) -> list[Problem]:
    name = ".".join(map(str, key))
    if not isinstance(value, str):
        fix = "Put it in quotes: YAML reads bare digits as a number, which can change them."
        return [_wrong(settings, key, f"`{name}` must be text.", fix)]
    if pattern is not None and not re.fullmatch(pattern, value):
        return [_wrong(settings, key, f"`{name}` is not in its form, {pattern.strip('^$')}.", doc)]
    return []


def _number_problems(
    settings: DestinationSettings, path: tuple[str | int, ...], value: Any, form: Mapping[str, Any]
) -> list[Problem]:
    whole = form["type"] == "integer"
    is_number = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
    kind, bounds = "a whole number" if whole else "a number", ""
    if "minimum" in form:
        is_number = is_number and form["minimum"] <= value <= form["maximum"]
        bounds = f" from {form['minimum']} to {form['maximum']}"
    return [] if is_number else [_wrong(settings, path, f"`{path[-1]}` must be {kind}{bounds}.", form["doc"])]


def _wrong(settings: DestinationSettings, key: tuple[str | int, ...], message: str, fix: str) -> Problem:
    return settings.document.problem("wrong-value", message, (*settings.path, *key), fix)
