"""The contract's facts as frozen values. Loaded from TOML by `load`; no fact stands in code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

FieldType = Literal[
    "text", "id", "digest", "digests", "time", "decimal", "integer", "boolean", "texts", "ip", "items", "grouping",
    "source_id",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a fact comes from.

    Attributes:
        source: Key of the source list in `sources.toml`.
        confidence: `certain`, `likely`, `conflict` or `unverified`.
        open_point: What is not settled, or None.
    """

    source: str
    confidence: str
    open_point: str | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a destination view and where it goes in the JSON.

    Attributes:
        column: Canonical column name.
        aliases: Other names that are accepted, each noted by lint.
        path: Dotted place in the JSON row; empty for columns that are kept and not sent.
        type: How the value is checked, cast and encoded.
        sources: Event sources that know the field.
        required_by: Event sources that refuse a row without it.
        warn_without: Event sources for which a missing column deserves a warning.
        enum: Name of the payload's enumeration, or None.
        enum_open: Event sources that accept values outside the enumeration.
        material: A change of this field under the same key is a conflict.
        pii: Kind of identifier, or None.
        minimum: Smallest allowed number, or None.
        maximum: Largest allowed number, or None.
        positive: The number must be above zero.
        doc: One sentence.
        origin: Where the fact comes from.
    """

    column: str
    path: str
    type: FieldType
    doc: str
    origin: Origin
    aliases: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    required_by: tuple[str, ...] = ()
    warn_without: tuple[str, ...] = ()
    enum: str | None = None
    enum_open: tuple[str, ...] = ()
    material: bool = False
    pii: str | None = None
    minimum: int | None = None
    maximum: int | None = None
    positive: bool = False

    @property
    def holds_digests(self) -> bool:
        """Whether a value is a digest of an identifier, or a list of them."""
        return self.type in {"digest", "digests"}

    @property
    def names(self) -> tuple[str, ...]:
        """Canonical name first, then the aliases."""
        return (self.column, *self.aliases)


@dataclass(frozen=True, slots=True)
class Rename:
    """A value that has a newer name.

    Attributes:
        old: Value as older pages write it.
        new: Value to send, or None when there is no successor.
        since: Day of the change, or None if it was always so.
        sunset: Year or day after which the old value ends, or None.
        note: One sentence.
        origin: Where the fact comes from.
    """

    old: str
    new: str | None
    since: date | None
    sunset: str | None
    note: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Enum:
    """A closed or open list of values, with its history.

    Attributes:
        name: Name that fields refer to.
        values: Current values, in the order of the page.
        renames: Old values that are accepted or translated.
        origin: Where the list comes from.
    """

    name: str
    values: tuple[str, ...]
    renames: tuple[Rename, ...]
    origin: Origin

    @property
    def translations(self) -> dict[str, str]:
        """Old value to the value that is sent instead."""
        return {rename.old: rename.new for rename in self.renames if rename.new is not None}

    @property
    def accepted(self) -> frozenset[str]:
        """Every value that may stand in a view."""
        return frozenset(self.values) | {rename.old for rename in self.renames}


@dataclass(frozen=True, slots=True)
class Limits:
    """Numbers that bound rows and requests, in the units of their names."""

    max_rows_per_request: int
    max_bytes_per_request: int
    max_items: int
    max_field_bytes: int
    max_row_bytes: int
    max_age_s: int
    warn_age_s: int
    pixel_age_s: int
    future_grace_s: int
    dedupe_window_s: int
    resend_limit_s: int
    earliest_time_s: int
    id_recommended_length: tuple[int, ...]
    default_requests_per_s: int
    max_requests_per_s: int
    visible_after_h: int


@dataclass(frozen=True, slots=True)
class Currency:
    """An ISO 4217 code that the destination lists.

    Attributes:
        code: Three upper-case letters.
        minor_units: Decimal places of the currency.
    """

    code: str
    minor_units: int


@dataclass(frozen=True, slots=True)
class Payload:
    """Everything about one kind of destination view.

    Attributes:
        name: Such as `offline_events`.
        kind: `events` or `audience`.
        event_source: Value of the envelope; `audience` for members of one, which have no envelope of events.
        endpoint: Path below the base URL.
        source_id: The field that names the event source.
        source_id_setting: Setting that gives it when no column does.
        source_id_pattern: Regular expression of its form.
        source_id_example: One of that form, for people.
        fields: Columns of the view, in the order of the reference page.
        item_fields: Fields of one element of `contents`.
        identity: Columns of which at least one must hold a valid value.
        identity_required: A row without identity is not sent (else it is sent with a warning in lint).
        enums: Enumerations by name.
        currencies: Listed currencies by code.
        junk_digests: Digests of values that identify nobody, to what was hashed.
        limits: Limits for this event source.
        least_members: Matched members that an audience needs to be usable; 0 for events.
        doc: One sentence.
        origin: Where the payload is described.
    """

    name: str
    kind: str
    event_source: str
    endpoint: str
    source_id: Field
    source_id_setting: str
    source_id_pattern: str
    source_id_example: str
    fields: tuple[Field, ...]
    item_fields: tuple[Field, ...]
    identity: tuple[str, ...]
    identity_required: bool
    enums: Mapping[str, Enum]
    currencies: Mapping[str, Currency]
    junk_digests: Mapping[str, str]
    limits: Limits
    least_members: int
    doc: str
    origin: Origin

    def longest_age_s(self, *, pixel_window: bool) -> int:
        """Return the age after which an event is not sent for the first time.

        Args:
            pixel_window: Web events are also reported by the pixel.
        """
        if pixel_window and self.event_source == "web":
            return min(self.limits.max_age_s, self.limits.pixel_age_s)
        return self.limits.max_age_s

    def field(self, column: str) -> Field | None:
        """Return the field with this canonical name or alias."""
        for field in (*self.fields, self.source_id):
            if column in field.names:
                return field
        return None

    def column_at(self, path: str) -> str | None:
        """Return the column behind a dotted place in the JSON row, such as `properties.contents.0.price`.

        Columns of an item are named `contents.price`.
        """
        words = [word for word in path.lower().split(".") if word and not word.isdigit()]
        for size in range(len(words), 0, -1):
            for field in self.fields:
                if field.path != ".".join(words[:size]):
                    continue
                item = next((one for one in self.item_fields if words[size:] == [one.column]), None)
                return f"{field.column}.{item.column}" if item is not None else field.column
        return None

    @property
    def columns(self) -> dict[str, Field]:
        """Every accepted column name, aliases included, to its field."""
        return {name: field for field in (*self.fields, self.source_id) for name in field.names}


@dataclass(frozen=True, slots=True)
class ResponseClass:
    """A family of answers that are treated alike (`reliability` terms: ACK, DATA, THROTTLE ...).

    Attributes:
        name: Upper-case name.
        outcome: What the attempt proved, a `Verdict.outcome`.
        waits: `none`, `backoff`, `throttle` or `minutes`.
        remedy: What a person should do, or None.
    """

    name: str
    outcome: str
    waits: str
    remedy: str | None


@dataclass(frozen=True, slots=True)
class ReturnCode:
    """A code of the response body, or a range of them.

    Attributes:
        first: First code of the range.
        last: Last code of the range, equal to `first` for a single code.
        meaning: TikTok's words, shortened.
        response_class: Name of its class.
        remedy: More precise than the class's, or None.
        origin: Where it is listed.
    """

    first: int
    last: int
    meaning: str
    response_class: str
    remedy: str | None
    origin: Origin


@dataclass(frozen=True, slots=True)
class Contract:
    """All facts about one destination.

    Attributes:
        payloads: Payloads by name.
        codes: Single codes before ranges, narrowest first.
        http: HTTP status to class name.
        failures: Reason of a transport failure to class name.
        classes: Response classes by name.
        sources: Key of a source to what it is.
        production_base_url: Where the real API is.
        allowed_hosts: Host suffixes that a base URL may have.
    """

    payloads: Mapping[str, Payload]
    codes: tuple[ReturnCode, ...]
    http: Mapping[int, str]
    failures: Mapping[str, str]
    classes: Mapping[str, ResponseClass]
    sources: Mapping[str, str]
    production_base_url: str
    allowed_hosts: tuple[str, ...]
