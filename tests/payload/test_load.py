"""The contract folder: every fact has its source, and a folder that does not fit together is refused."""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path
from typing import get_args

import pytest

from pusher.destinations.tiktok.facts import CONTRACT_FOLDER, contract
from pusher.payload.load import CONFIDENCES, ContractError, load_contract
from pusher.payload.model import FieldType, Origin


def test_every_fact_has_a_source_and_a_confidence() -> None:
    """Fields, lists, renames, payloads and codes name a known source and how sure it is."""
    facts = contract()
    origins: list[Origin] = [code.origin for code in facts.codes]
    for payload in facts.payloads.values():
        origins += [payload.origin, *(field.origin for field in (*payload.fields, *payload.item_fields))]
        for enum in payload.enums.values():
            origins += [enum.origin, *(rename.origin for rename in enum.renames)]
    wrong = [one for one in origins if one.source not in facts.sources or one.confidence not in CONFIDENCES]
    assert (wrong, len(origins) > 100) == ([], True)


@pytest.mark.parametrize("name", ["offline_events", "web_events", "crm_events", "app_events", "audience"])
def test_a_payload_fits_together(name: str) -> None:
    """Types are known, paths are used once, renames lead to current values, limits have an order."""
    payload = contract().payloads[name]
    paths = [field.path for field in payload.fields if field.path]
    limits = payload.limits
    assert {field.type for field in (*payload.fields, *payload.item_fields)} <= set(get_args(FieldType))
    assert len(paths) == len(set(paths))
    for enum in payload.enums.values():
        assert set(enum.translations.values()) <= set(enum.values)
        assert not {rename.old for rename in enum.renames} & set(enum.values)
    assert set(payload.identity) <= set(payload.columns)
    assert limits.max_field_bytes < limits.max_row_bytes < limits.max_bytes_per_request
    assert limits.pixel_age_s < limits.dedupe_window_s < limits.max_age_s
    assert re.compile(payload.source_id_pattern).groups == 0


def test_the_material_fields_are_those_of_the_format() -> None:
    """A change of these under the same key is a conflict."""
    fields = contract().payloads["offline_events"].fields
    assert {field.column for field in fields if field.material} == {"event_time", "value", "currency", "contents"}


def test_junk_digests_are_computed_from_their_values() -> None:
    """The digests of nothing, of `null` and of a lone calling code are known."""
    junk = contract().payloads["offline_events"].junk_digests
    assert {junk[hashlib.sha256(text.encode()).hexdigest()] for text in ("", "null", "+1", "n/a")} == {
        "",
        "null",
        "+1",
        "n/a",
    }


def test_a_digest_of_junk_that_was_hashed_again_is_junk() -> None:
    """A system that hashes digests sends the hash of the hash of nothing for everybody without an address."""
    junk = contract().payloads["offline_events"].junk_digests
    once = {digest for digest, text in junk.items() if hashlib.sha256(text.encode()).hexdigest() == digest}
    assert set(junk) == once | {hashlib.sha256(digest.encode()).hexdigest() for digest in once}
    assert len(junk) == 2 * len(once)


def test_narrow_codes_come_before_the_family() -> None:
    """The first range that holds a code is the most precise one."""
    widths = [code.last - code.first for code in contract().codes]
    assert widths == sorted(widths)
    assert {code.response_class for code in contract().codes} <= set(contract().classes)


BROKEN = {
    "no source": (
        "payloads.toml",
        'source = "portal_events"\nconfidence = "certain"\n\n[web_events]',
        'confidence = "certain"\n\n[web_events]',
        "A fact has no known source or confidence: ",
    ),
    "unknown source": (
        "enums.toml",
        'source = "gtm_template"',
        'source = "hearsay"',
        "A fact has no known source or confidence: ",
    ),
    "unknown confidence": (
        "limits.toml",
        'confidence = "certain" }\nmax_bytes',
        'confidence = "sure" }\nmax_bytes',
        "A fact has no known source or confidence: ",
    ),
    "alias twice": (
        "events.toml",
        'aliases = ["emails"]',
        'aliases = ["phone"]',
        "offline_events: a column name or alias stands twice.",
    ),
    "unknown list": (
        "events.toml",
        'enum = "content_types"',
        'enum = "content_kinds"',
        "offline_events: content_type names an unknown enumeration content_kinds.",
    ),
    "unknown identity": (
        "payloads.toml",
        'identity = ["email", "phone"]\nidentity_required = true\ndoc = "Conversions in stores',
        'identity = ["email", "fax"]\nidentity_required = true\ndoc = "Conversions in stores',
        "offline_events: identity fax is not a column.",
    ),
    "unknown class": (
        "responses.toml",
        'meaning = "Partially successful"\nclass = "PARTIAL"',
        'meaning = "Partially successful"\nclass = "HALF"',
        "Code 20001 has the unknown class HALF.",
    ),
}


@pytest.mark.parametrize("case", list(BROKEN))
def test_a_folder_that_does_not_fit_together_is_refused(case: str, tmp_path: Path) -> None:
    """One wrong word in one file stops the load with the name of the fact."""
    name, old, new, message = BROKEN[case]
    folder = tmp_path / "contract"
    shutil.copytree(CONTRACT_FOLDER, folder)
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ContractError, match="^" + re.escape(message)):
        load_contract(folder)


def test_the_folder_as_it_is_loads(tmp_path: Path) -> None:
    """A copy elsewhere gives the same facts: nothing depends on where it lies."""
    shutil.copytree(CONTRACT_FOLDER, tmp_path / "contract")
    assert load_contract(tmp_path / "contract") == contract()
