"""Which columns of a source hold an identifier: those that say so, and those whose name gives it away."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pusher.compile import ColumnDoc, Model, Source
from pusher.contracts import Column
from pusher.lint.flow.values import EVERY_STEP, UNKNOWN, Hashed, Leak, Value

# The value of `pii` for a column that only looks like an identifier.
NOT_PII = "none"
# Ends the value of `pii` for a column that arrives hashed.
_DIGEST = "_sha256"
_KINDS = {
    "email": "email", "emails": "email", "mail": "email", "emailaddress": "email", "phone": "phone", "phones": "phone",
    "phonenumber": "phone", "mobile": "phone", "msisdn": "phone", "telephone": "phone", "cellphone": "phone",
}  # fmt: skip
# A name with one of these is about an identifier, and holds none.
_ABOUT = {
    "sha256", "hash", "hashed", "digest", "md5", "consent", "opt", "optin", "optout", "verified", "valid", "status",
    "type", "flag", "count", "domain", "subscribed", "subscription", "bounced", "template", "campaign", "model", "is",
    "has", "at", "date", "time", "device", "brand", "os", "app", "web", "source", "channel", "rank", "country", "code",
    "id",
}  # fmt: skip
# A name with one of these says that a digest is in it.
_DIGESTS = {"sha256", "sha", "sha2", "hash", "hashed", "digest", "digests", "hashes"}
_NO_IDENTIFIER = re.compile(r"^(bool|date|time|interval|float|double|real|decimal|numeric)", re.IGNORECASE)


def pii_kinds(meta: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the kinds of identifier that a column's meta declares."""
    declared = meta.get("pii")
    if not declared or declared == NOT_PII:
        return ()
    if declared is True:
        return ("identifier",)
    return tuple(map(str, declared)) if isinstance(declared, list) else (str(declared),)


def looks_like(column: ColumnDoc) -> str | None:
    """Return the kind of identifier that an untagged column holds by its name, or None."""
    if "pii" in column.meta or _NO_IDENTIFIER.match(column.data_type or ""):
        return None
    parts = _words(column.name)
    if _ABOUT & set(parts):
        return None
    return next((_KINDS[part] for part in parts if part in _KINDS), None)


def holds_digests(column: str) -> bool:
    """Whether a column's name says that it arrives hashed, such as `retail.customers.email_hash`."""
    return not _DIGESTS.isdisjoint(_words(column.rpartition(".")[2]))


def _words(name: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().replace("e_mail", "email")
    return [part for part in re.split(r"[^a-z0-9]+", spaced) if part]


def kinds_of(column: ColumnDoc) -> tuple[str, ...]:
    """Return the kinds of identifier in a source's column; an untagged one counts by its name."""
    near = looks_like(column)
    return (near,) if near is not None else pii_kinds(column.meta)


def declared_value(kinds: tuple[str, ...], column: str) -> Value:
    """Return what a column may hold: `email` is an address, `email_sha256` the digest of one."""
    leaks = frozenset(Leak(kind, column) for kind in kinds if not kind.endswith(_DIGEST))
    digests = (kind.removesuffix(_DIGEST) for kind in kinds if kind.endswith(_DIGEST))
    # What happened before the source is its own affair: such a digest counts as normalised.
    hashed = frozenset(Hashed(kind, column, None, EVERY_STEP) for kind in digests)
    return Value(leaks=leaks, hashed=hashed) if kinds else UNKNOWN


def source_columns(source: Source, given: Sequence[Column]) -> list[ColumnDoc]:
    """Return a source's columns: as declared, with the engine's types, or as the engine found them in its file."""
    types = {column.name.lower(): column.type for column in given}
    if not source.columns:
        return [ColumnDoc(column.name, column.type) for column in given]
    return [
        ColumnDoc(
            column.name,
            column.data_type or types.get(column.name.lower()),
            meta=column.meta,
            line=column.line,
            data_tests=column.data_tests,
        )
        for column in source.columns
    ]


def seed_columns(seed: Model, given: Sequence[Column]) -> list[ColumnDoc]:
    """Return a seed's columns as the engine found them in its file, with what its YAML says about them."""
    docs = {doc.name.lower(): doc for doc in seed.columns.values()}
    return [replace(docs.get(one.name.lower(), ColumnDoc(one.name)), data_type=one.type) for one in given]
