"""What went wrong in a push that got to its receipt, and what somebody should look at: kept with its steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pusher.contracts import Destination, Endpoints, Verdict
from pusher.errors import Problem
from pusher.ledger.left import SEARCH_ON, left_rows
from pusher.ledger.rows import for_space
from pusher.ledger.steps import RunProblem, Steps
from pusher.ledger.store import Store
from pusher.push.audience.receipt import AudienceReceipt
from pusher.push.receipt import ModelReceipt
from pusher.push.work import Delivered
from pusher.transport import redact

_ASKED_TO_END = {"interrupted", "deadline"}


@dataclass(frozen=True, slots=True)
class Findings:
    """Keeps what a push found.

    Args:
        steps: The steps of its run.
        store: The ledger.
        destination: Knows the classes of errors.
        endpoints: Know the credentials that were used.
        space: Key space of the run.
    """

    steps: Steps
    store: Store
    destination: Destination
    endpoints: Endpoints
    space: str = ""

    def keep(
        self,
        models: Sequence[ModelReceipt],
        delivered: Delivered,
        audiences: Sequence[AudienceReceipt],
        withheld: Problem | None = None,
    ) -> None:
        """Write every finding, and the state that its step turned out to have, in one commit.

        Args:
            models: Receipts of events.
            delivered: What became of their rows.
            audiences: Receipts of audiences.
            withheld: Why nobody was added and no event was sent, or None.
        """
        with self.store.transaction():
            if withheld is not None:
                kind = self._class(withheld.code)
                found = RunProblem(kind, withheld.code, withheld.message, file=withheld.file, fix=withheld.fix)
                planned = (self.steps.number("plan", one.model) for one in audiences)
                self.steps.problem(found, next((number for number in planned if number is not None), None))
            self._halts(delivered)
            for model in models:
                self._model(model)
            if delivered.stopped is not None:
                pending = [model.model for model in models if model.rows("pending")]
                self._stopped(delivered.stopped, pending)
            for model in models:
                self._left(model, delivered)
            for audience in audiences:
                if audience.problem != withheld:
                    self._audience(audience)

    def _class(self, code: str, return_code: int | None = None, *, of_audience: bool = False) -> str:
        return self.destination.error_class(code, return_code, of_audience=of_audience)

    def _keep(self, problem: RunProblem, step: str, state: str | None) -> None:
        number = self.steps.number(step, problem.model)
        if number is not None and state is not None:
            self.steps.judge(number, state)
        self.steps.problem(problem, number)

    def _halts(self, delivered: Delivered) -> None:
        told: dict[tuple[str, str, int | None], Verdict] = {}
        for model, verdict in delivered.halts:
            told.setdefault((model, verdict.response_class, verdict.code), verdict)
        for (model, response_class, return_code), verdict in told.items():
            message = verdict.message or "TikTok refused the request."
            problem = Problem(f"tiktok-{response_class.lower()}", message, fix=verdict.remedy)
            problem = self.endpoints.of("events").refused(problem)
            found = RunProblem(
                self._class(problem.code, return_code),
                problem.code,
                problem.message,
                return_code=return_code,
                model=model,
                fix=problem.fix,
                credential=problem.credential,
            )
            self._keep(found, "deliver", "failed")

    def _model(self, model: ModelReceipt) -> None:
        name = model.model
        for one in model.refusals:
            if one.term == "invalid":
                kind, message = self._class("invalid-rows"), one.message
                self._keep(RunProblem(kind, one.reason, message, model=name, rows=one.rows, fix=one.fix), "plan", None)
            elif one.term == "dead":
                number = one.reason.removeprefix("tiktok-")
                found = RunProblem(
                    self._class("refused-rows"),
                    "refused-rows",
                    one.message or "TikTok refused the rows.",
                    return_code=int(number) if number.isdecimal() else None,
                    model=name,
                    rows=one.rows,
                    fix=one.fix,
                )
                self._keep(found, "deliver", None)
        if model.new_conflicts:
            message = "The view gives events with other values than they were sent with."
            kind = self._class("changed-rows")
            found = RunProblem(kind, "changed-rows", message, model=name, rows=model.new_conflicts)
            self._keep(found, "plan", None)
        if parked := model.rows("parked"):
            message = "Rows may have arrived, and cannot be sent again safely."
            found = RunProblem(self._class("parked-rows"), "parked-rows", message, model=name, rows=parked)
            self._keep(found, "deliver", "failed")

    def _left(self, model: ModelReceipt, delivered: Delivered) -> None:
        """Keep why rows are still to be sent, unless what stopped the run says it.

        No stop says what TikTok does not like about the rows of a batch that it refused.
        """
        if not model.rows("pending"):
            return
        is_told = delivered.stopped is not None or any(halted == model.model for halted, _ in delivered.halts)
        for one in left_rows(self.store):
            if (one.model, one.space) != (model.model, self.space) or (is_told and not one.is_piece):
                continue
            code = f"tiktok-{(one.response_class or 'UNKNOWN').lower()}"
            found = RunProblem(
                self._class(code, one.code),
                code,
                one.told,
                return_code=one.code,
                model=one.model,
                rows=one.rows,
                fix=for_space(SEARCH_ON, self.space) if one.is_piece else None,
            )
            self._keep(found, "deliver", None if is_told else "failed")

    def _stopped(self, stopped: Problem, pending: Sequence[str]) -> None:
        state = "stopped" if stopped.code in _ASKED_TO_END else "failed"
        kind = self._class(stopped.code, stopped.return_code)
        for model in pending or (None,):
            found = RunProblem(kind, stopped.code, redact(stopped.message), stopped.return_code, model, fix=stopped.fix)
            self._keep(found, "deliver", state)

    def _audience(self, audience: AudienceReceipt) -> None:
        problem = audience.problem
        if problem is None:
            return
        has_failed = audience.is_halted or not audience.is_settled
        code, return_code = problem.code, problem.return_code
        if code == "deadline":
            code, return_code = self._waited_for(audience) or (code, return_code)
        state = "stopped" if code in _ASKED_TO_END else "failed"
        found = RunProblem(
            self._class(code, return_code, of_audience=True),
            code,
            redact(problem.message),
            return_code=return_code,
            model=audience.model,
            fix=None if problem.fix is None else redact(problem.fix),
            credential=problem.credential,
        )
        step = "deliver" if self.steps.number("deliver", audience.model) is not None else "plan"
        self._keep(found, step, state if has_failed else None)

    def _waited_for(self, audience: AudienceReceipt) -> tuple[str, int | None] | None:
        """Return what TikTok said last about an audience whose time was over, or None when it said nothing bad."""
        row = self.store.connection.execute(
            "select chunk.response_class, chunk.code from audience_chunk as chunk "
            "join audience_change as change on change.id = chunk.change join audience on audience.id = change.audience "
            "where chunk.run = ? and audience.model = ? and audience.advertiser_id = ? and chunk.state <> 'accepted' "
            "and chunk.response_class is not null order by chunk.updated_at desc limit 1",
            (self.steps.run, audience.model, audience.advertiser_id),
        ).fetchone()
        return None if row is None else (f"tiktok-{row[0].lower()}", row[1])
