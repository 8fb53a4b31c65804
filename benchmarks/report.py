"""Figures as values, as a table of at most 100 columns, and as JSON."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

WIDTH = 100
_NAME, _VALUE, _RATIO, _BOUND = 15, 18, 9, 27


@dataclass(frozen=True, slots=True)
class Bound:
    """What a figure must keep.

    Attributes:
        of: Number that is held against the limit: ours, ours less the baseline, or their ratio.
        limit: The limit.
        at_least: The number may not be smaller; otherwise it may not be larger.
    """

    of: Literal["ours", "difference", "ratio"]
    limit: float
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure.

    Attributes:
        name: Short name, as `--only` takes it.
        doc: What is held against what.
        unit: `s`, `events/s`, `per cpu s`, `MB` or `a batch`.
        ours: Ours, by round.
        baseline: The baseline's, by round; empty without one.
        bound: What must hold, or None for a figure that is only told.
        notes: Further numbers.
    """

    name: str
    doc: str
    unit: str
    ours: Sequence[float]
    baseline: Sequence[float]
    bound: Bound | None
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        """The median of the rounds' ratios: the two halves of a round saw the same machine."""
        if not self.baseline:
            return None
        return statistics.median(ours / base for ours, base in zip(self.ours, self.baseline, strict=True))

    @property
    def judged(self) -> float | None:
        """The number that the bound is about, or None without one."""
        if self.bound is None:
            return None
        match self.bound.of:
            case "ours":
                return statistics.median(self.ours)
            case "difference":
                pairs = zip(self.ours, self.baseline, strict=True)
                return statistics.median(ours - base for ours, base in pairs)
            case "ratio":
                return self.ratio

    @property
    def is_kept(self) -> bool:
        """Whether the bound holds."""
        if self.bound is None:
            return True
        assert self.judged is not None
        return self.judged >= self.bound.limit if self.bound.at_least else self.judged <= self.bound.limit

    def as_json(self) -> dict[str, Any]:
        """Return everything about the figure."""
        return {
            "name": self.name,
            "doc": self.doc,
            "unit": self.unit,
            "ours": statistics.median(self.ours),
            "baseline": statistics.median(self.baseline) if self.baseline else None,
            "ratio": self.ratio,
            "bound": None if self.bound is None else asdict(self.bound),
            "judged": self.judged,
            "ok": self.is_kept,
            "rounds": {"ours": list(self.ours), "baseline": list(self.baseline)},
            "notes": dict(self.notes),
        }


def _number(value: float, unit: str) -> str:
    digits = {"s": 3 if value < 10 else 1, "a batch": 2}.get(unit, 0)
    return f"{value:,.{digits}f} {unit}"


def _bound(figure: Figure) -> str:
    bound = figure.bound
    if bound is None:
        return "-"
    sign = ">=" if bound.at_least else "<="
    if bound.of == "ratio":
        return f"ratio {sign} {bound.limit:g}"
    what = "ours" if bound.of == "ours" else "ours - base"
    return f"{what} {sign} {bound.limit:,g} {figure.unit}"


def _row(name: str, *, ours: str, baseline: str, ratio: str, bound: str, verdict: str = "") -> str:
    columns = (f"{name:<{_NAME}}", f"{ours:>{_VALUE}}", f"{baseline:>{_VALUE}}", f"{ratio:>{_RATIO}}")
    return f"{' '.join(columns)}  {bound:<{_BOUND}} {verdict}".rstrip()


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as lines of text, each with its notes below."""
    lines = [_row("figure", ours="ours", baseline="baseline", ratio="ratio", bound="bound")]
    lines.append("-" * (WIDTH - 4))
    for figure in figures:
        lines.append(
            _row(
                figure.name,
                ours=_number(statistics.median(figure.ours), figure.unit),
                baseline=_number(statistics.median(figure.baseline), figure.unit) if figure.baseline else "-",
                ratio="-" if figure.ratio is None else f"{figure.ratio:.2f} x",
                bound=_bound(figure),
                verdict="" if figure.bound is None else "ok" if figure.is_kept else "OVER",
            )
        )
        lines += _notes(figure)
    return "\n".join(lines)


def _notes(figure: Figure) -> list[str]:
    lines = [""]
    for name, value in figure.notes.items():
        if not isinstance(value, int | float | str):
            continue
        text = f"{name} {value}" if isinstance(value, bool | str) else f"{name} {value:,.3g}"
        if isinstance(value, int | float) and abs(value) >= 1_000:
            text = f"{name} {value:,.0f}"
        joined = f"{lines[-1]}, {text}" if lines[-1] else text
        if len(joined) > WIDTH - 6:
            lines.append(text)
        else:
            lines[-1] = joined
    return [f"    {line}" for line in lines if line]
