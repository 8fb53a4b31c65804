"""The page about the contract: return codes, what comes without one, and what to do about each error."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pusher.destinations.tiktok.facts import tables
from pusher.destinations.tiktok.reference_words import as_code, code_range, codes_of, fact_origin, origin_of, table_of
from pusher.payload.model import Contract

_IN_STEPS = {
    "places": "What is wrong, each with its file and line.",
    "rows": "The rows by reason, each with the line that made them.",
    "midnight": "the next 00:00 UTC",
    "left": "so many hours",
}
"""What the steps of a person have in braces, in words."""


def codes_part(facts: Contract) -> Iterator[str]:
    """Return the part about return codes and their classes."""
    yield from ("## Return codes", "", "The code in the body decides; a narrow range wins over a wide one.", "")
    yield from table_of(
        ("code", "meaning", "class", "what to do", "source"),
        (
            (code_range(one), one.meaning, one.response_class, one.remedy or "", origin_of(one.origin))
            for one in facts.codes
        ),
    )
    yield from ("", "### Classes", "")
    yield from table_of(
        ("class", "the attempt is", "next attempt", "what to do"),
        ((known.name, known.outcome, known.waits, known.remedy or "") for known in facts.classes.values()),
    )


def statuses_part(facts: Contract) -> Iterator[str]:
    """Return the part about what comes without a return code."""
    yield from ("## Without a return code", "")
    yield "An HTTP status counts when the body is not TikTok's JSON; any other status is UNKNOWN."
    yield ""
    yield from table_of(("HTTP status", "class"), ((str(status), name) for status, name in sorted(facts.http.items())))
    yield from ("", "Without an answer, what happened counts.", "")
    yield from table_of(
        ("what happened", "class"), ((as_code(reason), name) for reason, name in sorted(facts.failures.items()))
    )


def errors_part() -> Iterator[str]:
    """Return the part about errors and what to do."""
    table = tables("resolutions")
    yield from ("## Errors and what to do", "")
    yield "A run keeps the class of what went wrong; `pusher status RUN` shows the resolutions that apply, numbered."
    yield "TikTok's return code decides the class, else our own name of the problem, else the class of the answer."
    yield ""
    yield from table_of(
        ("class", "what", "found by", "resolutions", "source"),
        (
            (
                as_code(error["name"]),
                f"{error['title']}. {error['words']}",
                _found_by(error),
                codes_of(error["resolutions"]),
                fact_origin(error),
            )
            for error in table["error"]
        ),
    )
    yield from (
        "",
        "### Resolutions",
        "",
        "Those of the tool run a command of pusher; those of a person are shown as steps.",
        "What stands in braces is filled in from the run.",
        "",
    )
    yield from table_of(
        ("resolution", "what", "who", "command or steps", "when", "source"),
        (
            (
                as_code(name),
                known["title"],
                known["who"],
                as_code(" ".join(known["command"])) if "command" in known else _in_words(known["steps"]),
                known.get("when", "always"),
                fact_origin(known),
            )
            for name, known in table["resolution"].items()
        ),
    )


def _in_words(steps: Iterable[str]) -> str:
    """Return steps of a person as a sentence or two, with what a run puts into them named."""
    text = " ".join(steps)
    for name, words in _IN_STEPS.items():
        text = text.replace(f"{{{name}}}", words)
    return text


def _found_by(error: Mapping[str, Any]) -> str:
    codes = [str(first) if first == last else f"{first} to {last}" for first, last in error.get("codes", ())]
    named = [as_code(name) for name in (*error.get("problems", ()), *error.get("classes", ()))]
    named += [f"{as_code(name)} of an audience" for name in error.get("audience_classes", ())]
    return ", ".join([*codes, *named]) or "everything else"
