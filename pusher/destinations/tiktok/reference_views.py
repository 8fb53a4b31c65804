"""The page about the contract: payloads, the fields of a view, and the values that they take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pusher.destinations.tiktok.facts import tables
from pusher.destinations.tiktok.reference_words import as_code, codes_of, fact_origin, origin_of, table_of
from pusher.payload.model import Contract, Currency, Enum, Field, Payload


def payloads_part(facts: Contract) -> Iterator[str]:
    """Return the part about payloads."""
    yield from ("## Payloads", "")
    yield from table_of(
        ("payload", "what", "event source", "endpoint", "source id (column and setting)", "form", "identity", "source"),
        (
            (
                as_code(payload.name),
                payload.doc,
                as_code(payload.event_source),
                as_code(f"POST /{payload.endpoint}"),
                codes_of(payload.source_id.names) + f": {payload.source_id.doc}",
                as_code(payload.source_id_pattern),
                "one of " + codes_of(payload.identity),
                origin_of(payload.origin),
            )
            for payload in facts.payloads.values()
        ),
    )


def fields_part(title: str, payloads: Sequence[Payload], kind: str) -> Iterator[str]:
    """Return a part about fields that stand once for each payload."""
    sources = [payload.event_source for payload in payloads]
    lists = [payload.fields if kind == "field" else payload.item_fields for payload in payloads]
    yield from (f"## {title}", "")
    yield from table_of(
        ("column", "also", "in the JSON", "type", *sources, "rule", "what", "source"),
        (
            (
                as_code(field.column),
                codes_of(field.aliases),
                as_code(field.path) or "not sent",
                field.type,
                *(_use(field, source) for source in sources),
                _rule(same, sources),
                field.doc,
                origin_of(field.origin),
            )
            for same in zip(*lists, strict=True)
            for field in same[:1]
        ),
    )


def _use(field: Field, source: str) -> str:
    if source in field.required_by:
        return "required"
    if field.sources and source not in field.sources:
        return "unknown"
    return "advised" if source in field.warn_without else "optional"


def _rule(same: Sequence[Field], sources: Sequence[str]) -> str:
    """Return the rules of a field, which stands once for each event source."""
    field = same[0]
    rules = _enum_rules(same, sources)
    if field.minimum is not None:
        rules.append(f"at least {field.minimum}")
    if field.maximum is not None:
        rules.append(f"at most {field.maximum}")
    if field.positive:
        rules.append("above 0")
    if field.material:
        rules.append("a change is a conflict")
    return "; ".join(rules)


def _enum_rules(same: Sequence[Field], sources: Sequence[str]) -> list[str]:
    found: dict[tuple[str, bool], list[str]] = {}
    for field, source in zip(same, sources, strict=True):
        if field.enum and source in field.sources:
            found.setdefault((field.enum, source in field.enum_open), []).append(source)
    return [
        (f"listed in {as_code(enum)}, others pass" if is_open else f"one of {as_code(enum)}")
        + (f" ({', '.join(known)})" if len(found) > 1 else "")
        for (enum, is_open), known in found.items()
    ]


def enums_part(enums: Iterable[Enum]) -> Iterator[str]:
    """Return the part about listed values."""
    yield from ("## Values",)
    for enum in enums:
        yield from ("", f"### {enum.name}", "", f"{codes_of(enum.values)} ({origin_of(enum.origin)}).")
        if enum.renames:
            yield ""
            yield from table_of(
                ("old", "sent as", "since", "ends", "note", "source"),
                (
                    (
                        as_code(rename.old),
                        as_code(rename.new) or "itself",
                        str(rename.since or ""),
                        rename.sunset or "",
                        rename.note,
                        origin_of(rename.origin),
                    )
                    for rename in enum.renames
                ),
            )


def currencies_part(currencies: Iterable[Currency]) -> Iterator[str]:
    """Return the part about currencies."""
    table = tables("currencies")
    yield from ("## Currencies", "", f"A code outside this list is sent with a warning ({fact_origin(table)}).", "")
    by_units: dict[int, list[str]] = {}
    for currency in currencies:
        by_units.setdefault(currency.minor_units, []).append(currency.code)
    yield from table_of(
        ("decimal places", "codes"), ((str(units), " ".join(codes)) for units, codes in sorted(by_units.items()))
    )
