"""What can be done about a run: its errors by class, and numbered actions of the tool and of people.

Numbers are those of all resolutions of the run's errors, in the order of the contract. They stay the same for ever, so
that nobody does one thing and means another: an action that does not apply any more keeps its number and is not shown.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pusher.contracts import ErrorClass, Resolution
from pusher.errors import ConfigError, Problem, PusherError
from pusher.ledger.run_facts import RunFacts
from pusher.ledger.steps import RunProblem

if TYPE_CHECKING:
    from pusher.settings.effective import EffectiveSetting

KILLED = RunProblem("killed", "killed", "The run ended without a word.")
_REPEATS = ("push", "audience reconcile", "retry", "resolve", "clean")
_CHANGES = frozenset({"--resend", "--assume-delivered"})
_MOST_LINES = 10
SettingsOf = Callable[[RunFacts, str | None], "Sequence[EffectiveSetting]"]
"""Returns the settings that a run had for a destination view, or for all that it selected where none is named."""


@dataclass(frozen=True, slots=True)
class Action:
    """Something that can be done about a run.

    Attributes:
        number: What `pusher status RUN --do` takes.
        name: Name of the resolution.
        title: What it does.
        who: `tool` or `person`.
        steps: What a person does, in sentences.
        command: Words after `pusher`; one that a person has to give is left out. Empty for a person's action.
        needs: `yes`, `audience-id` or None.
        why_not: Why it does not apply now, or None when it does.
    """

    number: int
    name: str
    title: str
    who: str
    steps: tuple[str, ...]
    command: tuple[str, ...]
    needs: str | None
    why_not: str | None

    def as_json(self) -> dict[str, Any]:
        """Return the fields as the JSON output prints them."""
        return {
            "number": self.number,
            "name": self.name,
            "title": self.title,
            "who": self.who,
            "steps": list(self.steps),
            "command": ["pusher", *self.command] if self.command else None,
            "needs": self.needs,
        }


@dataclass(frozen=True, slots=True)
class RunPage:
    """A run with what can be done about it.

    Attributes:
        run: The run.
        failures: What went wrong, each with its class.
        actions: Every action, also those that do not apply now.
    """

    run: RunFacts
    failures: list[tuple[ErrorClass, RunProblem]]
    actions: list[Action]

    @property
    def open_actions(self) -> list[Action]:
        """The actions that apply now."""
        return [action for action in self.actions if action.why_not is None]

    def action(self, number: int) -> Action:
        """Return the action of a number.

        Raises:
            ConfigError: There is none, or it does not apply now.
        """
        found = next((action for action in self.actions if action.number == number), None)
        if found is None:
            known = ", ".join(str(action.number) for action in self.open_actions)
            fix = f"Its actions are {known}." if known else "Nothing has to be done about it."
            raise ConfigError(Problem("no-action", f"Run {self.run.id} has no action {number}.", fix=fix))
        if found.why_not is not None:
            fix = f"`pusher status {self.run.id}` shows what applies now."
            message = f"Action {number} does not apply to run {self.run.id} any more: {found.why_not}"
            raise ConfigError(Problem("action-over", message, fix=fix))
        return found


@dataclass(frozen=True, slots=True)
class Remedies:
    """Finds what can be done about runs.

    Args:
        settings_of: Returns the settings of a run.
        commands: Names of the commands that there are.
        now: Current moment.
        variables: Names and text of the variables that the person gives now, for a run that had some.
    """

    settings_of: SettingsOf
    commands: Collection[str]
    now: datetime
    variables: tuple[Collection[str], str] = field(default_factory=lambda: ((), ""))

    def page(self, run: RunFacts) -> RunPage:
        """Return a run with its errors and actions."""
        from pusher.destinations.tiktok.resolutions import resolutions

        known = resolutions()
        problems = [KILLED] if run.was_killed and not run.problems else run.problems
        failures = [(known.errors[one.error_class], one) for one in problems if one.error_class in known.errors]
        wanted = {name for error, _ in failures for name in error.resolutions}
        chosen = [resolution for name, resolution in known.resolutions.items() if name in wanted]
        return RunPage(
            run,
            failures,
            [self._action(number, one, run, failures) for number, one in enumerate(chosen, 1)],
        )

    def _action(
        self, number: int, resolution: Resolution, run: RunFacts, failures: Sequence[tuple[ErrorClass, RunProblem]]
    ) -> Action:
        problems = [problem for error, problem in failures if resolution.name in error.resolutions]
        about = _About(self, run, resolution, problems)
        return Action(
            number=number,
            name=resolution.name,
            title=resolution.title,
            who=resolution.who,
            steps=tuple(about.steps()),
            command=tuple(about.command()),
            needs="yes" if _CHANGES & set(run.words) and "{again}" in resolution.command else resolution.needs,
            why_not=about.why_not(),
        )


@dataclass(frozen=True, slots=True)
class _About:
    """One resolution and the problems of the run that it is for."""

    remedies: Remedies
    run: RunFacts
    resolution: Resolution
    problems: Sequence[RunProblem]

    @property
    def models(self) -> list[str]:
        return list(dict.fromkeys(problem.model for problem in self.problems if problem.model is not None))

    # when ---------------------------------------------------------------------------------------------------------

    def why_not(self) -> str | None:
        """Return why the action does not apply, or None when it does."""
        if self.run.is_at_work:
            return "the run is still at work."
        if self.resolution.when == "has-view" and not self.models:
            return "it is about no view."
        match self.resolution.when:
            case "repeatable":
                return self._why_not_again()
            case "same-day" if self._left() <= timedelta():
                return "a new day has begun at 00:00 UTC, and with it a new quota."
            case "rows-to-correct" if not self._rows("invalid", "dead"):
                return "no row of these views has to be corrected."
            case "refused-rows" if not self._rows("dead"):
                return "no refused row is left to let go of."
            case "parked-rows" if not any(self.run.parked.get(model) for model in self.models):
                return "no row of these views is parked."
            case "can-log-in" if "auth" not in self.remedies.commands:
                return "this version has no command for it."
            case "one-view" if len(self.models) != 1:
                return "it is about several views, or none."
        return None

    def _why_not_again(self) -> str | None:
        if self.run.command not in _REPEATS:
            return f"only a person can say again what `pusher {self.run.command}` was given."
        if self.run.settled_by is not None:
            return f"run {self.run.settled_by} did the same later and left nothing pending."
        return None

    # what a person does -------------------------------------------------------------------------------------------

    def steps(self) -> Iterator[str]:
        """Yield the settings that belong to it, then its sentences with the facts of the run in them."""
        yield from self._settings()
        for step in self.resolution.steps:
            match step:
                case "{rows}":
                    yield from self._places_of_rows()
                case "{places}":
                    yield from self._places()
                case _:
                    yield step.replace("{midnight}", f"{self._midnight():%Y-%m-%d %H:%M} UTC").replace(
                        "{left}", _hours(self._left())
                    )

    def _settings(self) -> Iterator[str]:
        told = set()
        # What is about no view, such as a token or an account, may come from the settings of any.
        models: Sequence[str | None] = self.models or [None]
        for model in models if self.resolution.settings else ():
            try:
                settings = self.remedies.settings_of(self.run, model)
            except PusherError:
                # The view may be gone, or the project broken by now: what the sentences say stands all the same.
                continue
            for setting in settings:
                if setting.name not in self.resolution.settings or setting.value is None:
                    continue
                given = "--set of the run" if setting.layer == "run" else setting.layer
                place = f", {setting.file}:{setting.line}" if setting.line else f", {setting.file or given}"
                line = f"{setting.name} is {setting.value}{place}"
                if line not in told:
                    told.add(line)
                    yield f"{line}."

    def _rows(self, *terms: str) -> list[Mapping[str, Any]]:
        return [one for one in self.run.to_correct if one["term"] in terms and one["model"] in self.models]

    def _places_of_rows(self) -> Iterator[str]:
        rows = sorted(self._rows("invalid", "dead"), key=lambda one: -one["rows"])
        for one in rows[:_MOST_LINES]:
            place = f"{one['file']}:{one['line']}" if one["file"] else one["model"]
            field_name = f" ({one['field']})" if one["field"] else ""
            yield f"{place}: {one['rows']:,} x {one['reason']}{field_name}, {_TERMS[one['term']]}."
        if len(rows) > _MOST_LINES:
            yield f"{len(rows) - _MOST_LINES:,} more reasons: see the view `quarantine` of `pusher status --sql`."

    def _places(self) -> Iterator[str]:
        for problem in self.problems[:_MOST_LINES]:
            line = f":{problem.line}" if problem.line else ""
            place = f"{problem.file}{line}: " if problem.file else ""
            yield f"{place}{problem.message}{f' {problem.fix}' if problem.fix else ''}"

    def _midnight(self) -> datetime:
        """Return when the quota that the run used up at its end begins anew."""
        ended = datetime.fromisoformat(self.run.finished_at or self.run.started_at)
        return (ended + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)

    def _left(self) -> timedelta:
        return self._midnight() - self.remedies.now

    # what the tool runs -------------------------------------------------------------------------------------------

    def command(self) -> Iterator[str]:
        """Yield the words after `pusher`."""
        for word in self.resolution.command:
            match word:
                case "{again}":
                    yield from self._again()
                case "{select}":
                    yield from (part for model in self.models for part in ("--select", model))
                case "{test}" if self.run.test_event_code is not None:
                    yield from ("--test-event-code", self.run.test_event_code)
                case "{view}":
                    yield from self.models[:1]
                case "{credential}":
                    yield from self._credential()
                case "{test}" | "{audience_id}":
                    pass
                case _:
                    yield word

    def _credential(self) -> Iterator[str]:
        """Yield what names the credential that was refused or missing; of several, the first."""
        from pusher.credentials import login_options

        name = next((problem.credential for problem in self.problems if problem.credential is not None), None)
        if name is not None:
            yield from login_options(name)

    def _again(self) -> Iterator[str]:
        yield from self.run.command.split()
        yield from self.run.words
        if self.run.variables and set(self.remedies.variables[0]) == set(self.run.variables):
            yield from ("--vars", self.remedies.variables[1])


_TERMS = {"invalid": "refused by the contract", "dead": "refused by TikTok"}


def _hours(left: timedelta) -> str:
    minutes = max(0, round(left.total_seconds() / 60))
    return f"{minutes // 60} h {minutes % 60} min"


def without_ledger(
    problems: Sequence[RunProblem], *, command: str, words: Sequence[str], started_at: datetime
) -> RunFacts:
    """Return the facts of a run that no ledger has."""
    return replace(
        RunFacts("", command, started_at.isoformat(), started_at.isoformat()),
        words=tuple(words),
        problems=list(problems),
    )
