"""Writes the contract as a page: `python -m pusher.destinations.tiktok.reference > docs/reference/contract.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pusher.destinations.tiktok.facts import contract, tables
from pusher.destinations.tiktok.reference_api import endpoints_part, oauth_part, rates_part
from pusher.destinations.tiktok.reference_errors import codes_part, errors_part, statuses_part
from pusher.destinations.tiktok.reference_views import currencies_part, enums_part, fields_part, payloads_part
from pusher.destinations.tiktok.reference_words import (
    amount,
    as_code,
    code_range,
    codes_of,
    fact_origin,
    origin_of,
    table_of,
)
from pusher.payload.model import Contract, Payload

_INTRODUCTION = """\
# The contract with TikTok

What a destination view must look like and what follows from each answer. This page is generated from
`pusher/destinations/tiktok/contract/` by `python -m pusher.destinations.tiktok.reference`; lint, push and the sandbox
read the same files.

Each fact names its source and how sure it is: *certain* (TikTok's own text or schema, or sources that agree), *likely*
(one good source), *conflict* (sources differ), *unverified* (nobody says so; see the open points at the end).
"""


def reference() -> str:
    """Return the page as Markdown."""
    facts = contract()
    parts: list[Iterable[str]] = [
        [_INTRODUCTION],
        payloads_part(facts),
        fields_part("Columns of an event view", _of_kind(facts, "events"), "field"),
        fields_part("Fields of one element of `contents`", _of_kind(facts, "events"), "item_field"),
        fields_part("Columns of an audience view", _of_kind(facts, "audience"), "field"),
        enums_part(_first(facts).enums.values()),
        currencies_part(_first(facts).currencies.values()),
        _limits(),
        _audiences(),
        _settings(facts),
        endpoints_part(),
        oauth_part(),
        rates_part(),
        codes_part(facts),
        statuses_part(facts),
        errors_part(),
        _sources(facts),
        _open_points(facts),
    ]
    return "\n".join(line.rstrip() for part in parts for line in [*part, ""]).rstrip() + "\n"


def _first(facts: Contract) -> Payload:
    # Values are the same for every payload.
    return next(iter(facts.payloads.values()))


def _of_kind(facts: Contract, kind: str) -> list[Payload]:
    """Return payloads whose fields are the same but for their enumerations."""
    return [payload for payload in facts.payloads.values() if payload.kind == kind]


def _limits() -> Iterator[str]:
    yield from ("## Limits", "")
    yield from table_of(
        ("limit", "event source", "value", "source"),
        (
            (as_code(name), source, amount(name, fact["value"]), fact_origin(fact))
            for source, facts in tables("limits").items()
            for name, fact in facts.items()
        ),
    )


def _audiences() -> Iterator[str]:
    table = tables("audience")
    yield from ("## Audiences", "")
    yield from table_of(
        ("values", "of", "source"),
        ((codes_of(fact["values"]), fact["doc"], fact_origin(fact)) for fact in table["list"].values()),
    )
    yield ""
    yield from table_of(
        ("number", "value", "source"),
        ((as_code(name), amount(name, fact["value"]), fact_origin(fact)) for name, fact in table["number"].items()),
    )
    yield ""
    yield from table_of(
        ("word", "value", "source"),
        (
            (as_code(name), as_code(fact["value"]), fact_origin(fact))
            for name, fact in (table["text"] | table["same_type"]).items()
        ),
    )


def _settings(facts: Contract) -> Iterator[str]:
    yield from (
        "## Settings",
        "",
        "Where each may stand: D destination, P its part for one kind of views (and all of T), T template, R run.",
        "",
    )
    rows = [
        (
            as_code(key),
            "".join(layer[0].upper() for layer in table["layers"]),
            _form(table),
            table["doc"],
            fact_origin(table),
        )
        for key, table in tables("settings").items()
    ]
    for payload in facts.payloads.values():
        form = f"text, {as_code(payload.source_id_pattern)}"
        rows.append((as_code(payload.source_id_setting), "DTR", form, payload.source_id.doc, origin_of(payload.origin)))
    yield from table_of(("key", "layers", "form", "what", "source"), rows)


def _form(table: Mapping[str, Any]) -> str:
    if "pattern" in table:
        each = "each " if table["type"] == "texts" else ""
        return f"{table['type']}, {each}{as_code(table['pattern'])}"
    if "choices" in table:
        return " or ".join(map(as_code, table["choices"]))
    if "minimum" in table:
        return f"{table['type']} from {table['minimum']} to {table['maximum']:,}"
    return str(table["type"])


def _sources(facts: Contract) -> Iterator[str]:
    yield from ("## Sources", "")
    yield from table_of(("key", "source"), ((as_code(key), text) for key, text in facts.sources.items()))


def _open_points(facts: Contract) -> Iterator[str]:
    yield from ("## Open points", "", "To be checked with a live account.", "")
    points = [(payload.name, payload.origin.open_point) for payload in facts.payloads.values()]
    for payloads in (_of_kind(facts, "events"), _of_kind(facts, "audience")):
        fields = (*payloads[0].fields, *payloads[0].item_fields)
        points += [(field.column, field.origin.open_point) for field in fields]
    points += [(enum.name, enum.origin.open_point) for enum in _first(facts).enums.values()]
    about_audiences = [tables("audience")[group] for group in ("list", "number", "text")]
    for group in (*tables("limits").values(), *about_audiences, tables("settings")):
        points += [(name, fact.get("open_point")) for name, fact in group.items()]
    points += [(fact["what"], fact.get("open_point")) for fact in tables("api")["rate"]]
    points += [(name, fact.get("open_point")) for name, fact in tables("oauth")["fact"].items()]
    points += [(f"/{fact['path']}", fact.get("open_point")) for fact in tables("api")["endpoint"]]
    look_ups = tables("look_ups")
    points += [
        ("look-ups", look_ups[group].get("open_point"))
        for group in ("token", "account", "account_statuses", "refusals")
    ]
    points += [(name, fact.get("open_point")) for name, fact in look_ups["number"].items()]
    points += [(code_range(one), one.origin.open_point) for one in facts.codes]
    points += [(error["name"], error.get("open_point")) for error in tables("resolutions")["error"]]
    points.append(("answers", tables("responses")["answer"].get("open_point")))
    yield from (f"- {as_code(name)}: {text}" for name, text in points if text is not None)


if __name__ == "__main__":
    sys.stdout.write(reference())
