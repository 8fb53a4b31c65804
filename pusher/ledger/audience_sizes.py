"""How many people the destination matched in each audience, beside how many it had been told of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pusher.ledger.audiences import Audience, AudienceStore
from pusher.ledger.rows import stamp
from pusher.ledger.store import Store

_OPEN = ("pending_adds", "pending_deletes", "refused_adds", "refused_deletes")


@dataclass(frozen=True, slots=True)
class Look:
    """What the destination said about one audience on one day.

    Attributes:
        model: The view that fills it.
        advertiser_id: Who owns it.
        audience_id: Its id.
        seen_at: When.
        size: People that were matched.
        people: People that had been told long enough before.
    """

    model: str
    advertiser_id: str
    audience_id: str
    seen_at: datetime
    size: int
    people: int


class SizeStore:
    """Typed reads and writes of the table of sizes.

    Args:
        store: The open ledger.
    """

    def __init__(self, store: Store) -> None:
        self._connection = store.connection

    @classmethod
    def of(cls, store: Store | None) -> SizeStore | None:
        """Return the table of a ledger that is read, or None when there is none."""
        return None if store is None else cls(store)

    def note(self, audience: Audience, size: int, *, now: datetime, settles_in: timedelta) -> None:
        """Keep the size of an audience; the newest of a day counts.

        Args:
            audience: The audience.
            size: People that were matched.
            now: The run's clock.
            settles_in: How long the destination may work on what it was told.
        """
        self._connection.execute(
            "insert into audience_size (audience, seen_on, seen_at, size, people) values (?, ?, ?, ?, ?) "
            "on conflict (audience, seen_on) do update set "
            "seen_at = excluded.seen_at, size = excluded.size, people = excluded.people",
            (
                audience.id,
                now.astimezone(UTC).date().isoformat(),
                stamp(now),
                size,
                self._people(audience, now - settles_in),
            ),
        )

    def _people(self, audience: Audience, before: datetime) -> int | None:
        """Return the people of the view in the last run before a moment that told them all, by its receipt."""
        rows = self._connection.execute(
            "select receipt from run where finished_at <= ? and receipt is not null "
            "and command in ('push', 'audience reconcile') order by finished_at desc",
            (stamp(before),),
        )
        for (text,) in rows:
            for line in json.loads(text).get("audiences", ()):
                if _is_of(line, audience) and line["view_rows"] and all(line[term] == 0 for term in _OPEN):
                    if "people" in line:
                        return int(line["people"])
                    # Older receipts count identifiers of suppressed people only, and not the people.
                    named = line["members"] + line["suppressed"]
                    rows = line["view_rows"] - line["no_identity"]
                    return round(rows * line["members"] / named) if named else 0
        return None

    def looks(self) -> list[Look]:
        """Return the sizes of what views fill now, oldest first, where it is known how many people were told."""
        rows = self._connection.execute(
            "select model, advertiser_id, audience_id, seen_at, size, people from audience_size as looked "
            "join audience on audience.id = looked.audience "
            "where retired_at is null and people > 0 order by seen_at, audience.id"
        )
        return [
            Look(model, advertiser_id, audience_id, datetime.fromisoformat(seen_at), size, people)
            for model, advertiser_id, audience_id, seen_at, size, people in rows
        ]


def _is_of(line: Mapping[str, object], audience: Audience) -> bool:
    about = (line["model"], line["advertiser_id"], line["audience_id"])
    return about == (audience.model, audience.advertiser_id, audience.audience_id)


def keep_sizes(
    store: Store, sizes: Mapping[tuple[str, str | None], int], *, now: datetime, settles_in: timedelta
) -> None:
    """Keep the sizes of the audiences that views fill now.

    Args:
        store: The ledger, open for writing; a run may be active beside it.
        sizes: People that were matched, by advertiser and audience.
        now: The run's clock.
        settles_in: How long the destination may work on what it was told.
    """
    audiences, kept = AudienceStore(store), SizeStore(store)
    with store.transaction():
        for audience in audiences.currents():
            size = sizes.get((audience.advertiser_id, audience.audience_id))
            if size is not None:
                kept.note(audience, size, now=now, settles_in=settles_in)
