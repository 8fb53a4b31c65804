"""Holds the macro against libphonenumber: what both say for the same text and country, counted by region.

::

    python -m tests.phones.agreement --rows 1000000
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path

import phonenumbers

from tests.models import oracle
from tests.models.render import Renderer, evaluate
from tests.phones.plans import NON_GEOGRAPHIC, REGIONS
from tests.phones.variants import Written, example_rows, nasty_rows

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "phone-numbers.md"
CHUNK = 20_000
# What the macro may say, beside libphonenumber. `different` is the one that would make a wrong digest of a person.
GOAL = 0.995
OUTCOMES = ("same number", "no number in both", "missing", "extra", "different")
_SHOWN = 4


@dataclass
class Agreement:
    """Counts of outcomes.

    Attributes:
        regions: Rows by region and outcome.
        kinds: Rows that differ, by outcome and what was done to the number.
        shown: Some of them for each outcome.
        criteria: Rows with a number by libphonenumber, by whether it is possible, fits and is valid.
    """

    regions: dict[str, Counter[str]] = field(default_factory=dict)
    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)
    shown: dict[str, list[tuple[Written, str | None, str | None]]] = field(default_factory=dict)
    criteria: Counter[str] = field(default_factory=Counter)

    @property
    def outcomes(self) -> Counter[str]:
        """Rows by outcome."""
        return sum(self.regions.values(), Counter())

    @property
    def share(self) -> float:
        """Share of rows with the same answer."""
        counts = self.outcomes
        return (counts["same number"] + counts["no number in both"]) / counts.total()

    def add(self, other: Agreement) -> None:
        """Take in the counts of another part."""
        for region, counts in other.regions.items():
            self.regions.setdefault(region, Counter()).update(counts)
        self.kinds.update(other.kinds)
        self.criteria.update(other.criteria)
        for outcome, rows in other.shown.items():
            shown = self.shown.setdefault(outcome, [])
            shown += rows[: _SHOWN - len(shown)]


@cache
def _normalize() -> str:
    return Renderer().text("{{ normalize_phone('text', 'country') }}")


def compare(rows: Sequence[Written]) -> Agreement:
    """Return what the macro says of each row beside what libphonenumber says."""
    found = Agreement()
    ours = evaluate(_normalize(), text=[row.text for row in rows], country=[row.country for row in rows])
    for row, own in zip(rows, ours, strict=True):
        number = oracle.parse_phone(row.text, row.country)
        theirs = oracle.normalize_phone(row.text, row.country)
        outcome = _outcome(own, theirs)
        found.regions.setdefault(row.region, Counter())[outcome] += 1
        if number is not None and phonenumbers.is_possible_number(number):
            found.criteria["possible"] += 1
            found.criteria["fits"] += theirs is not None
            found.criteria["valid"] += phonenumbers.is_valid_number(number)
        if own != theirs:
            found.kinds[outcome, row.kind] += 1
            shown = found.shown.setdefault(outcome, [])
            if len(shown) < _SHOWN:
                shown.append((row, own, theirs))
    return found


def _outcome(own: str | None, theirs: str | None) -> str:
    if own == theirs:
        return "no number in both" if own is None else "same number"
    if own is None:
        return "missing"
    return "extra" if theirs is None else "different"


def examples() -> Agreement:
    """Compare all example numbers in all forms."""
    return _whole(map(compare, _chunks(example_rows())))


def nasty(rows: int, seed: int, processes: int = 1) -> Agreement:
    """Compare so many badly spelled numbers; each chunk has a seed of its own, so that processes change nothing."""
    sizes = [(min(CHUNK, rows - start), seed + start) for start in range(0, rows, CHUNK)]
    if processes == 1:
        return _whole(_nasty_chunk(size) for size in sizes)
    with ProcessPoolExecutor(processes) as pool:
        return _whole(pool.map(_nasty_chunk, sizes))


def _nasty_chunk(size: tuple[int, int]) -> Agreement:
    return compare(list(nasty_rows(*size)))


def _chunks(rows: Iterable[Written]) -> Iterator[list[Written]]:
    reader = iter(rows)
    return iter(lambda: list(islice(reader, CHUNK)), [])


def _whole(parts: Iterable[Agreement]) -> Agreement:
    found = Agreement()
    for part in parts:
        found.add(part)
    return found


# -- the page


_HEAD = """# Phone numbers

Written by `make phones`.

What `normalize_phone` makes of a number, held against the parser of libphonenumber {version}.
The macro reads a text as the parser does and gives a number where it has a possible length and fits the general
pattern of its calling code; [decisions](../decisions.md#phone-numbers) says why it is that rule.

- {examples:,} times an example number, of every region and kind, in every form that libphonenumber writes:
  {examples_same} the same.
- {rows:,} numbers near them, spelled badly (seed {seed}): {same} the same, {missing:,} only by libphonenumber,
  {extra:,} only by the macro, and {different:,} times another number ({different_share}).
- Of the badly spelled ones libphonenumber calls {possible:,} possible; {fits:,} fit the general pattern, {valid:,} are
  valid, which means in use.

## Where they differ

| | the macro | libphonenumber |
|---|---|---|
| the country's code without a plus sign, and the dialled prefix twice behind it | no number | takes both off |
| numbers of islands without a calling code of their own | fit the plan of the code | fit the island's plan |
| letters beside digits of another script than ours | no number | drops the digits |
| digits of a script other than full-width, Arabic, Persian, Devanagari, Bengali and Thai | no number | reads them |
| calling code and local number of San Marino, Norfolk Island or Madagascar | no number | adds the area code |

Some of each, as they stood in a row:

| text | country | the macro | libphonenumber |
|---|---|---|---|
{shown}

## By region

Badly spelled numbers by the region whose examples they were made from; 001 are calling codes of no region.

| region | rows | the same | missing | extra | different |
|---|---|---|---|---|---|
{regions}
"""


def page(known: Agreement, bad: Agreement, seed: int) -> str:
    """Return the reference page."""
    counts = bad.outcomes
    shown = [
        f"| `{_visible(row.text)}` | {_visible(row.country or 'none')} | {own or 'none'} | {theirs or 'none'} |"
        for outcome in ("different", "extra", "missing")
        for row, own, theirs in bad.shown.get(outcome, [])
    ]
    regions = [_line(region, bad.regions[region]) for region in [*REGIONS, NON_GEOGRAPHIC] if region in bad.regions]
    return _HEAD.format(
        version=phonenumbers.__version__,
        examples=known.outcomes.total(),
        examples_same=_percent(known.share),
        rows=counts.total(),
        seed=seed,
        same=_percent(bad.share),
        different_share=_percent(counts["different"] / counts.total()),
        shown="\n".join(shown),
        regions="\n".join(regions),
        **{outcome: counts[outcome] for outcome in ("missing", "extra", "different")},
        **{criterion: bad.criteria[criterion] for criterion in ("possible", "fits", "valid")},
    )


def _line(region: str, counts: Counter[str]) -> str:
    same = (counts["same number"] + counts["no number in both"]) / counts.total()
    others = " | ".join(f"{counts[outcome]:,}" for outcome in ("missing", "extra", "different"))
    return f"| {region} | {counts.total():,} | {_percent(same)} | {others} |"


def _percent(share: float) -> str:
    return f"{share * 100:.2f} %"


def _visible(text: str) -> str:
    shown = (character if character.isprintable() else f"\\u{ord(character):04x}" for character in text)
    return "".join(shown).replace("|", "\\|").replace("`", "'")


def main() -> int:
    """Compare, write the page, print the counts; exit 1 below 99.5 % or with another number."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.phones.agreement", description="Compare with libphonenumber."
    )
    parser.add_argument("--rows", type=int, default=1_000_000, help="badly spelled numbers")
    parser.add_argument("--seed", type=int, default=2026)
    given = parser.parse_args()
    known, bad = examples(), nasty(given.rows, given.seed, len(os.sched_getaffinity(0)))
    PAGE.write_text(page(known, bad, given.seed), encoding="utf-8")
    for name, found in (("examples", known), ("badly spelled", bad)):
        counts = ", ".join(f"{outcome} {found.outcomes[outcome]:,}" for outcome in OUTCOMES)
        sys.stdout.write(f"{name}: {_percent(found.share)}: {counts}\n")
    for (outcome, kind), rows in bad.kinds.most_common(12):
        sys.stdout.write(f"  {outcome} {rows}: {kind}\n")
    return int(min(known.share, bad.share) < GOAL)


if __name__ == "__main__":
    sys.exit(main())
