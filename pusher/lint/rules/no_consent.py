"""PU413."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from pusher.lint.consent.worlds import NOT_AGREED, REFUSED, Blame, Fact
from pusher.lint.context import Context, View
from pusher.lint.finding import Finding, Fix
from pusher.lint.flow.project import Failure
from pusher.lint.flow.relations import Output
from pusher.lint.rules.base import ViewRule
from pusher.lint.rules.privacy import listed


class NoConsent(ViewRule):
    """Nobody asks who agreed.

    ## What it does
    Reads every query three times: as if the person behind a row had agreed, had said something else, and had never
    answered. Finds destination views where a column that identifies people may hold something when they did not agree:
    no filter on the way can only be true where the consent column says yes, or one branch of a union, or of an OR,
    goes around it.

    People are left out by WHERE, HAVING, QUALIFY, the condition of an inner or semi join, or a join, `in` or `exists`
    with rows that were left out so; by an anti join with all who did not agree, NULL included; and a column that is
    NULL for them, by CASE, FILTER or the right side of a left join, identifies none of them. TRUE says yes, and the
    words that `consent.agreed` in `pusher.yml` lists, else the usual ones; a date or a time says when somebody agreed.
    Rows that one GROUP BY, or PARTITION BY, brings together count as one person's, and so do rows of a join by equal
    values. The rule is silent until `consent.column` names the column.

    ## Why is this bad
    People who did not agree to marketing, or objected, end up in an audience or in an event. A view that may send
    them all the same, because other law allows it or the source holds nobody else, says so in writing:
    `consent.waived` takes the view and the reason.

    ## Example
    ```sql
    select {{ hashed_email('email') }} as email from {{ ref('customers') }}
    where marketing_consent <> 'no' or marketing_consent is null
    ```

    ## Use instead
    ```sql
    select {{ hashed_email('email') }} as email from {{ ref('customers') }}
    where marketing_consent = 'yes'
    ```
    """

    code = "PU413"
    name = "privacy.no-consent"
    severity = "error"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield what lets people into a view who did not agree."""
        column, name = context.policy.consent.column, view.model.name
        if context.asked is None or column is None or name in context.policy.consent.waived:
            return
        rows = context.asked.rows(name)
        people = [(one, rows.get((one.name or "").lower())) for one in view.relation.outputs if _identifies(view, one)]
        found = [(one, known) for one, known in people if known is not None and known.escapes]
        blames: dict[Blame, list[str]] = {}
        for output, known in found:
            for blame in _apart(known):
                blames.setdefault(blame, []).append(output.name or "")
        for blame, columns in blames.items():
            yield self._about(context, view, blame, columns)
        silent = [output for output, known in found if not known.blames]
        is_asked = self._asks(context, view, column) if silent else True
        if silent and len(silent) == len(people) and (len(people) > 1 or not is_asked):
            message = f"Neither this view nor what it reads asks `{column}` who agreed."
            if is_asked:
                message = f"Nothing that is asked about `{column}` leaves out people who did not agree."
            fix = Fix(f"Filter by it, {_waiver(view)}")
            yield context.finding(self, name, view.select, message, fix)
        else:
            for output in silent:
                message = f"`{output.name}` may be of people who did not agree, whatever is asked about `{column}`."
                fix = Fix(f"Take it of people who agreed only, {_waiver(view)}")
                yield context.finding(self, name, context.place_in(view, output), message, fix, column=output.name)

    def _asks(self, context: Context, view: View, column: str) -> bool:
        """Whether the consent column is read anywhere."""
        trees = (context.flow.tree(one.name) for one in context.flow.ancestors([view.model.name]) if one.seed is None)
        return any(
            one.name.lower() == column.strip().lower()
            for tree in trees
            if not isinstance(tree, Failure)
            for one in tree.find_all(exp.Column)
        )

    def _about(self, context: Context, view: View, blame: Blame, columns: list[str]) -> Finding:
        """Return the finding about one way around."""
        asked = context.policy.consent.column
        what = listed(f"`{one}`" for one in columns)
        who = {
            NOT_AGREED: "people who did not agree",
            frozenset({REFUSED}): "people who answered otherwise",
        }.get(blame.worlds, f"people whose `{asked}` is NULL, or not there")
        words = f"Ask for what says yes, such as `{asked} = 'yes'` (pusher.yml lists other words: consent: agreed)"
        message, fix = {
            "condition": (f"`{blame.text}` lets through {who}: {what} of them may leave.", words),
            "outer": (
                f"`{blame.text}` is of an outer join, which leaves nobody out: {what} of {who} may leave.",
                "Ask in WHERE, or join without LEFT, RIGHT or FULL",
            ),
            "anti": (
                f"The anti join with `{blame.text}` does not leave out all of {who}: {what} of them may leave.",
                f"Put everybody there whose `{asked}` does not say yes, NULL included",
            ),
            "apart": (
                f"Nothing says that rows of `{blame.text}` are of the same person: {what} of {who} may leave.",
                "Join by a column that both have",
            ),
            "branch": (
                f"This branch asks nobody who agreed: {what} of {who} may leave by it.",
                f"Filter it by `{asked}` like the others",
            ),
            "opaque": (
                f"Whether `{blame.text}` leaves out who did not agree cannot be followed: {what} may be of them.",
                f"Filter by `{asked}` after it",
            ),
        }[blame.kind]
        return context.finding(self, view.model.name, blame.place, message, Fix(f"{fix}, {_waiver(view)}"))


def _identifies(view: View, output: Output) -> bool:
    """Whether a column tells who somebody is."""
    field = view.field(output)
    return field is not None and (field.holds_digests or field.pii is not None or field.column in view.payload.identity)


def _apart(known: Fact) -> list[Blame]:
    """Return why a column may be of people who did not agree, what asks and leaves out too little first."""
    rank = {"condition": 0, "anti": 1, "branch": 2, "apart": 3, "outer": 4, "opaque": 5}
    found = sorted(known.blames, key=lambda one: (rank[one.kind], str(one.place), one.text))
    tried = [one for one in found if one.kind in {"condition", "anti", "branch"}]
    return tried or found


def _waiver(view: View) -> str:
    return f"or write the reason into pusher.yml: consent: {{waived: {{{view.model.name}: ...}}}}."
