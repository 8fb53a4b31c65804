"""The layer that takes control characters out of texts for people, between the casts and the reasons.

Few rows hold one. All texts of a row are looked at together first, in the very text that the payload's digest needs
of the items anyway, and only a row with something suspicious is looked at in detail.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pusher.payload.casts import ITEM, is_name, item_list
from pusher.payload.characters import (
    SUSPICIOUS,
    in_suspicious_row,
    is_visible,
    matches_control,
    may_hold_control,
    without_controls,
)
from pusher.payload.checks import RowChecks
from pusher.payload.digests import ITEMS, SEPARATORS_PER_ITEM, items_text
from pusher.payload.model import Field
from pusher.payload.row_warnings import CLEANED
from pusher.payload.sql import identifier
from pusher.payload.types import SqlType


def _all_texts(checks: RowChecks) -> list[str]:
    """Return the expressions of a row's texts and ids."""
    texts = []
    for name, field in checks.fields.items():
        if name not in checks.typed:
            continue
        if field.type == "texts":
            texts.append(f"array_to_string({identifier(name)}, '')")
        elif field.type == "id" or (field.type == "text" and field.enum != "currencies"):
            texts.append(identifier(name))
    return [*texts, ITEMS] if "contents" in checks.typed else texts


def _clean(column: str) -> str:
    clean = without_controls(column)
    return f"case when {matches_control(column)} then case when {is_visible(clean)} then {clean} end else {column} end"


def _clean_items(present: Sequence[Field]) -> str:
    """Return the expression of the items with clean names."""
    members = []
    for field in present:
        value = f"{ITEM}.{identifier(field.column)}"
        members.append(f"{identifier(field.column)} := {_clean(value) if is_name(field) else value}")
    return f"list_transform(contents, lambda {ITEM}: struct_pack({', '.join(members)}))"


def _any_item_holds(present: Sequence[Field]) -> str:
    controls = [matches_control(f"{ITEM}.{identifier(field.column)}") for field in present if is_name(field)]
    return f"list_contains(list_transform(contents, lambda {ITEM}: {' or '.join(controls) or 'false'}), true)"


def cleaned_sql(checks: RowChecks, columns: Mapping[str, SqlType], typed_sql: str) -> str:
    """Return the typed rows with clean names, and with the columns that the reasons and warnings read.

    Args:
        checks: How the view is read and judged.
        columns: The view's columns and types.
        typed_sql: The query of the typed columns.

    Returns:
        The same columns, and `SUSPICIOUS`, `CLEANED` and, with contents, `ITEMS`.
    """
    names = [name for name, field in checks.fields.items() if name in checks.typed and is_name(field)]
    cleaned = {name: _clean(identifier(name)) for name in names}
    held = [matches_control(identifier(name)) for name in names]
    inner, items, separators = typed_sql, "", "0"
    if (found := item_list(checks.payload, columns)) is not None:
        present = [field for field in checks.payload.item_fields if field.column in found[1]]
        items = items_text(checks.payload, columns)
        separators = f"greatest({SEPARATORS_PER_ITEM + 1} * coalesce(len(contents), 0) - 1, 0)"
        inner = f"select *, {items} as {ITEMS} from ({inner}) as typed"
        cleaned["contents"] = _clean_items(present)
        held.append(_any_item_holds(present))
    texts = _all_texts(checks)
    suspicious = may_hold_control(f"concat({', '.join(texts)})", separators) if texts else "false"
    flag = in_suspicious_row(" or ".join(held)) if held else "false"
    inner = f"select *, {suspicious} as {SUSPICIOUS} from ({inner}) as read"
    inner = f"select {_replacing(cleaned)}, {flag} as {CLEANED} from ({inner}) as seen"
    return f"select {_replacing({ITEMS: items})} from ({inner}) as clean" if items else inner


def _replacing(columns: Mapping[str, str]) -> str:
    changed = (
        f"case when {SUSPICIOUS} then {sql} else {name} end as {name}"
        for name, sql in ((identifier(name), sql) for name, sql in columns.items())
    )
    return f"* replace ({', '.join(changed)})" if columns else "*"
