"""What a view is offered to: orchestrations, campaigns, users with restricted PII."""

from __future__ import annotations

from dataclasses import dataclass

from pusher.compile import Model
from pusher.config import suggest
from pusher.errors import Problem
from pusher.payload.model import Payload
from pusher.settings.account import Account
from pusher.settings.campaigns import PLACEHOLDERS, in_braces
from pusher.settings.layers import DESTINATION, RUN, TEMPLATE, Given

ORCHESTRATIONS, CAMPAIGNS = ORIGINS = ("orchestrations", "campaigns")
"""Where a push comes from."""
TO_ORCHESTRATIONS, TO_CAMPAIGNS, RESTRICTED = SWITCHES = (
    "visible_to_orchestrations",
    "visible_to_campaigns",
    "allow_restricted_pii",
)
SWITCH_OF = {ORCHESTRATIONS: TO_ORCHESTRATIONS, CAMPAIGNS: TO_CAMPAIGNS}
_OF_TEMPLATES = ("{{", "}}", "{%", "%}")
_BY_DEFAULT = {TO_ORCHESTRATIONS: True, TO_CAMPAIGNS: False, RESTRICTED: False}


@dataclass(frozen=True, slots=True)
class Switch:
    """A switch of a view as it stands.

    Attributes:
        is_on: Whether it is on.
        by: What sets it so; None when nothing does.
    """

    is_on: bool
    by: Given | None


def switch(account: Account, model: Model, payload: Payload, name: str) -> Switch:
    """Return how a switch stands: what one layer closes, the other does not open.

    Events are never offered to campaigns, and an audience only if its own template says so.
    """
    layers = account.layers(model, payload, name)
    # Of the destination, what its part for these views says.
    said = {one.layer: one for one in reversed(layers)}
    template, destination = said.get(TEMPLATE), said.get(DESTINATION)
    for closed in (destination, template):
        if closed is not None and closed.value is not True:
            return Switch(is_on=False, by=closed)
    if name == TO_CAMPAIGNS and (payload.kind == "events" or template is None):
        return Switch(is_on=False, by=None)
    opened = template or destination
    return Switch(_BY_DEFAULT[name] if opened is None else True, opened)


def closed_by_destination(account: Account, payload: Payload, name: str) -> Given | None:
    """Return what of the destination's block turns a switch off for every view of a kind, or None."""
    said = next(iter(account.given_by_destination(payload, name)), None)
    return said if said is not None and said.value is not True else None


def campaign_problems(account: Account, model: Model, payload: Payload) -> list[Problem]:
    """Return what forbids a template what it says of campaigns."""
    name = account.given(model, payload, payload.source_id_setting) if payload.kind == "audience" else None
    template = next((one for one in account.layers(model, payload, TO_CAMPAIGNS) if one.layer == TEMPLATE), None)
    is_offered = template is not None and template.value is True
    if is_offered and template is not None and payload.kind == "events":
        from pusher.destinations.tiktok.settings import NO_CAMPAIGNS, NO_CAMPAIGNS_FIX

        return [template.problem("events-in-campaigns", f"{model.name}: events {NO_CAMPAIGNS}", NO_CAMPAIGNS_FIX)]
    if name is not None and any(mark in str(name.value) for mark in _OF_TEMPLATES):
        message = f"{model.name}: the audience's name holds marks of a template, which nothing renders here."
        fix = "Write {campaign} and {group} in single braces, or build it from variables: var('campaign') ~ ' - ' ~ ..."
        return [name.problem("campaign-name", message, fix)]
    if name is None or name.layer == RUN:
        return []
    found = in_braces(str(name.value))
    if not is_offered:
        held = [one for one in found if one in PLACEHOLDERS]
        if not held:
            return []
        message = f"{model.name}: the audience's name holds {{{held[0]}}}, but the view is not offered to campaigns."
        fix = f"Write '{TO_CAMPAIGNS}': true in the model's meta.pusher, or take it out of the name."
        return [name.problem("campaign-name", message, fix)]
    problems = []
    for one in found:
        if one not in PLACEHOLDERS:
            near = suggest(one, PLACEHOLDERS)
            fix = f"Did you mean {{{near}}}?" if near else "A name may hold {campaign} and {group}."
            problems.append(name.problem("campaign-name", f"{model.name}: nothing fills {{{one}}}.", fix))
    missing = [f"{{{one}}}" for one in PLACEHOLDERS if one not in found]
    if missing:
        message = f"{model.name}: the name of an audience for campaigns must be built from {{campaign}} and {{group}}."
        fix = f"Put {' and '.join(missing)} into `{payload.source_id_setting}`: each name is an audience of its own."
        problems.append(name.problem("campaign-name", message, fix))
    return problems
