"""Which columns are hidden, and what is shown in their place."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pusher.compile import load
from pusher.config import load_profile, load_project_file
from pusher.destinations.tiktok.facts import contract
from pusher.masking import mask, personal_columns, without_identifiers
from tests.conftest import ProjectFactory

DIGEST = "9f7ec22d72092cd3c0b58726ed9c2d91b92e51a3f29837508fb2948bb22dd2fd"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, None),
        ("ann@shop.example", "****"),
        ("", "****"),
        (DIGEST, "9f7e****"),
        (DIGEST.upper(), "****"),
        (DIGEST[1:], "****"),
        ([DIGEST, "+12133734253", None], ["9f7e****", "****", None]),
        ({"email": "ann@shop.example"}, "****"),
        (12133734253, "****"),
        (b"ann", "****"),
    ],
)
def test_a_personal_value_is_hidden(value: Any, shown: Any) -> None:
    """Nothing of a raw value is left; a digest keeps four letters, so that two can be told apart."""
    assert mask(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("order 17", "order 17"),
        ("2026-11-23 06:00:00+00:00", "2026-11-23 06:00:00+00:00"),
        ("+1.5", "+1.5"),
        ("call +1 (213) 373-4253 now", "call **** now"),
        ("Ann <ann@shop.example>", "****"),
        ("ann smith@@shop", "****"),
        ([{"note": "ann@shop.example", "n": 1}], [{"note": "****", "n": 1}]),
        (12133734253, 12133734253),
        (None, None),
    ],
)
def test_what_looks_like_an_identifier_is_hidden_in_any_column(value: Any, shown: Any) -> None:
    """At every depth; texts that merely hold digits stay."""
    assert without_identifiers(value) == shown


def test_columns_are_personal_by_tag_by_contract_or_by_name(project: ProjectFactory) -> None:
    """Tags of sources and other models count by name, whatever the case; `none` takes a guess back."""
    root = project(
        {
            "models/_models.yml": """
version: 2
sources:
  - name: raw
    tables:
      - name: people
        columns:
          - {name: Tax_Number, data_type: varchar, config: {meta: {pii: tax}}}
          - {name: city, data_type: varchar}
models:
  - name: other
    columns:
      - {name: nickname, config: {meta: {pii: name}}}
  - name: view
    columns:
      - {name: STREET, config: {meta: {pii: address}}}
      - {name: work_phone, config: {meta: {pii: none}}}
""",
            "models/other.sql": "select 1 as nickname",
            "models/view.sql": "select 1 as street",
        }
    )
    file = load_project_file(root)
    profile = load_profile(project_root=root, profile_name="shop", profiles_dir=None, target=None)
    manifest = load(file, profile, vars={}, run_started_at=datetime(2026, 11, 23, tzinfo=UTC))
    names = ["street", "work_phone", "Home_Phone", "customer_email", "email_opt_in", "phone_model", "city"]
    hidden = personal_columns(manifest, manifest.models["view"], names, None)
    assert hidden == {"tax_number", "nickname", "street", "home_phone", "customer_email"}
    web = personal_columns(manifest, manifest.models["view"], [], contract().payloads["web_events"])
    identifiers = {
        "email",
        "emails",
        "phone",
        "phone_numbers",
        "external_id",
        "ip",
        "user_agent",
        "agent",
        "idfa",
        "gaid",
        "idfv",
        "first_name",
        "last_name",
        "zip_code",
    }
    assert web == {"tax_number", "nickname", "street"} | identifiers
    strictly = personal_columns(manifest, manifest.models["view"], [], contract().payloads["web_events"], strictly=True)
    assert strictly == web | {"ttclid", "tiktok_click_id", "ttp", "cookie_id"}
