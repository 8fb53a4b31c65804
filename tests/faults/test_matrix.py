"""Which rows of the fault matrix are proven where: every one, and none twice unsaid."""

from __future__ import annotations

import ast
import re
from pathlib import Path

FOLDER = Path(__file__).parent
ELSEWHERE: dict[int, tuple[str, ...]] = {
    11: ("tests/torture/test_every_step.py::test_11_12_a_run_may_end_or_its_disk_may_fill_up_at_any_step",),
    12: ("tests/torture/test_every_step.py::test_11_12_a_run_may_end_or_its_disk_may_fill_up_at_any_step",),
    18: (
        "tests/ledger/test_place.py::test_18_state_that_others_can_read_is_closed_with_a_notice",
        "tests/ledger/test_place.py::test_18_state_of_another_user_is_refused",
        "tests/ledger/test_opening.py::test_18_state_that_cannot_be_opened_is_named_with_a_remedy",
    ),
    38: ("tests/transport/test_client.py::test_38_a_second_answer_is_never_taken_for_the_answer_to_the_next_request",),
    41: (
        "tests/transport/test_client.py::test_41_a_certificate_that_does_not_verify_stops_before_any_byte",
        "tests/transport/test_client.py::test_41_an_old_tls_version_stops",
    ),
    42: (
        "tests/transport/test_client.py::test_42_a_dead_ipv6_address_gives_way_to_ipv4",
        "tests/transport/test_client.py::test_42_a_name_that_does_not_resolve_is_not_sent",
        "tests/transport/test_client.py::test_42_a_hanging_name_look_up_is_cut_at_the_connect_time_out",
    ),
    43: ("tests/transport/test_client.py::test_43_a_proxy_of_the_environment_is_used_with_a_notice",),
    48: ("tests/push/test_other_ledgers.py::test_48_a_push_waits_for_another_one_when_asked_to",),
    49: (
        "tests/ledger/test_place.py::test_49_a_network_file_system_is_refused",
        "tests/ledger/test_place.py::test_49_a_synchronised_folder_is_refused",
    ),
    55: (
        "tests/push/test_audience_answers.py::test_55_a_request_without_an_answer_is_told_again_the_way_the_view_wants_by_then",
    ),
    56: ("tests/push/test_audience_answers.py::test_56_a_late_request_cannot_undo_a_newer_one",),
    57: ("tests/push/test_audiences.py::test_57_an_empty_view_takes_nobody_out",),
    58: ("tests/push/test_audiences.py::test_58_who_is_suppressed_during_a_run_is_not_added_and_is_taken_out",),
    59: ("tests/push/test_audience_binding.py::test_59_a_lost_answer_to_create_makes_no_second_audience",),
    60: ("tests/push/test_audience_answers.py::test_60_a_busy_audience_is_waited_for",),
    61: ("tests/cli/test_streams.py::test_61_a_closed_stream_changes_neither_push_nor_exit_code",),
    62: ("tests/push/test_other_ledgers.py::test_62_a_ledger_of_the_first_schema_is_copied_and_migrated",),
    64: ("tests/torture/test_seeds.py::test_64_no_history_loses_changes_or_doubles_an_event",),
}
"""Rows that need no scene: they are about audiences, the disk, the transport or the command line alone."""


def names_in(path: Path) -> list[str]:
    """Return the names of a file's tests."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]


def test_every_row_is_proven() -> None:
    """The numbers of the tests here, and of those named elsewhere, are the matrix."""
    numbers = set()
    for path in FOLDER.glob("test_*.py"):
        for name in names_in(path):
            numbers |= {int(number) for number in re.findall(r"_([0-9]{2})(?=_)", name)}

    assert numbers & ELSEWHERE.keys() == set()
    assert numbers | ELSEWHERE.keys() == set(range(1, 65))


def test_the_proofs_elsewhere_exist() -> None:
    """A renamed test is noticed, and each has its number too."""
    root = FOLDER.parents[1]
    for number, place in ((number, one) for number, places in ELSEWHERE.items() for one in places):
        path, _, name = place.partition("::")
        assert name in names_in(root / path), place
        assert f"_{number}_" in name
