"""Adds up what became of every row; each sum closes or the run is a bug."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from pusher.contracts import BatchState
from pusher.ledger.quarantine import CONFLICT, OUTLIVED, SEVERAL, SEVERAL_DIFFER, differing_columns
from pusher.ledger.store import Store
from pusher.money import plain
from pusher.payload.row_warnings import set_bits
from pusher.push.plan import Plan

VIEW_TERMS = (
    "planned",
    "already_sent",
    "conflicting",
    "enriched",
    "duplicate",
    "invalid",
    "no_identity",
    "expired",
    "suppressed",
)
PLANNED_TERMS = ("accepted", "dead", "parked", "pending", "expired_late", "suppressed_late")
FINAL_TERM = {
    BatchState.ACCEPTED: "accepted",
    BatchState.DEAD: "dead",
    BatchState.PARKED: "parked",
    BatchState.EXPIRED: "expired_late",
    BatchState.SUPPRESSED: "suppressed_late",
}
RANK = (70, 3, 5, 4, 1)
"""Exit codes of a push, the one that counts before the others first."""
_EXPLAINED = ("conflicting", "duplicate", "invalid", "no_identity", "expired")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Rows that are not sent for one reason.

    Attributes:
        reason: Stable code.
        field: Contract column, or None.
        rows: How many.
        message: What is wrong.
        fix: What to do.
        term: The receipt's term they are counted under.
    """

    reason: str
    field: str | None
    rows: int
    message: str
    fix: str
    term: str


@dataclass(frozen=True, slots=True)
class Warned:
    """Rows that are sent although something is odd about them.

    Attributes:
        warning: Stable code.
        field: Contract column, or None.
        rows: How many.
        message: What is odd.
        fix: What to do.
    """

    warning: str
    field: str | None
    rows: int
    message: str
    fix: str

    def as_json(self) -> dict[str, Any]:
        """Return the fields as the JSON output prints them."""
        return asdict(self)


@dataclass(slots=True)
class ModelReceipt:
    """One view's line of the receipt; terms as in `VIEW_TERMS` and `PLANNED_TERMS`.

    `sent` is the value that this run got accepted; `sent_of_earlier` what of it earlier runs had planned.
    Rows under `already_sent` are told apart by `held`: the state in which the ledger holds them. Those counted by
    `held_elsewhere` wait in parts of views that were not selected, which this run did not send. `accepted_untold`
    counts the rows under `resumed` that were accepted in earlier runs, of which nobody saw a receipt.
    `outlived_value` is the value of rows outside the window that the ledger holds, by a detail of `OUTLIVED`.
    `frozen_value` is the value of the view's rows that stand in parts of earlier runs, by their fate: `now`, `before`,
    `waits` or `unsent`.
    """

    model: str
    terms: dict[str, int] = field(default_factory=lambda: dict.fromkeys((*VIEW_TERMS, *PLANNED_TERMS), 0))
    held: dict[str, int] = field(default_factory=dict)
    held_elsewhere: int = 0
    held_value: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    outlived_value: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    resumed: dict[str, int] = field(default_factory=dict)
    accepted_untold: int = 0
    value_by_term: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    sent: dict[str, Decimal] = field(default_factory=dict)
    sent_of_earlier: dict[str, Decimal] = field(default_factory=dict)
    frozen_value: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    warnings: list[Warned] = field(default_factory=list)
    dropped_identifiers: int = 0
    new_conflicts: int = 0
    attempts: int = 0
    requests: int = 0
    request_ids: list[str] = field(default_factory=list)
    earlier_run: tuple[str, str] | None = None

    @property
    def view_rows(self) -> int:
        """Rows of the view: the sum of its terms."""
        return sum(self.terms[term] for term in VIEW_TERMS)

    def rows(self, term: str) -> int:
        """Return the rows of a planned term, those of earlier runs included."""
        return self.terms[term] + self.resumed.get(term, 0)

    def resume(self, rows: Mapping[str, int]) -> None:
        """Add rows of earlier runs, by planned term."""
        for term, count in (*rows.items(), ("planned", sum(rows.values()))):
            self.resumed[term] = self.resumed.get(term, 0) + count

    def close(self) -> None:
        """Check that the planned rows are all accounted for.

        Raises:
            AssertionError: They are not: a defect of this program.
        """
        settled = sum(self.terms[term] for term in PLANNED_TERMS)
        if settled != self.terms["planned"]:
            raise AssertionError(f"{self.model}: planned {self.terms['planned']} rows, accounted for {settled}")

    def as_json(self) -> dict[str, Any]:
        """Return the fields as the JSON output prints them; money as decimal text."""
        currencies = sorted(
            {currency for values in self.value_by_term.values() for currency in values} | set(self.sent)
        )
        revenue = {}
        for currency in currencies:
            by_term = {term: values[currency] for term, values in self.value_by_term.items() if currency in values}
            revenue[currency] = {
                "warehouse": plain(sum(by_term.values(), Decimal(0))),
                "sent": plain(self.sent.get(currency, Decimal(0))),
                "by_term": {term: plain(value) for term, value in sorted(by_term.items())},
            }
        return {
            "model": self.model,
            "view_rows": self.view_rows,
            **self.terms,
            "held": self.held,
            "held_elsewhere": self.held_elsewhere,
            "resumed": self.resumed,
            "dropped_identifiers": self.dropped_identifiers,
            "new_conflicts": self.new_conflicts,
            "requests": self.requests,
            "attempts": self.attempts,
            "request_ids": self.request_ids,
            "revenue": revenue,
            "refusals": [
                {"reason": one.reason, "field": one.field, "rows": one.rows, "fix": one.fix, "message": one.message,
                 "term": one.term}
                for one in self.refusals
            ],
            "warnings": [one.as_json() for one in self.warnings],
            "earlier_run": (
                {"id": self.earlier_run[0], "started_at": self.earlier_run[1]} if self.earlier_run else None
            ),
        }  # fmt: skip


def from_plan(plan: Plan) -> ModelReceipt:
    """Start a view's line with what its plan counted."""
    receipt = ModelReceipt(
        plan.view.model,
        dropped_identifiers=plan.dropped_identifiers,
        new_conflicts=plan.new_conflicts,
        held_elsewhere=plan.held_elsewhere,
    )
    refused: dict[tuple[str, str], int] = {}
    warned = dict.fromkeys(range(len(plan.warnings)), 0)
    for count in plan.counts:
        if count.term == "planned":
            for bit in set_bits(count.warnings):
                warned[bit] += count.rows
        receipt.terms[count.term] += count.rows
        if count.currency is not None:
            _add(receipt.value_by_term.setdefault(count.term, {}), count.currency, count.value)
        if count.term == "already_sent":
            receipt.held[count.detail] = receipt.held.get(count.detail, 0) + count.rows
            if count.currency is not None:
                _add(receipt.held_value.setdefault(count.detail, {}), count.currency, count.value)
        is_outlived = count.term == "expired" and count.detail in OUTLIVED
        if is_outlived and count.currency is not None:
            _add(receipt.outlived_value.setdefault(count.detail, {}), count.currency, count.value)
        if count.term in _EXPLAINED and not is_outlived:
            refused[count.term, count.detail] = refused.get((count.term, count.detail), 0) + count.rows
    for (term, detail), rows in sorted(refused.items(), key=lambda item: (-item[1], item[0])):
        receipt.refusals.append(_refusal(plan, term, detail, rows))
    pairs = zip(plan.warnings, warned.values(), strict=True)
    receipt.warnings = [Warned(one.code, one.field, rows, one.message, one.fix) for one, rows in pairs if rows]
    return receipt


def weigh(models: Sequence[ModelReceipt], plans: Sequence[Plan], store: Store, run: str) -> None:
    """Fill in what became of the rows that views show of parts of earlier runs.

    Args:
        models: The lines that were started with the plans, in their order.
        plans: The plans.
        store: The ledger, once the rows were delivered.
        run: The run at work.
    """
    for model, plan in zip(models, plans, strict=True):
        if plan.waiting is not None:
            model.frozen_value = plan.waiting.value_by_fate(store, run)


def _add(values: dict[str, Decimal], currency: str, value: Decimal) -> None:
    values[currency] = values.get(currency, Decimal(0)) + value


def _refusal(plan: Plan, term: str, detail: str, rows: int) -> Refusal:
    if term == "conflicting" and detail.startswith(SEVERAL):
        columns, (message, fix) = differing_columns(detail), SEVERAL_DIFFER
        if detail != SEVERAL:
            message = f"The view has the event more than once, with another {_listed(columns)}."
        return Refusal("conflict", columns, rows, message, fix, term)
    if term == "conflicting":
        message = f"An earlier push has the event with another {_listed(detail)}."
        return Refusal("conflict", detail, rows, message, CONFLICT[1], term)
    if term == "duplicate":
        return Refusal("duplicate", "event_id", rows, "The view has the event twice, with equal values.",
                       "Nothing to do; one copy is sent.", term)  # fmt: skip
    reason = plan.reasons[detail]
    return Refusal(reason.code, reason.field, rows, reason.message, reason.fix, term)


def _listed(columns: str) -> str:
    """Return columns as a sentence names them."""
    *others, last = columns.split(",")
    return f"{', '.join(others)} and {last}" if others else last


def rows_by_term(states: Mapping[BatchState, int], rows: int) -> dict[str, int]:
    """Return a part's rows by planned term; what is not final is pending."""
    found = dict.fromkeys(PLANNED_TERMS, 0)
    for state, count in states.items():
        if state in FINAL_TERM:
            found[FINAL_TERM[state]] += count
    found["pending"] = rows - sum(found.values())
    return found


def worst(*codes: int) -> int:
    """Return the highest-ranked of some exit codes."""
    return next((code for code in RANK if code in codes), 0)


def exit_code(receipts: list[ModelReceipt], *, halted: bool, gave_up: bool, on_change: str) -> int:
    """Return the exit code that tells the truth; the highest-ranked of 3 > 5 > 4 > 1 wins.

    A row that waits in a part of a view that was not selected is as pending as one of this run. Parked rows give 5
    only in the parts that this run took over: those of the selected views.

    Args:
        receipts: All lines.
        halted: TikTok refused token, permission or configuration.
        gave_up: Too many rows were refused, so the rest was not tried.
        on_change: `report` counts new conflicts as findings, `ignore` does not.
    """
    if halted:
        return 3

    def total(term: str) -> int:
        return sum(receipt.rows(term) for receipt in receipts)

    if total("parked"):
        return 5
    elsewhere = sum(receipt.held_elsewhere for receipt in receipts)
    if (total("pending") or elsewhere) and not gave_up:
        return 4
    conflicts = sum(receipt.new_conflicts for receipt in receipts) if on_change == "report" else 0
    return 1 if total("invalid") or total("dead") or conflicts or gave_up else 0
