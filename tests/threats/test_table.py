"""The table of threats: every row has a control and names tests that exist."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/explanation/security.md"
THREATS = [
    "Token read by other users or in backups",
    "Token on the command line, in the shell's history, in `ps`",
    "Token that lives long",
    "Secrets of profiles get out",
    "Logs, tracebacks and artifacts leak people or secrets",
    "TLS weakened from outside: key log, no verification, proxy, `.netrc`",
    "A redirect takes token and body elsewhere",
    "SQL of a pull request reads or sends data",
    "The gate is closed in the wrong order, or a folder stays open",
    "Statements of hooks change what was proven, or leave the database",
    "Rows of a query bring identifiers, or other SQL, into a model unseen",
    "Jinja of a pull request escapes, reads files or never ends",
    "A file that comes with a project stands for what its templates render to",
    "SQL injected through variables",
    "Warehouse, spilled files and ledger readable by others",
    "Raw identifiers kept too long",
    "A digest taken for anonymous",
    "Somebody asks to be forgotten",
    "An objection undone by a rerun, a backup or a late request",
    "The OAuth callback attacked",
    "PKCE",
    "Configuration that points to a foreign host or path",
    "Real people in files of refused rows and in fixtures",
    "A dependency that is not what it was, or has a hole",
    "Stored data that runs when it is read",
    "Codes that steer a terminal",
]


def rows() -> list[tuple[str, str, list[str]]]:
    """Return threat, control and names of tests of each row."""
    found = []
    for line in PAGE.read_text("utf-8").partition("## Threats, controls and proofs")[2].splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if line.startswith("| ") and len(cells) == 3 and cells[0] != "threat":
            found.append((cells[0], cells[1], re.findall(r"`(tests/[^`]+)`", cells[2])))
    return found


@cache
def names_in(path: Path) -> frozenset[str]:
    """Return the names of a file's tests."""
    if not path.is_file():
        return frozenset()
    tree = ast.parse(path.read_text("utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def test_every_threat_has_a_control_and_a_proof() -> None:
    """No row is left out, and none without a test."""
    assert [threat for threat, *_ in rows()] == THREATS
    assert [threat for threat, control, proofs in rows() if not control or not proofs] == []


def test_the_proofs_exist() -> None:
    """A renamed test is noticed."""
    missing = []
    for _, _, proofs in rows():
        for proof in proofs:
            path, _, name = proof.partition("::")
            if name not in names_in(ROOT / path):
                missing.append(proof)
    assert missing == []


def test_every_test_of_this_folder_proves_a_row() -> None:
    """What is proven here is found from the table, or holds up a proof that is."""
    named = {proof.rpartition("::")[2] for _, _, proofs in rows() for proof in proofs}
    # They show that a rule forbids no more than it means to, or that a proof can fail.
    beside = {
        "test_a_macro_of_the_project_gives_explain_no_more_than_a_model_has",
        "test_a_mistake_in_yaml_is_an_error_of_that_file",
        "test_a_mistake_in_an_operation_is_told_as_it_is",
        "test_a_new_project_is_for_its_user_only",
        "test_a_number_without_the_sign_of_its_country_is_found",
        "test_a_profile_may_choose",
        "test_comments_in_front_of_a_model_are_read_once",
        "test_digests_and_sources_may_be_where_they_belong",
        "test_every_test_of_this_folder_proves_a_row",
        "test_every_threat_has_a_control_and_a_proof",
        "test_our_own_colours_and_lines_stay",
        "test_statements_that_change_nothing_proven_run",
        "test_the_proofs_exist",
        "test_what_is_too_much_is_told_at_its_line",
        "test_what_projects_write_still_works",
    }
    here = {name for path in Path(__file__).parent.glob("test_*.py") for name in names_in(path) if name[:5] == "test_"}
    assert (here - named - beside, beside - here) == (set(), set())


def read(path: Path) -> str:
    """Return the text of a file."""
    return path.read_text("utf-8")


def test_the_documents_say_what_a_digest_is() -> None:
    """A digest of an address is personal data; consent and limited data use have their places."""
    text = (ROOT / "docs/explanation/privacy.md").read_text("utf-8")
    assert "A SHA-256 digest of an e-mail address or phone number is still personal data" in text
    assert "## Consent" in text
    assert "limited_data_use" in text
    assert "PU413" in (ROOT / "docs/reference/lint-rules.md").read_text("utf-8")


def test_pkce_is_not_claimed() -> None:
    """No request has a part of a protection that TikTok's flow does not have, and no page speaks of one."""
    sent = [path for path in (ROOT / "pusher").rglob("*.py") if re.search(r"code_(?:challenge|verifier)", read(path))]
    told = [path.name for path in ((ROOT / "docs").rglob("*.md")) if "PKCE" in read(path)]
    assert (sent, told) == ([], [PAGE.name])
