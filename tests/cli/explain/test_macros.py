"""`pusher explain` with macros that fail, are missing or have another form."""

from __future__ import annotations

import pytest

from tests.cli.explain.explaining import CANARY, Explain, sha256


def test_macros_that_know_no_profile_still_explain_events(explain: Explain) -> None:
    """A project keeps the macros that it was made with."""
    macros = explain.root / "macros/identity"
    for name in ("identity_steps", "unusable_identity"):
        text = (macros / f"{name}.sql").read_text("utf-8")
        (macros / f"{name}.sql").write_text(
            text.replace(", profile='events_2_0')", ")").replace("profile", "'events_2_0'"), "utf-8"
        )
    assert explain("email", "Ann@Example.com", "--json").json["digest"] == sha256("ann@example.com")
    assert explain("email", "Ann@Example.com", "--audience", "--json").json["errors"][0]["code"] == "macro-failed"


def test_macros_that_fail_on_the_value_do_not_quote_it(explain: Explain) -> None:
    """DuckDB's words hold what it could not cast."""
    macro = "{% macro normalize_email(column, profile) %}cast(cast({{ column }} as integer) as varchar){% endmacro %}\n"
    (explain.root / "macros/identity/normalize_email.sql").write_text(macro)
    ran = explain("email", CANARY)
    assert (ran.code, ran.err.splitlines()[0]) == (2, "error: The macros fail on this value.")
    assert "canary" not in (ran.out + ran.err).lower()


def test_macros_that_never_run_are_told_in_full(explain: Explain) -> None:
    """Without a value there is nothing to hide."""
    macro = "{% macro normalize_email(column, profile) %}lowr({{ column }}){% endmacro %}\n"
    (explain.root / "macros/identity/normalize_email.sql").write_text(macro)
    ran = explain("email", CANARY)
    assert ran.code == 2
    assert "lowr" in ran.err


STEPS = "{% macro identity_steps(kind, column, country=none, state='raw') %}HERE{% endmacro %}\n"
UNUSABLE_IDENTITY = "{% macro unusable_identity(kind, column, country=none, state='raw') %}HERE{% endmacro %}\n"
BAD_MACROS: dict[str, tuple[str, str, str]] = {
    "two columns": (
        UNUSABLE_IDENTITY,
        "null, 'why'",
        "`unusable_identity` gives something that is no text.",
    ),
    "a column more": (
        UNUSABLE_IDENTITY,
        "null), ('why'",
        "`unusable_identity` and each step of `identity_steps` must give one value of one row.",
    ),
    "two rows": (
        STEPS,
        "{{ return([('SHA-256', \"unnest(['a', 'b'])\")]) }}",
        "`unusable_identity` and each step of `identity_steps` must give one value of one row.",
    ),
    "a number": (
        STEPS,
        "{{ return([('length', 'length(given)'), ('SHA-256', 'sha256(given)')]) }}",
        "Step `length` of `identity_steps` gives something that is no text.",
    ),
    "no list": (STEPS, "sha256(given)", "`identity_steps` returns no list of steps."),
    "a number of steps": (STEPS, "{{ return(3) }}", "`identity_steps` returns no list of steps."),
    "one step": (
        STEPS,
        "{{ return(('SHA-256', 'sha256(given)')) }}",
        "A step of `identity_steps` is no pair of a name and its SQL, both texts.",
    ),
    "three parts": (
        STEPS,
        "{{ return([('SHA-256', 'sha256(given)', 'x')]) }}",
        "A step of `identity_steps` is no pair of a name and its SQL, both texts.",
    ),
    "no name": (
        STEPS,
        "{{ return([(none, 'sha256(given)')]) }}",
        "A step of `identity_steps` is no pair of a name and its SQL, both texts.",
    ),
    "no step": (STEPS, "{{ return([]) }}", "`identity_steps` has no step for `email`."),
    "no digest": (
        STEPS,
        "{{ return([('as it is', 'given')]) }}",
        "The last step of `identity_steps` gives no digest: 64 hexadecimal digits.",
    ),
    "Jinja that fails": (STEPS, "{{ return(1 // 0) }}", ""),
}


@pytest.mark.parametrize("case", BAD_MACROS)
def test_macros_of_another_form_are_told_by_name(explain: Explain, case: str) -> None:
    """A project may have its own; what they return is not ours to trust, and the value is not to be repeated."""
    macro, text, message = BAD_MACROS[case]
    name = "identity_steps" if macro == STEPS else "unusable_identity"
    (explain.root / f"macros/identity/{name}.sql").write_text(macro.replace("HERE", text))
    ran = explain("email", CANARY, "--json")
    (problem,) = ran.json["errors"]
    assert (ran.code, "canary" in (ran.out + ran.err).lower()) == (2, False)
    if message:
        assert (problem["code"], problem["message"], problem["file"]) == ("macro-failed", message, None)
    else:
        assert problem["file"] == "macros/identity/identity_steps.sql"


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_words_that_may_hold_the_value_need_to_be_revealed(explain: Explain, words: tuple[str, ...]) -> None:
    """A text of the macro is shown as it is; one that is made for the value only to who may see that."""
    text = "case when given like '%canary%' then 'It is like ' || given else 'It is another.' end"
    path = explain.root / "macros/identity/unusable_identity.sql"
    path.write_text(UNUSABLE_IDENTITY.replace("HERE", text))
    hidden = "Not shown: the words of this project's `unusable_identity` may hold the value."
    shown = {
        value: " ".join(explain("email", value, *words, *revealed).out.split())
        for value, revealed in [("canary", ()), ("canary.", ("--reveal",)), ("bird", ())]
    }
    assert hidden in shown["canary"]
    assert "It is like" not in shown["canary"]
    assert "It is like canary." in shown["canary."]
    assert "It is another." in shown["bird"]


def test_words_of_the_macros_that_are_missing_are_no_placeholder(explain: Explain) -> None:
    """What a macro refuses without a reason is not said to be in many rows."""
    (explain.root / "macros/identity/unusable_identity.sql").write_text(UNUSABLE_IDENTITY.replace("HERE", "null"))
    ran = explain("email", "ann", "--json")
    assert (ran.code, ran.json["unusable"]) == (1, "The macros of the project leave nothing of it, and do not say why.")


def test_a_project_without_the_macros_says_where_they_come_from(explain: Explain) -> None:
    """An older project has its own."""
    (explain.root / "macros/identity/identity_steps.sql").unlink()
    ran = explain("email", CANARY)
    assert (ran.code, ran.err.splitlines()[0]) == (
        2,
        "error: The project has no macro `identity_steps`, which says what becomes of an identifier.",
    )
