"""Whether views hold as many identifiers as pusher.yml asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_FLOOR, Decimal

from pusher.config import Floor, suggest
from pusher.errors import ConfigError, Problem
from pusher.payload.model import Payload
from pusher.push.coverage import Coverage

_HELD = {"any": "an identifier", "both": "an e-mail address and a phone number"}
_TENTH = Decimal("0.1")


def check_floors(floors: Iterable[Floor], payloads: Mapping[str, Payload]) -> None:
    """Refuse floors of what is not there.

    Args:
        floors: What pusher.yml sets.
        payloads: Payload of every destination view of the project.

    Raises:
        ConfigError: A floor names no destination view, or no identifier of it.
    """
    problems = []
    for floor in floors:
        payload = payloads.get(floor.view)
        if payload is None:
            message, known = f"`{floor.view}` is no destination view.", list(payloads)
            problems.append(floor.problem("unknown-view", message, _instead(floor.view, known, "Destination views")))
        elif floor.kind not in (known := _kinds(payload)):
            message = f"`{floor.kind}` is no identifier of {floor.view}."
            problems.append(floor.problem("unknown-key", message, _instead(floor.kind, known, "Known keys")))
    if problems:
        raise ConfigError(*problems)


def _kinds(payload: Payload) -> list[str]:
    pair = ["both"] if {"email", "phone"} <= set(payload.identity) else []
    return ["any", *pair, *payload.identity]


def _instead(name: str, known: list[str], label: str) -> str:
    near = suggest(name, known)
    return f"Did you mean `{near}`?" if near else f"{label}: {', '.join(known) or 'none'}."


def below_floors(floors: Iterable[Floor], coverage: Iterable[Coverage]) -> list[Problem]:
    """Return a problem for each floor that a built view does not reach; a view without rows reaches all of its own."""
    identities = {one.model: one.identity.whole for one in coverage}
    problems = []
    for floor in floors:
        found = identities.get(floor.view)
        if found is None or found.count(floor.kind) >= floor.share * found.rows:
            continue
        held = _HELD.get(floor.kind, f"a usable `{floor.kind}`")
        # Rounded down, so that a share just below the floor never looks like it.
        share = (Decimal(found.count(floor.kind) * 100) / found.rows).quantize(_TENTH, ROUND_FLOOR)
        message = (
            f"{floor.view}: {found.count(floor.kind):,} of {found.rows:,} rows ({share} %) hold {held}; "
            f"the floor is {(floor.share * 100).normalize():f} %."
        )
        fix = (
            f"Look where they are missing, by store and day, with `pusher build --select {floor.view} --json`, and "
            "correct the source or the model; lower the floor only if fewer are right."
        )
        problems.append(floor.problem("identity-floor", message, fix))
    return problems
