"""The shipped macros with a state: lint proves a mixed column hashed, and still finds what is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lint.support import GIVEN, VIEW, linted, shown

ROOT = Path(__file__).parents[2]
MACROS = {
    f"macros/{path.name}": path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "macros" / "identity").glob("*.sql"))
}
STATES = ("raw", "sha256", "auto")


def found(root: Path, columns: str, *, payload: str = "offline_events") -> list[str]:
    """Return what lint says about the identifiers of a view."""
    view = f"select {columns} from {{{{ ref('stg_customers') }}}}\n"
    findings = linted(root, {**GIVEN, **MACROS, VIEW: view}, payload=payload)
    return [shown(one) for one in findings if one.rule.startswith("PU4")]


@pytest.mark.parametrize("state", STATES)
def test_every_state_is_hashed(tmp_path: Path, state: str) -> None:
    """No readable value, no hash of a hash, and no hash of a value as it was typed."""
    web = ["email", "phone", "external_id"]
    calls = {
        kind: f"{{{{ hashed_{kind}('{'id' if kind == 'external_id' else kind}', state='{state}') }}}}" for kind in web
    }
    assert found(tmp_path, ", ".join(f"{call} as {kind}" for kind, call in calls.items()), payload="web_events") == []


@pytest.mark.parametrize("state", STATES)
def test_a_digest_of_another_kind_is_still_told(tmp_path: Path, state: str) -> None:
    """What is taken as a digest keeps the kind of its column."""
    told = found(tmp_path, f"{{{{ hashed_phone('phone', state='{state}') }}}} as email")
    assert [line.split(" ", 1)[1] for line in told] == [
        "error PU405 `email` holds the hash of a phone number (shop.customers.phone)."
    ]


def test_a_macro_that_tests_something_else_proves_nothing(tmp_path: Path) -> None:
    """With 32 digits in the macro, which any text could be part of, the address counts as readable."""
    weaker = MACROS["macros/digest_by_state.sql"].replace("{64}", "{32}")
    assert weaker != MACROS["macros/digest_by_state.sql"]
    view = "select {{ hashed_email('email', 'auto') }} as email from {{ ref('stg_customers') }}\n"
    findings = linted(tmp_path, {**GIVEN, **MACROS, "macros/digest_by_state.sql": weaker, VIEW: view})
    assert [one.message for one in findings if one.rule == "PU401"] == [
        "`email` carries a raw e-mail address from shop.customers.email."
    ]
