"""Whom audiences reach and will probably match, as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from pusher.cli import render
from pusher.plural import counted

if TYPE_CHECKING:
    from pusher.push.audience.forecast import Expected, Forecast

_LABEL, _NUMBER, _SHARE = 42, 12, 7
_BASES = {
    "own": "by its own sizes",
    "same kinds": "by sizes of views with the same identifiers",
    "others": "roughly, by sizes of other views",
}
_UNKNOWN = (
    "Nobody can tell how many TikTok will match before it has matched some: run `pusher audience list` two days after "
    "the first push, and now and then. It keeps the sizes."
)


def forecast_text(forecasts: Sequence[Forecast]) -> str:
    """Return whom each view reaches, and whom it will probably match."""
    blocks = ["\n".join(_lines(one)) for one in forecasts]
    if any(one.expected is None for one in forecasts):
        blocks.append(render.wrapped(_UNKNOWN, ""))
    return "\n\n".join(blocks)


def _lines(one: Forecast) -> Iterable[str]:
    reach = one.reach
    yield f"{one.model}: audience `{render.escaped(one.name)}`"
    yield _line("people", reach.people)
    for kind, people in reach.people_by_kind.items():
        yield _line(f"  with {kind.removesuffix('_SHA256').lower()}", people, reach.people)
    yield _line("identifiers", reach.identifiers)
    for other, people in reach.also_in.items():
        yield _line(f"people also in {other}", people, reach.people)
    if one.expected is None:
        yield f"  {'expected matches':<{_LABEL}}{'not known':>{_NUMBER}}"
    else:
        yield _line("expected matches, about", one.expected.people, reach.people)
        yield render.wrapped(_basis(one.expected), "    ")


def _line(label: str, number: int, whole: int | None = None) -> str:
    share = f"{number / whole:.0%}".replace("%", " %") if whole else ""
    text = f"  {label:<{_LABEL}} {number:>{_NUMBER - 1},}{share:>{_SHARE}}"
    return text.rstrip()


def _basis(expected: Expected) -> str:
    least, most = round(100 * expected.least_share), round(100 * expected.most_share)
    span = f"{least} %" if least == most else f"{least} to {most} %"
    looks = counted(expected.looks, "look")
    return f"{_BASES[expected.basis]}: {looks} since {expected.since:%Y-%m-%d}, {span} matched"
