"""Writes the contract as a page: `python -m pusher.destinations.tiktok.reference > docs/reference/contract.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pusher.destinations.tiktok.facts import contract, tables
from pusher.payload.model import Contract, Currency, Enum, Field, Origin, Payload, ReturnCode

_INTRODUCTION = """\
# The contract with TikTok

What a destination view must look like and what follows from each answer. This page is generated from
`pusher/destinations/tiktok/contract/` by `python -m pusher.destinations.tiktok.reference`; lint, push and the sandbox
read the same files.

Each fact names its source and how sure it is: *certain* (TikTok's own text or schema, or sources that agree), *likely*
(one good source), *conflict* (sources differ), *unverified* (nobody says so; see the open points at the end).
"""
_UNITS = {"_s": "s", "_bytes": "bytes", "_h": "h", "_d": "days"}

_IN_STEPS = {
    "places": "What is wrong, each with its file and line.",
    "rows": "The rows by reason, each with the line that made them.",
    "midnight": "the next 00:00 UTC",
    "left": "so many hours",
}
"""What the steps of a person have in braces, in words."""


def reference() -> str:
    """Return the page as Markdown."""
    facts = contract()
    parts: list[Iterable[str]] = [
        [_INTRODUCTION],
        _payloads(facts),
        _fields("Columns of an event view", _of_kind(facts, "events"), "field"),
        _fields("Fields of one element of `contents`", _of_kind(facts, "events"), "item_field"),
        _fields("Columns of an audience view", _of_kind(facts, "audience"), "field"),
        _enums(_first(facts).enums.values()),
        _currencies(_first(facts).currencies.values()),
        _limits(),
        _audiences(),
        _settings(facts),
        _endpoints(),
        _oauth(),
        _rates(),
        _codes(facts),
        _statuses(facts),
        _errors(),
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


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"


def _code(text: object) -> str:
    return f"`{text}`" if text not in {None, ""} else ""


def _codes_of(texts: Iterable[object]) -> str:
    return ", ".join(_code(text) for text in texts)


def _origin(origin: Origin) -> str:
    return f"{_code(origin.source)}, {origin.confidence}"


def _fact_origin(fact: Mapping[str, Any]) -> str:
    return f"{_code(fact['source'])}, {fact['confidence']}"


def _payloads(facts: Contract) -> Iterator[str]:
    yield from ("## Payloads", "")
    yield from _table(
        ("payload", "what", "event source", "endpoint", "source id (column and setting)", "form", "identity", "source"),
        (
            (
                _code(payload.name),
                payload.doc,
                _code(payload.event_source),
                _code(f"POST /{payload.endpoint}"),
                _codes_of(payload.source_id.names) + f": {payload.source_id.doc}",
                _code(payload.source_id_pattern),
                "one of " + _codes_of(payload.identity),
                _origin(payload.origin),
            )
            for payload in facts.payloads.values()
        ),
    )


def _fields(title: str, payloads: Sequence[Payload], kind: str) -> Iterator[str]:
    sources = [payload.event_source for payload in payloads]
    lists = [payload.fields if kind == "field" else payload.item_fields for payload in payloads]
    yield from (f"## {title}", "")
    yield from _table(
        ("column", "also", "in the JSON", "type", *sources, "rule", "what", "source"),
        (
            (
                _code(field.column),
                _codes_of(field.aliases),
                _code(field.path) or "not sent",
                field.type,
                *(_use(field, source) for source in sources),
                _rule(same, sources),
                field.doc,
                _origin(field.origin),
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
        (f"listed in {_code(enum)}, others pass" if is_open else f"one of {_code(enum)}")
        + (f" ({', '.join(known)})" if len(found) > 1 else "")
        for (enum, is_open), known in found.items()
    ]


def _enums(enums: Iterable[Enum]) -> Iterator[str]:
    yield from ("## Values",)
    for enum in enums:
        yield from ("", f"### {enum.name}", "", f"{_codes_of(enum.values)} ({_origin(enum.origin)}).")
        if enum.renames:
            yield ""
            yield from _table(
                ("old", "sent as", "since", "ends", "note", "source"),
                (
                    (
                        _code(rename.old),
                        _code(rename.new) or "itself",
                        str(rename.since or ""),
                        rename.sunset or "",
                        rename.note,
                        _origin(rename.origin),
                    )
                    for rename in enum.renames
                ),
            )


def _currencies(currencies: Iterable[Currency]) -> Iterator[str]:
    table = tables("currencies")
    yield from ("## Currencies", "", f"A code outside this list is sent with a warning ({_fact_origin(table)}).", "")
    by_units: dict[int, list[str]] = {}
    for currency in currencies:
        by_units.setdefault(currency.minor_units, []).append(currency.code)
    yield from _table(
        ("decimal places", "codes"), ((str(units), " ".join(codes)) for units, codes in sorted(by_units.items()))
    )


def _limits() -> Iterator[str]:
    yield from ("## Limits", "")
    yield from _table(
        ("limit", "event source", "value", "source"),
        (
            (_code(name), source, _amount(name, fact["value"]), _fact_origin(fact))
            for source, facts in tables("limits").items()
            for name, fact in facts.items()
        ),
    )


def _audiences() -> Iterator[str]:
    table = tables("audience")
    yield from ("## Audiences", "")
    yield from _table(
        ("values", "of", "source"),
        ((_codes_of(fact["values"]), fact["doc"], _fact_origin(fact)) for fact in table["list"].values()),
    )
    yield ""
    yield from _table(
        ("number", "value", "source"),
        ((_code(name), _amount(name, fact["value"]), _fact_origin(fact)) for name, fact in table["number"].items()),
    )
    yield ""
    yield from _table(
        ("word", "value", "source"),
        (
            (_code(name), _code(fact["value"]), _fact_origin(fact))
            for name, fact in (table["text"] | table["same_type"]).items()
        ),
    )


def _endpoints() -> Iterator[str]:
    yield from ("## Endpoints", "", "A token needs the scope of each endpoint that is called.", "")
    yield from _table(
        ("endpoint", "use", "scope", "source"),
        (
            (_code(f"{fact['method']} /{fact['path']}"), fact["use"], _code(fact["scope"]), _fact_origin(fact))
            for fact in tables("api")["endpoint"]
        ),
    )
    yield from ("", "### Look-ups", "")
    yield "What is asked before a push and by `pusher doctor`; a look-up changes nothing."
    yield ""
    yield from _table(
        ("look-up", "endpoint", "parameter", "found in", "source"),
        (
            (
                name,
                _code(f"GET /{fact['path']}"),
                _code(fact.get("ids") or fact.get("one")),
                _code(".".join(filter(None, (fact.get("list"), fact.get("id"))))),
                _fact_origin(fact),
            )
            for name, fact in tables("look_ups").items()
            if "path" in fact
        ),
    )
    statuses = tables("look_ups")["account_statuses"]
    yield from ("", "### The status of an ad account", "", f"{_fact_origin(statuses)}; the standings are ours.", "")
    yield from _table(
        ("status", "standing", "what it says"),
        ((_code(name), one["standing"], one["meaning"]) for name, one in statuses["value"].items()),
    )


def _oauth() -> Iterator[str]:
    table = tables("oauth")
    yield from ("## Tokens and scopes", "", "`pusher auth login` asks for a token as this says.", "")
    yield from _table(
        ("fact", "value", "what", "source"),
        (
            (_code(name), _plain(name, fact["value"]), fact["doc"], _fact_origin(fact))
            for name, fact in table["fact"].items()
        ),
    )
    yield from ("", "### Scopes", "", "A token that has a scope has those below it.", "")
    yield from _table(
        ("scope", "id", "below", "source"),
        ((one["name"], _code(one["id"]), _code(one.get("parent")), _fact_origin(one)) for one in table["scope"]),
    )
    scope_of = {fact["path"]: fact["scope"] for fact in tables("api")["endpoint"]}
    names = {one["id"]: one["name"] for one in table["scope"]}
    yield from ("", "### What a view needs", "")
    yield from _table(
        ("for", "scopes", "endpoints", "source"),
        (
            (
                need["doc"],
                ", ".join(dict.fromkeys(names[scope_of[path]] for path in need["endpoints"])),
                _codes_of(need["endpoints"]),
                _fact_origin(need),
            )
            for need in table["need"].values()
        ),
    )


def _plain(name: str, value: Any) -> str:
    """Return a value as it is used: ports and names are no amounts."""
    if isinstance(value, list):
        return _codes_of(value)
    return _amount(name, value) if isinstance(value, int) else _code(value)


def _rates() -> Iterator[str]:
    yield from ("## Request rates", "", "Only the code in the body says that a rate was passed.", "")
    yield from _table(
        ("what", "a second", "a minute", "a day", "source"),
        (
            (fact["what"], *(f"{fact[unit]:,}" for unit in ("per_s", "per_min", "per_day")), _fact_origin(fact))
            for fact in tables("api")["rate"]
        ),
    )


def _amount(name: str, value: Any) -> str:
    if isinstance(value, list):
        return " or ".join(f"{item:,}" for item in value)
    unit = next((unit for ending, unit in _UNITS.items() if name.endswith(ending) and not name.endswith("per_s")), "")
    return f"{value:,} {unit}".strip()


def _settings(facts: Contract) -> Iterator[str]:
    yield from (
        "## Settings",
        "",
        "Where each may stand: D destination, P its part for one kind of views (and all of T), T template, R run.",
        "",
    )
    rows = [
        (
            _code(key),
            "".join(layer[0].upper() for layer in table["layers"]),
            _form(table),
            table["doc"],
            _fact_origin(table),
        )
        for key, table in tables("settings").items()
    ]
    for payload in facts.payloads.values():
        form = f"text, {_code(payload.source_id_pattern)}"
        rows.append((_code(payload.source_id_setting), "DTR", form, payload.source_id.doc, _origin(payload.origin)))
    yield from _table(("key", "layers", "form", "what", "source"), rows)


def _form(table: Mapping[str, Any]) -> str:
    if "pattern" in table:
        each = "each " if table["type"] == "texts" else ""
        return f"{table['type']}, {each}{_code(table['pattern'])}"
    if "choices" in table:
        return " or ".join(map(_code, table["choices"]))
    if "minimum" in table:
        return f"{table['type']} from {table['minimum']} to {table['maximum']:,}"
    return str(table["type"])


def _codes(facts: Contract) -> Iterator[str]:
    yield from ("## Return codes", "", "The code in the body decides; a narrow range wins over a wide one.", "")
    yield from _table(
        ("code", "meaning", "class", "what to do", "source"),
        (
            (_range(code), code.meaning, code.response_class, code.remedy or "", _origin(code.origin))
            for code in facts.codes
        ),
    )
    yield from ("", "### Classes", "")
    yield from _table(
        ("class", "the attempt is", "next attempt", "what to do"),
        ((known.name, known.outcome, known.waits, known.remedy or "") for known in facts.classes.values()),
    )


def _range(code: ReturnCode) -> str:
    return str(code.first) if code.first == code.last else f"{code.first} to {code.last}"


def _statuses(facts: Contract) -> Iterator[str]:
    yield from ("## Without a return code", "")
    yield "An HTTP status counts when the body is not TikTok's JSON; any other status is UNKNOWN."
    yield ""
    yield from _table(("HTTP status", "class"), ((str(status), name) for status, name in sorted(facts.http.items())))
    yield from ("", "Without an answer, what happened counts.", "")
    yield from _table(
        ("what happened", "class"), ((_code(reason), name) for reason, name in sorted(facts.failures.items()))
    )


def _errors() -> Iterator[str]:
    table = tables("resolutions")
    yield from ("## Errors and what to do", "")
    yield "A run keeps the class of what went wrong; `pusher status RUN` shows the resolutions that apply, numbered."
    yield "TikTok's return code decides the class, else our own name of the problem, else the class of the answer."
    yield ""
    yield from _table(
        ("class", "what", "found by", "resolutions", "source"),
        (
            (
                _code(error["name"]),
                f"{error['title']}. {error['words']}",
                _found_by(error),
                _codes_of(error["resolutions"]),
                _fact_origin(error),
            )
            for error in table["error"]
        ),
    )
    yield from (
        "",
        "### Resolutions",
        "",
        "Those of the tool run a command of pusher; those of a person are shown as steps.",
        "What stands in braces is filled in from the run.",
        "",
    )
    yield from _table(
        ("resolution", "what", "who", "command or steps", "when", "source"),
        (
            (
                _code(name),
                known["title"],
                known["who"],
                _code(" ".join(known["command"])) if "command" in known else _in_words(known["steps"]),
                known.get("when", "always"),
                _fact_origin(known),
            )
            for name, known in table["resolution"].items()
        ),
    )


def _in_words(steps: Iterable[str]) -> str:
    """Return steps of a person as a sentence or two, with what a run puts into them named."""
    text = " ".join(steps)
    for name, words in _IN_STEPS.items():
        text = text.replace(f"{{{name}}}", words)
    return text


def _found_by(error: Mapping[str, Any]) -> str:
    codes = [str(first) if first == last else f"{first} to {last}" for first, last in error.get("codes", ())]
    named = [_code(name) for name in (*error.get("problems", ()), *error.get("classes", ()))]
    named += [f"{_code(name)} of an audience" for name in error.get("audience_classes", ())]
    return ", ".join([*codes, *named]) or "everything else"


def _sources(facts: Contract) -> Iterator[str]:
    yield from ("## Sources", "")
    yield from _table(("key", "source"), ((_code(key), text) for key, text in facts.sources.items()))


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
    points += [(_range(code), code.origin.open_point) for code in facts.codes]
    points += [(error["name"], error.get("open_point")) for error in tables("resolutions")["error"]]
    points.append(("answers", tables("responses")["answer"].get("open_point")))
    yield from (f"- {_code(name)}: {text}" for name, text in points if text is not None)


if __name__ == "__main__":
    sys.stdout.write(reference())
