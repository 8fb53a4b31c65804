"""The receipt for a person: rows in, rows sent, what was not sent and why, money, time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from pusher.cli.colours import painted
from pusher.cli.render import wrapped
from pusher.money import shown
from pusher.plural import counted

if TYPE_CHECKING:
    from pusher.push.audience.receipt import AudienceReceipt
    from pusher.push.receipt import ModelReceipt
    from pusher.push.world import PushReport

_OUTCOMES = {
    "accepted": "accepted by TikTok",
    "dead": "refused by TikTok",
    "parked": "parked until you decide, see `pusher resolve`",
    "expired_late": "too old before they could be sent",
    "suppressed_late": "suppressed before they could be sent",
    "pending": "pending: run again",
}
_HELD = {
    "accepted": "already sent",
    "in_flight": "planned earlier or in flight",
    "dead": "refused by TikTok before",
    "corrected": "refused before, corrected: run `pusher retry`",
    "parked": "parked before",
    "expired": "too old before they could be sent",
    "suppressed": "may have arrived before their people were suppressed",
}
_NOT_DUE = {
    "enriched": "changed in details only; the first copy counts",
    "duplicate": "repeats a row of the view",
    "conflicting": "conflicting",
    "invalid": "invalid",
    "no_identity": "no identity",
    "expired": "outside the window",
    "suppressed": "suppressed",
}


_ALWAYS = ("sent now", "sent before", "not sent")
_COLUMNS = ("sent now", "sent before", "frozen before", "conflicting", "suppressed", "not sent")
"""The columns of the revenue, which add up to the warehouse's; some of them only where they have something."""


def _rows(model: ModelReceipt, *, dry_run: bool) -> str:
    lines: list[tuple[str, int]] = [("rows in the view", model.view_rows)]
    lines += [(f"  {text}", model.held[state]) for state, text in _HELD.items() if model.held.get(state)]
    lines += [(f"  {text}", model.terms[term]) for term, text in _NOT_DUE.items() if model.terms[term]]
    lines.append(("would be sent" if dry_run else "planned", model.terms["planned"]))
    if not dry_run:
        lines += [(f"  {text}", model.terms[term]) for term, text in _OUTCOMES.items() if model.terms[term]]
    if model.held_elsewhere:
        lines.append(("waiting in views that were not selected", model.held_elsewhere))
    if model.resumed.get("planned"):
        lines.append(("resumed from earlier runs", model.resumed["planned"]))
        lines += [(f"  {text}", model.resumed[term]) for term, text in _OUTCOMES.items() if model.resumed.get(term)]
    width = max(len(text) for text, _ in lines)
    return "\n".join(f"  {text.ljust(width)}  {rows:>11,}" for text, rows in lines)


def _revenue(model: ModelReceipt) -> str:
    currencies = sorted({currency for values in model.value_by_term.values() for currency in values} | set(model.sent))
    columns = {currency: _columns(model, currency) for currency in currencies}
    if not columns:
        return ""
    headers = [name for name in _COLUMNS if name in _ALWAYS or any(amounts[name] for amounts in columns.values())]
    rows = [
        [currency, shown(sum(amounts.values(), Decimal(0))), *(shown(amounts[name]) for name in headers)]
        for currency, amounts in columns.items()
    ]
    lines = [["revenue", "warehouse", *headers], *rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]))]
    table = [
        "  " + "  ".join(value.rjust(width) if place else value.ljust(width)
                         for place, (value, width) in enumerate(zip(line, widths, strict=True)))
        for line in lines
    ]  # fmt: skip
    return "\n".join([*table, *_sent_beside(model)])


def _columns(model: ModelReceipt, currency: str) -> dict[str, Decimal]:
    """Return what became of the value of a view's rows: every row counts in one column."""

    def of(values: Mapping[str, Mapping[str, Decimal]], name: str) -> Decimal:
        return values.get(name, {}).get(currency, Decimal(0))

    by_term, held, frozen, outlived = model.value_by_term, model.held_value, model.frozen_value, model.outlived_value
    all_frozen = sum((of(frozen, fate) for fate in frozen), Decimal(0))
    open_before = of(held, "in_flight") + of(outlived, "in_flight")
    # Without a ledger nothing weighs what a rehearsal would have frozen for another view.
    unweighed = Decimal(0) if frozen else open_before
    # An enriched row differs in details only, so its value is the one that was frozen or sent.
    enriched_and_frozen = all_frozen + unweighed - open_before
    sent_before = of(held, "accepted") + of(outlived, "accepted") + of(by_term, "enriched") - enriched_and_frozen
    planned_now = model.sent.get(currency, Decimal(0)) - model.sent_of_earlier.get(currency, Decimal(0))
    found = {
        "sent now": planned_now + of(frozen, "now"),
        "sent before": sent_before + of(frozen, "before"),
        # A person who was suppressed later leaves their rows behind, which may have arrived.
        "frozen before": unweighed + of(frozen, "waits") + of(held, "suppressed") + of(outlived, "suppressed"),
        # TikTok may have such events with their first values, which these rows do not tell.
        "conflicting": of(by_term, "conflicting"),
        # Of suppressed people nobody asks whether their rows were sent before.
        "suppressed": of(by_term, "suppressed"),
    }
    warehouse = sum((of(by_term, term) for term in by_term), Decimal(0))
    return {**found, "not sent": warehouse - sum(found.values(), Decimal(0))}


def _sent_beside(model: ModelReceipt) -> list[str]:
    """Return what was sent now and is none of the view's value."""
    of_view = model.frozen_value.get("now", {})
    beside = {currency: value - of_view.get(currency, Decimal(0)) for currency, value in model.sent_of_earlier.items()}
    return [
        f"  {currency} {shown(value)} more were sent now, of frozen rows that the view has no more or has otherwise"
        for currency, value in sorted(beside.items())
        if value > 0
    ]


_NEEDS_A_LOOK = frozenset({"invalid", "dead", "conflicting", "pending"})
"""Terms that keep a push from ending well; what else was left out needs nobody."""


def _refusals(model: ModelReceipt) -> str:
    return "\n".join(
        _counted_rows("!" if one.term in _NEEDS_A_LOOK else "-", one.rows, one.reason, one.message, one.fix)
        for one in model.refusals
    )


def _warnings(model: ModelReceipt) -> str:
    return "\n".join(_counted_rows("?", one.rows, one.warning, one.message, one.fix) for one in model.warnings)


def _counted_rows(mark: str, rows: int, code: str, message: str, fix: str) -> str:
    what = wrapped(f"{rows:,} x {code}: {message}", f"  {mark} ")
    return f"{what.replace(mark, painted(mark), 1)}\n{wrapped(fix, '      ')}"


def _audience_lines(audiences: Sequence[AudienceReceipt], *, dry_run: bool) -> str:
    """Return what one view means for its audiences: a column for each advertiser."""
    first = audiences[0]
    counts = [one.counts for one in audiences]
    told = ("would be added", "would be taken out") if dry_run else ("added", "taken out")
    lines: list[tuple[str, list[int]]] = [
        ("identifiers in the view", [one.members for one in counts]),
        ("  already in", [one.unchanged for one in counts]),
        (f"  {told[0]}", [one.pending_adds if dry_run else one.added for one in audiences]),
        (f"  {told[1]}", [one.pending_deletes if dry_run else one.deleted for one in audiences]),
        (
            "  told to leave, in it or not",
            [one.counts.unknown_deletes if dry_run else one.unknown_deleted for one in audiences],
        ),
        (f"  not added{_why_left(audiences)}", [one.refused_adds for one in audiences]),
        (f"  not taken out{_why_left(audiences)}", [one.refused_deletes for one in audiences]),
    ]
    if not dry_run:
        pending = [one.pending_adds + one.pending_deletes + one.pending_unknown_deletes for one in audiences]
        # Whoever has to correct something first reads the error, and does not run it again for nothing.
        again = "" if any(one.is_halted for one in audiences) else ": run again"
        lines.append((f"  still to be told{again}", pending))
    lines += [
        ("suppressed", [one.suppressed for one in counts]),
        ("left out: no digests, or nobody's", [one.dropped for one in counts]),
        ("rows without an identifier", [one.no_identity for one in counts]),
        ("files of all members", [one.files for one in audiences]),
        ("  bytes", [one.bytes for one in audiences]),
    ]
    kept = [(text, numbers) for place, (text, numbers) in enumerate(lines) if place < 4 or any(numbers)]  # noqa: PLR2004 -- the first four always stand
    width = max(len(text) for text, _ in kept)
    heads = [one.advertiser_id for one in audiences]
    ids = [one.audience_id or "not made yet" for one in audiences]
    columns = [max(11, len(head), len(id_)) for head, id_ in zip(heads, ids, strict=True)]

    def row(text: str, cells: Sequence[str]) -> str:
        shown = "  ".join(cell.rjust(size) for cell, size in zip(cells, columns, strict=True))
        return f"  {text.ljust(width)}  {shown}"

    title = f"{first.model}: audience `{first.name}`{' of files' if first.method == 'file' else ''}"
    out = [title, row("advertiser", heads), row("audience", ids)]
    if any(one.owner for one in audiences):
        out.append(row("shared by", [one.owner or "" for one in audiences]))
    return "\n".join([*out, *(row(text, [f"{number:,}" for number in numbers]) for text, numbers in kept)])


def _why_left(audiences: Sequence[AudienceReceipt]) -> str:
    """Return why people stay in or out, when it is the guard; any other reason is told as a problem."""
    codes = {one.problem.code for one in audiences if one.problem and (one.refused_adds or one.refused_deletes)}
    if codes <= {"audience-shrinks"}:
        return ": too many would go"
    return ": the list of suppressed people shrank" if codes <= {"suppressions-shrink"} else ""


def _audience_block(audiences: Sequence[AudienceReceipt], *, dry_run: bool) -> str:
    parts = [_audience_lines(audiences, dry_run=dry_run)]
    warnings = dict.fromkeys(warning for one in audiences for warning in one.warnings)
    parts += [wrapped(warning, "  ? ").replace("?", painted("?"), 1) for warning in warnings]
    return "\n".join(parts)


def _by_view(audiences: Sequence[AudienceReceipt]) -> list[list[AudienceReceipt]]:
    found: dict[tuple[str, str], list[AudienceReceipt]] = {}
    for one in audiences:
        found.setdefault((one.model, one.name), []).append(one)
    return list(found.values())


def receipt_text(report: PushReport) -> str:
    """Return the receipt of a push."""
    blocks = []
    for model in report.models:
        parts = [model.model, _rows(model, dry_run=report.dry_run), _revenue(model), _refusals(model), _warnings(model)]
        if model.dropped_identifiers:
            dropped = counted(model.dropped_identifiers, "identifier")
            parts.append(f"  left out, as no digests or as of nobody: {dropped}")
        sent = model.terms["accepted"] + model.resumed.get("accepted", 0) - model.accepted_untold
        if not report.dry_run:
            accepted_before = model.held.get("accepted", 0)
            before = f", already sent {accepted_before:,}" if accepted_before else ""
            since = ""
            if model.earlier_run and accepted_before:
                since = f" (newest run before: {model.earlier_run[0]}, {model.earlier_run[1][:16]})"
            untold = f", sent by runs without a receipt {model.accepted_untold:,}" if model.accepted_untold else ""
            parts.append(f"  sent {sent:,}{untold}{before}{since}")
        blocks.append("\n".join(part for part in parts if part))
    blocks += [_audience_block(one, dry_run=report.dry_run) for one in _by_view(report.audiences)]
    seconds = ", ".join(f"{stage} {value:.2f} s" for stage, value in report.seconds.items())
    if report.dry_run:
        blocks.append(f"dry run {report.run_id} to {report.base_url}: nothing was sent; {seconds}")
    else:
        blocks.append(f"run {report.run_id} to {report.base_url}: {counted(report.requests, 'request')}; {seconds}")
        if report.sandbox is not None:
            counts = report.sandbox
            blocks.append(
                f"the sandbox so far: {counted(counts['requests'], 'request')}, "
                f"{counted(counts['counted'], 'event')} counted, {counted(counts['duplicates'], 'duplicate')}"
            )
        if any(one.added or one.deleted for one in report.audiences):
            blocks.append("TikTok shows changes of an audience up to 48 hours after they were sent.")
        if any(model.terms["accepted"] for model in report.models):
            blocks.append(
                "TikTok shows events up to 24 hours after they were accepted; there is no need to send again."
            )
    return "\n\n".join(blocks)
