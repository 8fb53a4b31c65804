"""The page about the contract: endpoints, look-ups, tokens and scopes, and request rates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pusher.destinations.tiktok.facts import tables
from pusher.destinations.tiktok.reference_words import amount, as_code, codes_of, fact_origin, table_of


def endpoints_part() -> Iterator[str]:
    """Return the part about endpoints and look-ups."""
    yield from ("## Endpoints", "", "A token needs the scope of each endpoint that is called.", "")
    yield from table_of(
        ("endpoint", "use", "scope", "source"),
        (
            (as_code(f"{fact['method']} /{fact['path']}"), fact["use"], as_code(fact["scope"]), fact_origin(fact))
            for fact in tables("api")["endpoint"]
        ),
    )
    yield from ("", "### Look-ups", "")
    yield "What is asked before a push and by `pusher doctor`; a look-up changes nothing."
    yield ""
    yield from table_of(
        ("look-up", "endpoint", "parameter", "found in", "source"),
        (
            (
                name,
                as_code(f"GET /{fact['path']}"),
                as_code(fact.get("ids") or fact.get("one")),
                as_code(".".join(filter(None, (fact.get("list"), fact.get("id"))))),
                fact_origin(fact),
            )
            for name, fact in tables("look_ups").items()
            if "path" in fact
        ),
    )
    statuses = tables("look_ups")["account_statuses"]
    yield from ("", "### The status of an ad account", "", f"{fact_origin(statuses)}; the standings are ours.", "")
    yield from table_of(
        ("status", "standing", "what it says"),
        ((as_code(name), one["standing"], one["meaning"]) for name, one in statuses["value"].items()),
    )


def oauth_part() -> Iterator[str]:
    """Return the part about tokens and scopes."""
    table = tables("oauth")
    yield from ("## Tokens and scopes", "", "`pusher auth login` asks for a token as this says.", "")
    yield from table_of(
        ("fact", "value", "what", "source"),
        (
            (as_code(name), _plain(name, fact["value"]), fact["doc"], fact_origin(fact))
            for name, fact in table["fact"].items()
        ),
    )
    yield from ("", "### Scopes", "", "A token that has a scope has those below it.", "")
    yield from table_of(
        ("scope", "id", "below", "source"),
        ((one["name"], as_code(one["id"]), as_code(one.get("parent")), fact_origin(one)) for one in table["scope"]),
    )
    scope_of = {fact["path"]: fact["scope"] for fact in tables("api")["endpoint"]}
    names = {one["id"]: one["name"] for one in table["scope"]}
    yield from ("", "### What a view needs", "")
    yield from table_of(
        ("for", "scopes", "endpoints", "source"),
        (
            (
                need["doc"],
                ", ".join(dict.fromkeys(names[scope_of[path]] for path in need["endpoints"])),
                codes_of(need["endpoints"]),
                fact_origin(need),
            )
            for need in table["need"].values()
        ),
    )


def _plain(name: str, value: Any) -> str:
    """Return a value as it is used: ports and names are no amounts."""
    if isinstance(value, list):
        return codes_of(value)
    return amount(name, value) if isinstance(value, int) else as_code(value)


def rates_part() -> Iterator[str]:
    """Return the part about request rates."""
    yield from ("## Request rates", "", "Only the code in the body says that a rate was passed.", "")
    yield from table_of(
        ("what", "a second", "a minute", "a day", "source"),
        (
            (fact["what"], *(f"{fact[unit]:,}" for unit in ("per_s", "per_min", "per_day")), fact_origin(fact))
            for fact in tables("api")["rate"]
        ),
    )
