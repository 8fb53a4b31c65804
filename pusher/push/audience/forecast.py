"""How many people an audience view will probably match, by what became of those that were sent before."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from pusher.ledger.audience_sizes import Look
from pusher.ledger.barred import Barred
from pusher.ledger.reach import Reach, reach
from pusher.push.audience.plan import Staged

MOST_LOOKS = 30
"""Looks at one audience that count, the newest: whom TikTok knows changes over the years."""
OWN, SAME_KINDS, OTHERS = "own", "same kinds", "others"


@dataclass(frozen=True, slots=True)
class Expected:
    """How many people will probably be matched.

    Attributes:
        people: The number, by the share below.
        share: Share of the people in the view, from 0 to 1.
        least_share: The smallest share that was seen.
        most_share: The largest one.
        basis: Whose history it is: `own`, `same kinds` (views with the same kinds of identifier), or `others`.
        looks: How many sizes it is made of.
        since: When the first of them was seen.
    """

    people: int
    share: float
    least_share: float
    most_share: float
    basis: str
    looks: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Forecast:
    """Whom one audience view can reach, and whom it will probably match.

    Attributes:
        model: The view.
        name: Name of its audience.
        kinds: Kinds of identifier that it sends.
        reach: Whom it can reach.
        expected: Whom it will probably match, or None when there is no history.
    """

    model: str
    name: str
    kinds: tuple[str, ...]
    reach: Reach
    expected: Expected | None

    def as_json(self) -> dict[str, Any]:
        """Return the fields as the JSON output prints them."""
        return asdict(self)


def forecasts(
    staged: Sequence[Staged],
    *,
    kinds: Sequence[str],
    suppressed: Barred,
    looks: Sequence[Look],
    folder: Path,
    others: Mapping[str, Collection[str]],
) -> list[Forecast]:
    """Return whom views can reach and will probably match, in their order.

    Args:
        staged: The views as they were read.
        kinds: All kinds of identifier.
        suppressed: Identifiers that must not be in an audience.
        looks: Sizes that were seen, oldest first.
        folder: For spilled data.
        others: The kinds of identifier of further views, by their names.

    Raises:
        StateError: Disk or memory ran out.
    """
    reached = reach(
        {one.view.view.model: (one.files, one.kinds) for one in staged},
        kinds=kinds,
        suppressed=suppressed,
        folder=folder,
    )
    kinds_of = {one.view.view.model: tuple(one.kinds) for one in staged}
    return [
        Forecast(
            model=(model := one.view.view.model),
            name=one.view.name,
            kinds=kinds_of[model],
            reach=reached[model],
            expected=expect(model, reached[model].people, looks, kinds={**others, **kinds_of}),
        )
        for one in staged
    ]


def expect(model: str, people: int, looks: Sequence[Look], *, kinds: Mapping[str, Collection[str]]) -> Expected | None:
    """Return how many people of a view will probably be matched, or None when nothing is known.

    The newest share of its own audiences counts; without one, the shares of views with the same kinds of identifier;
    without these, those of all others. Of several audiences the middle one counts.

    Args:
        model: The view.
        people: Its people.
        looks: Sizes that were seen, oldest first.
        kinds: The kinds of identifier of each view, by its name.
    """
    shown = [look for look in looks if look.size > 0]
    own = [look for look in shown if look.model == model]
    alike = [look for look in shown if look.model in kinds and set(kinds[look.model]) == set(kinds[model])]
    basis, chosen = next(((name, found) for name, found in ((OWN, own), (SAME_KINDS, alike)) if found), (OTHERS, shown))
    if not chosen:
        return None
    by_audience: dict[str, list[Look]] = {}
    for look in chosen:
        by_audience.setdefault(look.audience_id, []).append(look)
    counted = [look for one in by_audience.values() for look in one[-MOST_LOOKS:]]
    shares = [_share(look) for look in counted]
    share = median(_share(one[-1]) for one in by_audience.values())
    return Expected(
        people=round(share * people),
        share=share,
        least_share=min(shares),
        most_share=max(shares),
        basis=basis,
        looks=len(counted),
        since=min(look.seen_at for look in counted),
    )


def _share(look: Look) -> float:
    """Return the share that was matched; people who were added meanwhile can be among the matched."""
    return min(1.0, look.size / look.people)
