"""What a person reads at the end of a push: every row has a line, and marks say what needs somebody."""

from __future__ import annotations

import re
from decimal import Decimal

from pusher.cli.receipt import receipt_text
from pusher.push.receipt import PLANNED_TERMS, VIEW_TERMS, ModelReceipt, Refusal
from pusher.push.world import PushReport


def numbers_below(text: str, heading: str) -> list[int]:
    """Return the counts that are indented below a line."""
    lines = text.splitlines()
    first = next(place for place, line in enumerate(lines) if line.startswith(f"  {heading} "))
    found = []
    for line in lines[first + 1 :]:
        if not line.startswith("    "):
            break
        found.append(int(line.split()[-1].replace(",", "")))
    return found


def test_every_row_of_a_receipt_has_a_line() -> None:
    """Whatever becomes of rows, planned now or frozen before, what is printed adds up."""
    model = ModelReceipt("orders")
    for number, term in enumerate((*VIEW_TERMS, *PLANNED_TERMS)):
        model.terms[term] = 10 + number
    model.terms["planned"] = sum(model.terms[term] for term in PLANNED_TERMS)
    model.held = {"accepted": model.terms["already_sent"]}
    model.resumed = {term: 100 + number for number, term in enumerate(PLANNED_TERMS)}
    model.resumed["planned"] = sum(model.resumed.values())

    text = receipt_text(PushReport("run", "sandbox", dry_run=False, models=[model], seconds={}))

    assert sum(numbers_below(text, "rows in the view")) == model.view_rows - model.terms["planned"]
    assert sum(numbers_below(text, "planned")) == model.terms["planned"]
    assert sum(numbers_below(text, "resumed from earlier runs")) == model.resumed["planned"]


def test_an_exclamation_mark_stands_before_what_somebody_has_to_look_at() -> None:
    """What no row can be sent for, and nobody can do anything about, has a dash."""
    model = ModelReceipt("orders")
    terms = ("invalid", "dead", "conflicting", "expired", "no_identity", "suppressed")
    model.refusals = [Refusal(term, None, 1, "What is wrong.", "What to do.", term) for term in terms]
    text = receipt_text(PushReport("run", "sandbox", dry_run=False, models=[model], seconds={}))
    assert re.findall(r"^  (\S+) 1 x (\w+)", re.sub(r"\x1b\[[0-9;]*m", "", text), re.MULTILINE) == [
        ("!", "invalid"), ("!", "dead"), ("!", "conflicting"),
        ("-", "expired"), ("-", "no_identity"), ("-", "suppressed"),
    ]  # fmt: skip


def revenue_of(model: ModelReceipt, lines: int = 2) -> list[list[str]]:
    """Return the words of the first lines of the table of a receipt's revenue."""
    text = receipt_text(PushReport("run", "sandbox", dry_run=False, models=[model], seconds={})).splitlines()
    first = next(place for place, line in enumerate(text) if line.startswith("  revenue"))
    return [re.split(r" {2,}", line.strip()) for line in text[first : first + lines]]


def resuming() -> ModelReceipt:
    """Return the receipt of a view of which an earlier run left a part."""
    model = ModelReceipt("orders")
    values = {"planned": "1.00", "already_sent": "220.00", "invalid": "4000.00"}
    model.value_by_term = {term: {"EUR": Decimal(value)} for term, value in values.items()}
    model.held_value = {"accepted": {"EUR": Decimal("20.00")}, "in_flight": {"EUR": Decimal("200.00")}}
    return model


def frozen(**values: str) -> dict[str, dict[str, Decimal]]:
    """Return the value of rows of a view that earlier runs had frozen, by fate."""
    return {fate: {"EUR": Decimal(value)} for fate, value in values.items()}


def test_revenue_that_was_sent_of_rows_which_the_view_has_no_more_stands_beside_it() -> None:
    """What became of the view's value adds up to it, and what else was sent has a line of its own."""
    model = resuming()
    model.frozen_value = frozen(now="200.00")
    model.sent, model.sent_of_earlier = {"EUR": Decimal("251.00")}, {"EUR": Decimal("250.00")}

    assert revenue_of(model, lines=3) == [
        ["revenue", "warehouse", "sent now", "sent before", "not sent"],
        ["EUR", "4,221.00", "201.00", "20.00", "4,000.00"],
        ["EUR 50.00 more were sent now, of frozen rows that the view has no more or has otherwise"],
    ]


def test_revenue_of_rows_that_earlier_runs_left_has_a_column_while_some_of_them_wait() -> None:
    """What of them was not sent now; of the rows planned now one was not sent."""
    model = resuming()
    model.frozen_value = frozen(now="150.00", waits="50.00")
    model.sent = model.sent_of_earlier = {"EUR": Decimal("150.00")}

    assert revenue_of(model) == [
        ["revenue", "warehouse", "sent now", "sent before", "frozen before", "not sent"],
        ["EUR", "4,221.00", "150.00", "20.00", "50.00", "4,001.00"],
    ]


def test_revenue_that_earlier_runs_sent_of_a_part_that_was_left_open_was_sent_before() -> None:
    """Two runs sent most of what the first one froze, and this one the rest: the line adds up."""
    model = resuming()
    model.frozen_value = frozen(now="50.00", before="150.00")
    model.sent, model.sent_of_earlier = {"EUR": Decimal("51.00")}, {"EUR": Decimal("50.00")}

    assert revenue_of(model) == [
        ["revenue", "warehouse", "sent now", "sent before", "not sent"],
        ["EUR", "4,221.00", "51.00", "170.00", "4,000.00"],
    ]


def test_revenue_of_frozen_rows_that_were_refused_or_of_suppressed_people_is_not_called_sent() -> None:
    """Refused rows are unsent, details that changed meanwhile wait with their rows, and of people nobody asks."""
    model = resuming()
    model.value_by_term |= {"enriched": {"EUR": Decimal("7.00")}, "suppressed": {"EUR": Decimal("30000.00")}}
    model.held_value["suppressed"] = {"EUR": Decimal("0.50")}
    model.frozen_value = frozen(unsent="150.00", waits="54.00")

    assert revenue_of(model) == [
        ["revenue", "warehouse", "sent now", "sent before", "frozen before", "suppressed", "not sent"],
        ["EUR", "34,228.00", "0.00", "23.00", "54.50", "30,000.00", "4,150.50"],
    ]


def test_revenue_of_conflicting_rows_is_neither_sent_nor_unsent() -> None:
    """TikTok has these events with their first values; the line adds up to the warehouse's value."""
    model = ModelReceipt("orders")
    values = {"planned": "1.00", "already_sent": "20.00", "conflicting": "300.00", "invalid": "4000.00"}
    model.value_by_term = {term: {"EUR": Decimal(value)} for term, value in values.items()}
    model.held_value = {"accepted": {"EUR": Decimal("20.00")}}
    model.sent = {"EUR": Decimal("1.00")}

    assert revenue_of(model) == [
        ["revenue", "warehouse", "sent now", "sent before", "conflicting", "not sent"],
        ["EUR", "4,321.00", "1.00", "20.00", "300.00", "4,000.00"],
    ]
    del model.value_by_term["conflicting"]
    assert revenue_of(model) == [
        ["revenue", "warehouse", "sent now", "sent before", "not sent"],
        ["EUR", "4,021.00", "1.00", "20.00", "4,000.00"],
    ]


def test_revenue_of_rows_outside_the_window_stands_under_what_became_of_them() -> None:
    """Some of them were sent in time, some now, some wait or may have been sent, and the rest was not."""
    model = ModelReceipt("orders")
    model.value_by_term = {"expired": {"EUR": Decimal("54321.00")}}
    held = {"accepted": "1.00", "suppressed": "20.00", "in_flight": "4300.00"}
    model.outlived_value = {detail: {"EUR": Decimal(value)} for detail, value in held.items()}
    model.frozen_value = frozen(now="300.00", before="1000.00", waits="3000.00")
    model.sent = model.sent_of_earlier = {"EUR": Decimal("300.00")}

    assert revenue_of(model) == [
        ["revenue", "warehouse", "sent now", "sent before", "frozen before", "not sent"],
        ["EUR", "54,321.00", "300.00", "1,001.00", "3,020.00", "50,000.00"],
    ]


def test_identifiers_of_nobody_are_told_as_such() -> None:
    """A private IP address is left out as well as a text that is no digest."""
    model = ModelReceipt("orders", dropped_identifiers=2)
    text = receipt_text(PushReport("run", "sandbox", dry_run=False, models=[model], seconds={}))
    assert "  left out, as no digests or as of nobody: 2 identifiers" in text.splitlines()
