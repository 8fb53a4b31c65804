"""What a build says about a view's rows before anything is sent, and what a request would look like."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pusher.contracts import Destination, Engine, EngineError
from pusher.errors import PlanError, Problem
from pusher.ledger.state import scratch_folder
from pusher.payload.presence import identifying_columns, presence_sql
from pusher.payload.projection import fault_counts_sql, staged_sql
from pusher.push.encode import PartEncoder
from pusher.push.identity import IdentityCoverage, identity_coverage
from pusher.push.plan import PlanOptions, View, judge
from pusher.push.reading import Origins, no_origins, reading_failure
from pusher.push.receipt import Warned


@dataclass(frozen=True, slots=True)
class Coverage:
    """A destination view's rows, judged by its contract.

    Attributes:
        model: The view.
        rows: Rows of the view.
        good: Rows that may be sent.
        repeated: Good rows whose event or member stands in the view more than once.
        dropped_identifiers: Identifiers that were not digests or identified nobody.
        reasons: Rows by reason: term, code, field, rows, fix.
        identity: Rows by the identifiers that they hold.
        warnings: What is odd about good rows, or about the view as a whole.
        is_audience: Its rows are members of an audience.
    """

    model: str
    rows: int
    good: int
    repeated: int
    dropped_identifiers: int
    reasons: tuple[dict[str, Any], ...]
    identity: IdentityCoverage
    warnings: tuple[Warned, ...] = ()
    is_audience: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the fields as the JSON output prints them."""
        return {
            "model": self.model,
            "rows": self.rows,
            "good": self.good,
            "repeated": self.repeated,
            "dropped_identifiers": self.dropped_identifiers,
            "reasons": list(self.reasons),
            "warnings": [one.as_json() for one in self.warnings],
            "identity": self.identity.as_json(),
        }


def cover(engine: Engine, view: View, options: PlanOptions, *, origins: Origins = no_origins) -> Coverage:
    """Judge every row of a built view, and count the identifiers that its rows hold.

    Args:
        engine: The warehouse.
        view: The view.
        options: Clock, run and key space.
        origins: Says which SQL makes each column of a view; asked only when it fails.

    Raises:
        PlanError: A column is missing or of the wrong type, or the view fails.
    """
    checks, columns = judge(engine, view, options, origins=origins)
    try:
        counted = engine.rows(fault_counts_sql(checks, columns, view.relation))
        held = engine.rows(presence_sql(checks, view.relation))
    except EngineError as error:
        raise reading_failure(engine, view, error, columns, origins=origins, otherwise="Correct the model.") from error
    rows = good = distinct = folded = dropped = 0
    reasons = []
    warnings: list[Warned] = []
    for number, count, keys, folded_keys, dropped_here, *warned in counted:
        rows += count
        dropped += dropped_here or 0
        if number is None:
            good, distinct, folded = count, keys, folded_keys
            pairs = zip(checks.warnings, warned, strict=True)
            warnings = [Warned(one.code, one.field, times, one.message, one.fix) for one, times in pairs if times]
            continue
        reason = checks.reasons[number]
        reasons.append(
            {"term": reason.term, "reason": reason.code, "field": reason.field, "rows": count, "fix": reason.fix}
        )
    reasons.sort(key=lambda item: (-item["rows"], item["reason"]))
    if folded < distinct:
        warnings.append(_look_alikes(distinct - folded))
    if distinct < view.payload.least_members:
        warnings.append(_few_members(distinct, view.payload.least_members))
    identity = identity_coverage(identifying_columns(checks), [tuple(row) for row in held])
    return Coverage(
        view.model,
        rows,
        good,
        good - distinct,
        dropped,
        tuple(reasons),
        identity,
        tuple(warnings),
        is_audience=view.payload.kind == "audience",
    )


def _few_members(members: int, least: int) -> Warned:
    message = f"TikTok needs {least:,} members that it matches before an audience can be used; fewer are left empty."
    fix = "Let more customers into the model, or bring more identifiers of each."
    return Warned("few-members", None, members, message, fix)


def _look_alikes(rows: int) -> Warned:
    message = "event_id differs from another one of the view in case or spaces only; each is sent as an event."
    fix = "Trim and fold the business key in staging, before the id is made of it."
    return Warned("look-alike-ids", "event_id", rows, message, fix)


def first_body(
    view: View,
    *,
    open_engine: Callable[[Path], Engine],
    destination: Destination,
    options: PlanOptions,
    limit: int,
) -> bytes:
    """Return the request body for the first good rows of a view.

    Raises:
        PlanError: The view is not built, or none of its rows may be sent.
    """
    with scratch_folder() as folder:
        engine = open_engine(folder)
        try:
            checks, columns = judge(engine, view, options)
            staged = staged_sql(checks, columns, view.relation)
            sql = f"select * from ({staged}) as staged where _reason is null order by _event_id limit {int(limit)}"
            target = folder / "rows"
            target.mkdir()
            files = engine.stage(sql, target, rows_per_file=100_000)
            source_ids = engine.rows(f"select _source_id from ({sql}) as chosen limit 1")
        finally:
            engine.close()
        if not files:
            fix = f"`pusher build --select {view.model}` says why."
            raise PlanError(Problem("no-rows", f"No row of {view.model} may be sent.", view.file, fix=fix))
        envelope = destination.envelope(view.payload, str(source_ids[0][0]), None)
        encoder = PartEncoder(files[0].path, envelope)
        return encoder.encode(((0, encoder.rows),)).content
