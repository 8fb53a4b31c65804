"""`pusher explain`: what becomes of one value, and that nobody else ever sees it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from pusher.project.explaining import HASHED, IN_AUDIENCES, KINDS, Explained, Step
from tests.cli.conftest import Ran, pusher
from tests.conftest import ProjectFactory
from tests.models.render import Renderer, evaluate

ROOT = Path(__file__).parents[2]
VARIABLES = "name: shop\nprofile: shop\nvars: {max_identities: 3}\n"
DIGEST = hashlib.sha256(b"anything").hexdigest()
SENT = "as a push sends it"


@pytest.fixture
def shop(project: ProjectFactory) -> Path:
    """Return a project with the shipped macros and no model."""
    root = project({"dbt_project.yml": VARIABLES, "models/nothing.sql": "select 1 as a\n"})
    shutil.copytree(ROOT / "macros", root / "macros")
    return root


class Explain:
    """Runs the command with a value on stdin."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self._patch = root, monkeypatch

    def __call__(self, kind: str, value: str | bytes, *words: str) -> Ran:
        """Explain a value."""
        given = value.encode() if isinstance(value, str) else value
        self._patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given), encoding="utf-8"))
        return pusher("explain", kind, "--project-dir", str(self.root), *words)


@pytest.fixture
def explain(shop: Path, monkeypatch: pytest.MonkeyPatch) -> Explain:
    """Return what runs the command."""
    return Explain(shop, monkeypatch)


def sha256(text: str) -> str:
    """Return a digest."""
    return hashlib.sha256(text.encode()).hexdigest()


def steps(ran: Ran) -> list[tuple[str, str | None]]:
    """Return names and values of the steps."""
    return [(one["step"], one["value"]) for one in ran.json["steps"]]


def both(text: str) -> list[tuple[str, str | None]]:
    """Return the last two steps of a usable value."""
    return [("SHA-256", sha256(text)), (SENT, sha256(text))]


WITHOUT_DOTS = ("--audience", "--vars", "{audience_profile: audience_2025_dots}")
USABLE: dict[str, tuple[str, str, tuple[str, ...], list[tuple[str, str | None]]]] = {
    "email": (
        "email",
        " Ann+x@Example.com\u200b",
        (),
        [
            ("without blanks and invisible characters", "Ann+x@Example.com"),
            ("one address, in lower case", "ann+x@example.com"),
            *both("ann+x@example.com"),
        ],
    ),
    "phone": (
        "phone",
        "(212) 555-0123",
        ("--country", "us"),
        [("in international form, E.164", "+12125550123"), *both("+12125550123")],
    ),
    "external id": ("external_id", " User_1 ", (), [("without blanks around it", "User_1"), *both("User_1")]),
    "idfa": (
        "idfa",
        "ea7583cd-a667",
        (),
        [("without blanks around it, in upper case", "EA7583CD-A667"), *both("EA7583CD-A667")],
    ),
    "gaid": ("gaid", "AA-22", (), [("without blanks around it, in lower case", "aa-22"), *both("aa-22")]),
    "ip": ("ip", "2001:DB9::1", (), [(SENT, "2001:db9::1")]),
    "user agent": ("user_agent", "Browser/5.0\x07 (Test)", (), [(SENT, "Browser/5.0 (Test)")]),
    "a digest": (
        "email",
        f" {DIGEST.upper()}",
        ("--state", "auto"),
        [
            ("a digest already, in lower case", DIGEST),
            ("without blanks and invisible characters", DIGEST.upper()),
            ("one address, in lower case", None),
            ("SHA-256", DIGEST),
            (SENT, DIGEST),
        ],
    ),
    "in an audience": (
        "email",
        "A.Lee+x@Example.com",
        ("--audience",),
        [
            ("without blanks and invisible characters", "A.Lee+x@Example.com"),
            ("one address, in lower case", "a.lee+x@example.com"),
            *both("a.lee+x@example.com"),
        ],
    ),
    "in an audience without dots": (
        "email",
        "A.Lee+x@Example.com",
        WITHOUT_DOTS,
        [
            ("without blanks and invisible characters", "A.Lee+x@Example.com"),
            ("one address, in lower case", "a.lee+x@example.com"),
            ("without dots and +tag before the @", "alee@example.com"),
            *both("alee@example.com"),
        ],
    ),
    "idfa in an audience": (
        "idfa",
        " EA7583CD-A667\t",
        ("--audience",),
        [("a device, without blanks, in lower case", "ea7583cd-a667"), *both("ea7583cd-a667")],
    ),
    "gaid in an audience": (
        "gaid",
        "AA-22",
        ("--audience", "--vars", "{audience_idfa_case: upper}"),
        [("a device, without blanks, in lower case", "aa-22"), *both("aa-22")],
    ),
    "a value among digests": (
        "gaid",
        "aa-22",
        ("--state", "auto"),
        [
            ("a digest already, in lower case", None),
            ("without blanks around it, in lower case", "aa-22"),
            *both("aa-22"),
        ],
    ),
}


@pytest.mark.parametrize("case", USABLE)
def test_each_step_is_shown_with_what_it_left(explain: Explain, case: str) -> None:
    """By the project's macros, then by the checks of a push."""
    kind, value, words, expected = USABLE[case]
    ran = explain(kind, value, *words, "--json", "--reveal")
    assert (ran.code, steps(ran), ran.json["unusable"]) == (0, expected, None)
    assert ran.json["digest"] == (expected[-1][1] if kind in HASHED else None)


@pytest.mark.parametrize(
    ("kind", "words", "profile"),
    [
        ("email", (), "events_2_0"),
        ("phone", ("--audience",), "audience_2026"),
        ("email", WITHOUT_DOTS, "audience_2025_dots"),
        ("ip", (), None),
    ],
)
def test_the_profile_is_named(explain: Explain, kind: str, words: tuple[str, ...], profile: str | None) -> None:
    """Which rules were used is part of the answer; an address of a network has none."""
    assert explain(kind, "8.8.8.8", *words, "--json").json["profile"] == profile


@pytest.mark.parametrize("kind", sorted(set(KINDS) - set(IN_AUDIENCES)))
def test_what_no_audience_holds_is_refused(explain: Explain, kind: str) -> None:
    """An audience has no such column."""
    ran = explain(kind, CANARY, "--audience", "--json")
    assert [(one["message"], one["fix"]) for one in ran.json["errors"]] == [
        (f"An audience has no {kind}.", "Kinds in audiences: email, phone, idfa, gaid.")
    ]
    assert ran.code == 2


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


@pytest.mark.parametrize("kind", HASHED)
def test_the_digest_is_the_one_that_a_model_gets(explain: Explain, kind: str) -> None:
    """The last step is what the macro of the models makes of the value."""
    value = {"email": "Ann@Example.com ", "phone": "+1 212 555 0123"}.get(kind, " Ab-12 ")
    macro = Renderer().text(f"{{{{ hashed_{kind}('text') }}}}")
    assert [explain(kind, value, "--json").json["digest"]] == evaluate(macro, text=[value])


UNUSABLE: dict[str, tuple[str, str, tuple[str, ...], str]] = {
    "empty": ("email", " \u00a0", (), "It is empty."),
    "no at": ("email", "ann.example.com", (), "It has no @."),
    "two": ("email", "a@example.com;b@example.com", (), "It has more than one @: it may be two addresses."),
    "letters": (
        "email",
        "k\u00e4the@example.com",
        (),
        "It has a letter outside ASCII, which two systems would fold or encode differently.",
    ),
    "long": ("email", f"{'a' * 250}@example.com", (), "It is longer than the 254 characters of an address."),
    "no name": ("email", "@example.com", (), "It has nothing before the @."),
    "name": (
        "email",
        "Ann <ann@example.com>",
        (),
        "It has a comma, quote or bracket before the @: it may be a name with an address.",
    ),
    "no dot": ("email", "ann@example", (), "Its domain has no dot, as in example.com."),
    "hyphen": ("email", "ann@-example.com", (), "It is not of the form name@example.com."),
    "digest as address": (
        "email",
        DIGEST,
        (),
        "It is a digest already: the macro of its column needs the state sha256 or auto.",
    ),
    "placeholder": (
        "email",
        "Test@test.com",
        (),
        "It is a placeholder that many rows share, and identifies nobody.",
    ),
    "digest of nothing": (
        "email",
        hashlib.sha256(b"").hexdigest(),
        ("--state", "auto"),
        "It is a placeholder that many rows share, and identifies nobody.",
    ),
    "digest of a placeholder": (
        "phone",
        f" {hashlib.sha256(b'+1').hexdigest().upper()} ",
        ("--state", "auto"),
        "It is a placeholder that many rows share, and identifies nobody.",
    ),
    "no digest": (
        "email",
        "ann@example.com",
        ("--state", "sha256"),
        "It is no digest: 64 hexadecimal digits and nothing else.",
    ),
    "tag only": ("email", "+x@example.com", WITHOUT_DOTS, "Without dots and +tag it has nothing before the @."),
    "zeros in an audience": (
        "idfa",
        "0000-00",
        ("--audience",),
        "It is zeros: the owner of the phone allows no tracking.",
    ),
    "no device": ("gaid", "n/a", ("--audience",), "It has more than hexadecimal digits and hyphens."),
    "no id in an audience": ("gaid", " ", ("--audience",), "It is empty."),
    "no phone": ("phone", "", (), "It is empty."),
    "no number": ("phone", "-", (), "It has no digit."),
    "letters in a number": ("phone", "ann 12", (), "It has letters, or an extension."),
    "digest as number": (
        "phone",
        DIGEST,
        (),
        "It is a digest already: the macro of its column needs the state sha256 or auto.",
    ),
    "too short": (
        "phone",
        "+1 212 555",
        (),
        "After + or 00 there are too few, too many or other digits than numbers of that calling code have.",
    ),
    "no country": (
        "phone",
        "(212) 555-0123",
        (),
        "It is in national form, and neither a country nor the var default_country says how to read it.",
    ),
    "other country": (
        "phone",
        "12",
        ("--country", "US"),
        "It is no number of its country: too few, too many or other digits, or a country that the macro cannot read.",
    ),
    "no id": ("external_id", "  ", (), "It is empty."),
    "zeros": (
        "gaid",
        "00000000-0000-0000-0000-000000000000",
        (),
        "It is a placeholder that many rows share, and identifies nobody.",
    ),
    "private": ("ip", "192.168.0.7", (), "It is an address of a private or reserved network, which many share."),
    "no ip": ("ip", "example.com", (), "It is no IPv4 and no IPv6 address."),
    "blank ip": ("ip", " ", (), "It is empty."),
    "blank agent": ("user_agent", " ", (), "It is empty."),
    "long agent": ("user_agent", "x" * 5000, (), "user_agent is longer than 4,096 bytes."),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_an_unusable_value_says_why(explain: Explain, case: str) -> None:
    """Nothing is sent, and the exit code is 1."""
    kind, value, words, expected = UNUSABLE[case]
    ran = explain(kind, value, *words, "--json")
    assert (ran.code, ran.json["unusable"], ran.json["digest"], ran.json["steps"][-1]["left"]) == (
        1,
        expected,
        None,
        False,
    )


def test_a_default_country_reads_a_national_number(explain: Explain) -> None:
    """As in a build, the variable stands in for a row without a country."""
    ran = explain("phone", "(212) 555-0123", "--vars", "{default_country: US}", "--json")
    assert ran.json["digest"] == sha256("+12125550123")


# what is never shown --------------------------------------------------------------------------------------------------

CANARY = "Canary.Seven@Shop.Example"


def kept(root: Path) -> set[str]:
    """Return the files that hold the value, in any case."""
    return {str(path) for path in root.rglob("*") if path.is_file() and b"canary.seven" in path.read_bytes().lower()}


def test_a_pipe_gets_the_digest_and_no_value(explain: Explain) -> None:
    """Each step says whether it changed something."""
    ran = explain("email", f"{CANARY}\r\n")
    assert (ran.code, ran.err, ran.out.splitlines()) == (
        0,
        "",
        [
            "1. without blanks and invisible characters",
            "   unchanged, not shown",
            "2. one address, in lower case",
            "   changed, not shown",
            "3. SHA-256",
            f"   {sha256(CANARY.lower())}",
            f"4. {SENT}",
            f"   {sha256(CANARY.lower())}",
        ],
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("words", [(), ("--json",), ("--reveal",), ("--reveal", "--json")])
def test_the_value_is_kept_in_no_file(
    explain: Explain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, words: tuple[str, ...]
) -> None:
    """Not in the project, its state, its target folder, the home folder or the folder for temporary files."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    ran = explain(kind, CANARY, *words)
    assert kept(tmp_path) == set()
    assert ("--reveal" in words) or "canary" not in (ran.out + ran.err).lower()
    assert not (explain.root / ".pusher").exists()
    assert not (explain.root / "target").exists()


WORDS: dict[str, tuple[str, ...]] = {
    "as an argument": ("email", CANARY),
    "as several": ("email", "Canary.Seven", "Lane"),
    "as the kind": (CANARY,),
    "as an option": ("email", f"--value={CANARY}"),
    "as an option's value": ("email", "--email", CANARY),
    "as the country": ("phone", "--country", CANARY),
    "as the state": ("email", "--state", CANARY),
}


@pytest.mark.parametrize("json", [(), ("--json",)])
@pytest.mark.parametrize("case", WORDS)
def test_a_value_on_the_command_line_is_refused_and_not_repeated(shop: Path, case: str, json: tuple[str, ...]) -> None:
    """Wherever it stands: other users and the shell's history have seen it already."""
    ran = pusher("explain", *WORDS[case], "--project-dir", str(shop), *json)
    assert (ran.code, "canary" in (ran.out + ran.err).lower(), kept(shop)) == (2, False, set())


BAD: dict[str, tuple[bytes, str]] = {
    "two lines": (b"canary.seven@shop.example\nb@shop.example\n", "stdin has more than one line."),
    "latin 1": (b"canary.seven@sh\xf6p.example", "The value is not UTF-8."),
    "a file": (b"canary.seven" * 10_000, "The value is longer than 65,536 bytes."),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_not_one_value_is_refused(explain: Explain, case: str) -> None:
    """The words name what is wrong, never the value."""
    given, message = BAD[case]
    ran = explain("email", given, "--json")
    fix = "Type one value when asked, or pipe one line into the command."
    assert (ran.code, ran.json["errors"], ran.err) == (
        2,
        [{"code": "no-value", "message": message, "file": None, "line": None, "column": None, "fix": fix}],
        "",
    )


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


@pytest.mark.parametrize("country", ["D", "DEU", "D'", "\u00df", "true", "1", "' || given || '"])
def test_a_default_country_is_two_letters(explain: Explain, country: str) -> None:
    """It stands in the SQL, so that anything else is told before it gets there."""
    ran = explain("phone", CANARY, "--vars", json.dumps({"default_country": country}), "--json")
    (problem,) = ran.json["errors"]
    message = f"The var default_country is the two letters of a country, such as 'DE', not `{country}`."
    assert (ran.code, problem["message"]) == (2, message)


def test_a_project_without_the_macros_says_where_they_come_from(explain: Explain) -> None:
    """An older project has its own."""
    (explain.root / "macros/identity/identity_steps.sql").unlink()
    ran = explain("email", CANARY)
    assert (ran.code, ran.err.splitlines()[0]) == (
        2,
        "error: The project has no macro `identity_steps`, which says what becomes of an identifier.",
    )


def test_no_value_is_in_the_text_of_an_object() -> None:
    """A traceback, a log or a debugger prints objects."""
    found = Explained("email", (Step("as it is", CANARY),), None)
    assert "canary" not in repr(found).lower()


def at_a_terminal(shop: Path, typed: bytes) -> tuple[int, str]:
    """Type a value when asked; returns the exit code and what the terminal shows after that."""
    import pty

    child, terminal = pty.fork()
    if child == 0:
        words = ["-m", "pusher", "explain", "email", "--project-dir", str(shop), "--quiet", "--no-color"]
        os.execv(sys.executable, [sys.executable, *words])  # noqa: S606 -- the program itself
    shown = b""
    while b"(hidden): " not in shown:
        shown += os.read(terminal, 1024)
    os.write(terminal, typed + b"\n")
    after = b""
    try:
        while part := os.read(terminal, 1024):
            after += part
    except OSError:
        pass
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), after.decode().replace("\r\n", "\n")


def test_a_terminal_hides_what_is_typed_and_shows_the_steps(shop: Path) -> None:
    """The prompt does not echo; the steps are printed to the one who typed."""
    code, text = at_a_terminal(shop, CANARY.encode())
    assert (code, text.splitlines()[0]) == (0, "")
    assert text.splitlines()[1:5] == [
        "1. without blanks and invisible characters",
        f"   {CANARY}",
        "2. one address, in lower case",
        f"   {CANARY.lower()}",
    ]


def test_a_terminal_of_another_encoding_is_told_so(shop: Path) -> None:
    """As a pipe is."""
    code, text = at_a_terminal(shop, b"canary.seven@sh\xf6p.example")
    assert (code, text.splitlines()[0]) == (2, "error: The value is not UTF-8.")
    assert "canary" not in text.lower()


def test_a_terminal_that_gives_half_a_character_is_told_so(explain: Explain, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python keeps a byte that is no text as a surrogate, in the C locale for one."""
    monkeypatch.setattr("getpass.getpass", lambda _: "canary.seven@sh\udcf6p.example")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(_Terminal()))
    ran = pusher("explain", "email", "--project-dir", str(explain.root))
    assert (ran.code, ran.err.splitlines()[0]) == (2, "error: The value is not UTF-8.")


class _Terminal(io.BytesIO):
    def isatty(self) -> bool:
        return True
