"""Judges the columns of a destination view, before any row is looked at."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pusher.payload.model import Field, Payload
from pusher.payload.types import Family, SqlType

Severity = Literal["error", "warning", "note"]

_ALLOWED: dict[str, frozenset[Family]] = {
    "text": frozenset({"text", "integer", "boolean", "null"}),
    "id": frozenset({"text", "integer", "null"}),
    "source_id": frozenset({"text", "integer", "null"}),
    "grouping": frozenset({"text", "integer", "boolean", "null"}),
    "ip": frozenset({"text", "null"}),
    "time": frozenset({"timestamp", "timestamptz", "text", "integer", "null"}),
    "decimal": frozenset({"decimal", "integer", "float", "null"}),
    "integer": frozenset({"integer", "decimal", "null"}),
    "boolean": frozenset({"boolean", "null"}),
    "digest": frozenset({"text", "null"}),
    "digests": frozenset({"text", "null"}),
    "texts": frozenset({"text", "integer", "null"}),
    "items": frozenset({"null"}),
}
_WANTED = {
    "text": "text",
    "id": "text or a whole number",
    "source_id": "text",
    "grouping": "text",
    "ip": "text",
    "time": "TIMESTAMP, TIMESTAMPTZ or ISO 8601 text",
    "decimal": "DECIMAL",
    "integer": "a whole number",
    "boolean": "BOOLEAN",
    "digest": "text",
    "digests": "text or a list of text",
    "texts": "text or a list of text",
    "items": "a list of structs",
}
_LIST_TYPES = {"digests", "texts"}


@dataclass(frozen=True, slots=True)
class ColumnFinding:
    """Something about a view's columns.

    Attributes:
        code: Stable kebab-case kind: `missing-column`, `unknown-column`, `wrong-type`, `alias`, `twice`,
            `not-for-source`, `no-identity`.
        severity: How bad it is.
        column: Column in the view, or the one that is missing.
        message: One sentence.
        fix: What to do.
        replacement: Name to use instead, when renaming is the fix.
    """

    code: str
    severity: Severity
    column: str
    message: str
    fix: str
    replacement: str | None = None


def _item_findings(payload: Payload, column: str, type_: SqlType) -> list[ColumnFinding]:
    struct = type_.item
    if type_.family != "list" or struct is None or struct.family != "struct":
        return []
    known = {field.column: field for field in payload.item_fields}
    findings = []
    for name, inner in struct.fields.items():
        field = known.get(name)
        if field is None:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
            fix = f"Did you mean `{near[0]}`?" if near else f"Known: {', '.join(known)}."
            findings.append(
                ColumnFinding("unknown-column", "error", column, f"`{column}` has the unknown field `{name}`.", fix)
            )
        elif inner.family not in _ALLOWED[field.type]:
            findings.append(_wrong_type(field, f"{column}.{name}", inner))
    findings += [
        ColumnFinding(
            "missing-column",
            "error",
            column,
            f"`{column}` lacks the field `{field.column}`.",
            f"Add it to the struct: {field.doc}",
        )
        for field in payload.item_fields
        if payload.event_source in field.required_by and field.column not in struct.fields
    ]
    return findings


def _wrong_type(field: Field, column: str, type_: SqlType) -> ColumnFinding:
    fix = f"Cast it. {field.doc}"
    if type_.family in {"list", "struct", "other"} and field.type != "items":
        fix = f"Pick or build one value of it. {field.doc}"
    if type_.family == "float" and field.type in {"id", "source_id"}:
        fix = "A DOUBLE loses digits of a long id: keep it as text from the first model on."
    elif type_.family == "date":
        fix = "A date has no time of day: use the moment of the event as TIMESTAMP."
    elif field.type == "decimal" and type_.family == "text":
        fix = "Cast it in staging, guarded by a pattern: case when ... then cast(... as decimal(18, 2)) end."
    message = f"`{column}` is {type_.text}, but must be {_WANTED[field.type]}."
    return ColumnFinding("wrong-type", "error", column, message, fix)


def type_fits(field: Field, type_: SqlType) -> bool:
    """Whether a column of this type can be cast to the field without guessing."""
    if type_.family == "list" and type_.item is not None:
        if field.type == "items":
            return type_.item.family in {"struct", "null"}
        return field.type in _LIST_TYPES and type_.item.family in _ALLOWED[field.type]
    return type_.family in _ALLOWED[field.type]


def _unknown(payload: Payload, column: str) -> ColumnFinding:
    known = [name for name, field in payload.columns.items() if payload.event_source in field.sources]
    near = difflib.get_close_matches(column, known, n=1, cutoff=0.7)
    message = f"`{column}` is not a column of {payload.name}; it is not sent."
    if near:
        return ColumnFinding("unknown-column", "error", column, message, f"Did you mean `{near[0]}`?", near[0])
    return ColumnFinding("unknown-column", "warning", column, message, "Remove it from the destination view.")


def _missing(payload: Payload, present: set[str], source_id: str | None, *, strict: bool) -> list[ColumnFinding]:
    findings = []
    for field in payload.fields:
        if field.column in present:
            continue
        if payload.event_source in field.required_by:
            findings.append(
                ColumnFinding(
                    "missing-column",
                    "error",
                    field.column,
                    f"Required column `{field.column}` is missing.",
                    f"Add `... as {field.column}` to the final select: {field.doc}",
                )
            )
        elif payload.event_source in field.warn_without:
            findings.append(
                ColumnFinding(
                    "missing-column",
                    "warning",
                    field.column,
                    f"Column `{field.column}` is missing.",
                    f"Add `... as {field.column}`: {field.doc}",
                )
            )
    if source_id is None and payload.source_id.column not in present:
        findings.append(source_id_missing(payload))
    if strict and "email" not in present:
        fix = "Add `... as email`, or drop require_vendor_page_columns from pusher.yml."
        message = "The vendor page's strict list asks for `email`."
        findings.append(ColumnFinding("missing-column", "error", "email", message, fix))
    elif not present & set(payload.identity):
        names = " or ".join(f"`{name}`" for name in payload.identity[:2])
        message = f"No identity: the view has none of {', '.join(payload.identity)}."
        findings.append(ColumnFinding("no-identity", "error", payload.identity[0], message, f"Add {names} as digests."))
    return findings


def source_id_missing(payload: Payload) -> ColumnFinding:
    """Return what to say of a view whose event source, or whose audience, nothing names."""
    name, key, example = payload.source_id.column, payload.source_id_setting, payload.source_id_example
    if payload.kind == "audience":
        return missing_setting(key, f'"{example}"', f"'{example}'", f'"{example}"')
    found = missing_setting(key, f'"{example}"', f"'{example}'", example)
    message = f"Neither a column nor a setting gives `{name}`."
    return ColumnFinding(found.code, found.severity, name, message, f"{found.fix} Or add `... as {name}` to the view.")


def missing_setting(key: str, in_yaml: str, in_jinja: str, in_shell: str) -> ColumnFinding:
    """Return what to say of a setting that a view needs and no layer gives, with every place where it could stand.

    Args:
        key: The setting.
        in_yaml: An example of its value, as YAML has it.
        in_jinja: As a template has it.
        in_shell: As a command line has it.
    """
    fix = (
        f"Give it in one of three layers: `{key}: {in_yaml}` in the destination's block of the target in profiles.yml; "
        f"`meta={{'pusher': {{..., '{key}': {in_jinja}}}}}` in the model's config; "
        f"`--set {key}={in_shell}` for one run."
    )
    return ColumnFinding("missing-column", "error", key, f"No setting gives `{key}`.", fix)


def check_columns(
    payload: Payload, columns: Mapping[str, SqlType], *, source_id: str | None, strict: bool = False
) -> list[ColumnFinding]:
    """Compare a view's columns with what its payload asks for.

    Args:
        payload: What the view is pushed as.
        columns: Column names of the view, in its own spelling, to their types.
        source_id: Event source id from the settings, or None.
        strict: Ask for the vendor page's strict list of required columns.

    Returns:
        Findings, errors first.
    """
    findings: list[ColumnFinding] = []
    present: set[str] = set()
    flat_items = {field.column: field for field in payload.item_fields} if "contents" not in columns else {}
    for name, type_ in columns.items():
        field = payload.columns.get(name) or flat_items.get(name)
        if field is None:
            findings.append(_unknown(payload, name))
            continue
        if field.column in present:
            fix = f"Keep `{field.column}` only."
            findings.append(
                ColumnFinding("twice", "error", name, f"`{name}` gives `{field.column}` a second time.", fix)
            )
            continue
        present.add(field.column)
        if name != field.column:
            message = f"`{name}` is accepted as an alias of `{field.column}`."
            fix = f"Rename it: `as {field.column}`."
            findings.append(ColumnFinding("alias", "note", name, message, fix, field.column))
        if field.sources and payload.event_source not in field.sources:
            message = f"`{name}` is not sent for {payload.event_source} events."
            fix = f"Remove it; only {', '.join(field.sources)} events know it."
            findings.append(ColumnFinding("not-for-source", "warning", name, message, fix))
        elif not type_fits(field, type_):
            findings.append(_wrong_type(field, name, type_))
        elif field.type == "items":
            findings += _item_findings(payload, name, type_)
    findings += _missing(payload, present, source_id, strict=strict)
    order = {"error": 0, "warning": 1, "note": 2}
    return sorted(findings, key=lambda finding: order[finding.severity])
