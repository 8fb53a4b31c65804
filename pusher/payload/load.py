"""Reads a contract folder of TOML files into frozen values, and refuses what does not fit together."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pusher.payload.model import (
    Contract,
    Currency,
    Enum,
    Field,
    Limits,
    Origin,
    Payload,
    Rename,
    ResponseClass,
    ReturnCode,
)

CONFIDENCES = ("certain", "likely", "conflict", "unverified")


class ContractError(Exception):
    """The contract's own files are wrong: a defect of the package, not of a user."""


def _read(folder: Path, name: str) -> dict[str, Any]:
    return tomllib.loads((folder / name).read_text(encoding="utf-8"))


def _origin(table: Mapping[str, Any], sources: Mapping[str, str]) -> Origin:
    source, confidence = str(table.get("source")), str(table.get("confidence"))
    if source not in sources or confidence not in CONFIDENCES:
        raise ContractError(f"A fact has no known source or confidence: {dict(table)!r}.")
    return Origin(source, confidence, table.get("open_point"))


def _field(table: Mapping[str, Any], event_source: str, sources: Mapping[str, str]) -> Field:
    return Field(
        column=table["column"],
        path=table["path"],
        type=table["type"],
        doc=table["doc"],
        origin=_origin(table, sources),
        aliases=tuple(table.get("aliases", ())),
        sources=tuple(table.get("sources", ())),
        required_by=tuple(table.get("required_by", ())),
        warn_without=tuple(table.get("warn_without", ())),
        enum=table.get("enum_of", {}).get(event_source, table.get("enum")),
        enum_open=tuple(table.get("enum_open", ())),
        material=table.get("material", False),
        pii=table.get("pii"),
        minimum=table.get("minimum"),
        maximum=table.get("maximum"),
        positive=table.get("positive", False),
    )


def _enum(name: str, table: Mapping[str, Any], sources: Mapping[str, str]) -> Enum:
    renames = tuple(
        Rename(
            old=rename["old"],
            new=rename.get("new"),
            since=rename.get("since"),
            sunset=rename.get("sunset"),
            note=rename["note"],
            origin=_origin(rename, sources),
        )
        for rename in table.get("rename", ())
    )
    return Enum(name, tuple(table["values"]), renames, _origin(table, sources))


def _limits(tables: Mapping[str, Any], event_source: str, sources: Mapping[str, str]) -> Limits:
    facts = {**tables["all"], **tables.get(event_source, {})}
    for fact in facts.values():
        _origin(fact, sources)
    values: dict[str, Any] = {
        name: tuple(fact["value"]) if isinstance(fact["value"], list) else fact["value"] for name, fact in facts.items()
    }
    return Limits(**values)


def _currencies(table: Mapping[str, Any]) -> dict[str, Currency]:
    found = {}
    for key, minor_units in (("two_decimals", 2), ("no_decimals", 0), ("three_decimals", 3)):
        for code in table[key]:
            found[code] = Currency(code, minor_units)
    return dict(sorted(found.items()))


def _junk(tables: Mapping[str, Any], sources: Mapping[str, str]) -> dict[str, str]:
    """Return the digests of values that identify nobody, once and twice hashed, with what was hashed."""
    found: dict[str, str] = {}
    for table in tables.values():
        _origin(table, sources)
        for value in table["values"]:
            once = hashlib.sha256(value.encode()).hexdigest()
            found |= {once: value, hashlib.sha256(once.encode()).hexdigest(): value}
    return found


def _check(payload: Payload) -> None:
    columns = payload.columns
    if len(columns) != sum(len(field.names) for field in (*payload.fields, payload.source_id)):
        raise ContractError(f"{payload.name}: a column name or alias stands twice.")
    for field in payload.fields:
        if field.enum and field.enum != "currencies" and field.enum not in payload.enums:
            raise ContractError(f"{payload.name}: {field.column} names an unknown enumeration {field.enum}.")
    for name in payload.identity:
        if name not in columns:
            raise ContractError(f"{payload.name}: identity {name} is not a column.")


def _payload(
    name: str,
    table: Mapping[str, Any],
    columns: Mapping[str, Any],
    shared: Mapping[str, Any],
    limits: Mapping[str, Any],
) -> Payload:
    sources = shared["sources"]
    origin = _origin(table, sources)
    event_source = table["event_source"]
    source_id = Field(
        column=table["source_id_column"],
        path="",
        type="source_id",
        doc=table["source_id_doc"],
        origin=origin,
        aliases=tuple(table["source_id_aliases"]),
        sources=(event_source,),
    )
    fields = tuple(_field(field, event_source, sources) for field in columns["field"])
    payload = Payload(
        name=name,
        kind=table["kind"],
        event_source=event_source,
        endpoint=table["endpoint"],
        source_id=source_id,
        source_id_setting=table["source_id_setting"],
        source_id_pattern=table["source_id_pattern"],
        source_id_example=table["source_id_example"],
        fields=fields,
        item_fields=tuple(_field(field, event_source, sources) for field in columns.get("item_field", ())),
        identity=tuple(table["identity"]),
        identity_required=table["identity_required"],
        enums=shared["enums"],
        currencies=shared["currencies"],
        junk_digests=shared["junk_digests"],
        limits=_limits(limits, event_source, sources),
        least_members=columns.get("number", {}).get("least_matched_members", {}).get("value", 0),
        doc=table["doc"],
        origin=origin,
    )
    _check(payload)
    return payload


def _codes(
    tables: Mapping[str, Any], classes: Mapping[str, ResponseClass], sources: Mapping[str, str]
) -> tuple[ReturnCode, ...]:
    codes = [
        ReturnCode(
            first=table["first"],
            last=table.get("last", table["first"]),
            meaning=table["meaning"],
            response_class=table["class"],
            remedy=table.get("remedy"),
            origin=_origin(table, sources),
        )
        for table in tables["code"]
    ]
    for code in codes:
        if code.response_class not in classes:
            raise ContractError(f"Code {code.first} has the unknown class {code.response_class}.")
    return tuple(sorted(codes, key=lambda code: (code.last - code.first, code.first)))


def load_contract(folder: Path) -> Contract:
    """Read a contract folder.

    Args:
        folder: Holds sources, payloads, events, audience, enums, currencies, limits and responses as TOML.

    Raises:
        ContractError: A fact lacks its source, or names something that is not there.
    """
    sources: dict[str, str] = _read(folder, "sources.toml")["sources"]
    events = _read(folder, "events.toml")
    shared = {
        "sources": sources,
        "enums": {name: _enum(name, table, sources) for name, table in _read(folder, "enums.toml").items()},
        "currencies": _currencies(_read(folder, "currencies.toml")),
        "junk_digests": _junk(events["junk_values"], sources),
    }
    columns, limits = {"events": events, "audience": _read(folder, "audience.toml")}, _read(folder, "limits.toml")
    responses = _read(folder, "responses.toml")
    classes = {
        name: ResponseClass(name, table["outcome"], table.get("waits", "none"), table.get("remedy"))
        for name, table in responses["classes"].items()
    }
    return Contract(
        payloads={
            name: _payload(name, table, columns[table["kind"]], shared, limits)
            for name, table in _read(folder, "payloads.toml").items()
        },
        codes=_codes(responses, classes, sources),
        http={int(status): name for status, name in responses["http"].items()},
        failures=dict(responses["failures"]),
        classes=classes,
        sources=sources,
        production_base_url=responses["api"]["production_base_url"],
        allowed_hosts=tuple(responses["api"]["allowed_hosts"]),
    )
