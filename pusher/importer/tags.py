"""Which columns of tables hold what identifies a person, beside those that the query sends."""

from __future__ import annotations

from sqlglot import exp

from pusher.importer.tables import Sources

_KINDS = {
    "email": "email", "emails": "email", "mail": "email", "phone": "phone", "phones": "phone", "mobile": "phone",
    "msisdn": "phone", "telephone": "phone",
}  # fmt: skip
# A name with one of these is about an identifier, and holds none.
_ABOUT = {
    "app", "at", "channel", "code", "consent", "count", "country", "date", "device", "domain", "flag", "has", "hash",
    "hashed", "id", "is", "md5", "opt", "optin", "optout", "sha256", "status", "subscribed", "type", "valid",
    "verified",
}  # fmt: skip


def tag_identifiers(tree: exp.Query, sources: Sources, pii: dict[tuple[str, str], str]) -> None:
    """Add the columns that are called like an identifier, and those that are compared with one.

    Args:
        tree: The query.
        sources: Its tables.
        pii: Kinds by table and column; added to.
    """
    for table in sources.tables.values():
        for name in table.columns:
            parts = set(name.split("_"))
            kind = next((_KINDS[part] for part in sorted(parts) if part in _KINDS), None)
            if kind is not None and not parts & _ABOUT:
                pii.setdefault((table.key, name), kind)
    for equation in tree.find_all(exp.EQ):
        sides = [sources.of(side) for side in (equation.this, equation.expression) if isinstance(side, exp.Column)]
        keys = [(side[0].key, side[1]) for side in sides if side is not None]
        kinds = [pii[key] for key in keys if key in pii]
        for key in keys if kinds else ():
            pii.setdefault(key, kinds[0])
