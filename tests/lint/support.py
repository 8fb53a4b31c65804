"""Lint cases as SQL files: a destination view, the models behind it, and what lint must say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from pusher.compile import Inference, Manifest, inspect, inspect_additions, load
from pusher.config import PolicyFile, Profile, load_policy_file, load_project_file
from pusher.config.consent import Consent
from pusher.destinations.tiktok import destination
from pusher.engines.duckdb import DuckDBEngine
from pusher.lint import Finding, lint
from pusher.lint.rules import RULES

CASES = Path(__file__).parent / "cases"
VIEW = "models/tiktok/view.sql"
PROJECT = "name: shop\nprofile: shop\n"
SOURCES = """\
version: 2
sources:
  - name: shop
    tables:
      - name: customers
        columns:
          - {name: id, data_type: varchar, config: {meta: {pii: external_id}}}
          - {name: email, data_type: varchar, config: {meta: {pii: email}}}
          - {name: phone, data_type: varchar, config: {meta: {pii: phone}}}
          - {name: full_name, data_type: varchar, config: {meta: {pii: name}}}
          - {name: contact, data_type: "struct(email varchar, city varchar)", config: {meta: {pii: email}}}
          - {name: emails, data_type: "varchar[]", config: {meta: {pii: email}}}
          - {name: ip, data_type: varchar, config: {meta: {pii: ip}}}
          - {name: agent, data_type: varchar, config: {meta: {pii: user_agent}}}
          - {name: city, data_type: varchar}
          - {name: kind, data_type: varchar}
          - {name: tags, data_type: "varchar[]"}
      - name: orders
        columns:
          - {name: order_id, data_type: varchar}
          - {name: customer_id, data_type: varchar, config: {meta: {pii: external_id}}}
          - {name: ordered_at, data_type: timestamp, config: {meta: {timezone: UTC}}}
          - {name: amount, data_type: "decimal(18, 2)"}
          - {name: currency, data_type: varchar}
          - {name: channel, data_type: varchar}
      - name: legacy
        columns:
          - {name: customer_email, data_type: varchar}
          - {name: mobile, data_type: varchar}
          - {name: email_opt_in, data_type: varchar}
          - {name: phone_model, data_type: varchar}
          - {name: contact_email, data_type: varchar, config: {meta: {pii: none}}}
  - name: till
    tables:
      - name: receipts
        columns:
          - {name: id, data_type: varchar}
          - {name: plain, data_type: timestamp}
          - {name: day, data_type: date}
          - {name: text_at, data_type: varchar}
          - {name: zoned, data_type: timestamptz}
          - {name: berlin, data_type: timestamp, config: {meta: {timezone: Europe/Berlin}}}
          - {name: tokyo_at, data_type: varchar, config: {meta: {timezone: Asia/Tokyo}}}
          - {name: utc, data_type: timestamp, config: {meta: {timezone: UTC}}}
          - {name: seconds, data_type: bigint}
  - name: kiosk
    config: {meta: {timezone: UTC}}
    tables:
      - name: sales
        columns:
          - {name: id, data_type: varchar}
          - {name: plain, data_type: timestamp}
          - {name: berlin, data_type: timestamp, config: {meta: {timezone: Europe/Berlin}}}
      - name: visits
        config: {meta: {timezone: Asia/Tokyo}}
        columns:
          - {name: id, data_type: varchar}
          - {name: plain, data_type: timestamp}
  - name: app
    tables:
      - name: devices
        columns:
          - {name: customer_id, data_type: varchar, config: {meta: {pii: external_id}}}
          - {name: idfa, data_type: varchar, config: {meta: {pii: idfa}}}
          - {name: gaid, data_type: varchar, config: {meta: {pii: gaid}}}
          - {name: digest, data_type: varchar, config: {meta: {pii: idfa_sha256}}}
          - {name: email_digest, data_type: varchar, config: {meta: {pii: email_sha256}}}
"""
# A shop whose data tests say what a row of its tables is.
MARKET = """\
version: 2
sources:
  - name: market
    tables:
      - name: orders
        columns:
          - {name: order_id, data_type: varchar, data_tests: [not_null, unique]}
          - {name: order_number, data_type: varchar}
          - {name: customer_id, data_type: varchar}
          - {name: placed_at, data_type: timestamp, config: {meta: {timezone: UTC}}}
          - {name: updated_at, data_type: timestamp, config: {meta: {timezone: UTC}}}
          - {name: total, data_type: "decimal(18, 2)"}
          - {name: currency, data_type: varchar}
          - {name: digest, data_type: varchar, config: {meta: {pii: email_sha256}}}
      - name: order_items
        data_tests:
          - dbt_utils.unique_combination_of_columns:
              arguments: {combination_of_columns: [order_id, line_no]}
        columns:
          - {name: order_id, data_type: varchar}
          - {name: line_no, data_type: integer}
          - {name: sku, data_type: varchar}
          - {name: title, data_type: varchar}
          - {name: quantity, data_type: integer}
          - {name: unit_price, data_type: "decimal(18, 2)"}
          - {name: line_total, data_type: "decimal(18, 2)"}
          - {name: placed_at, data_type: timestamp, config: {meta: {timezone: UTC}}}
      - name: customers
        columns:
          - {name: customer_id, data_type: varchar, data_tests: [unique]}
          - {name: digest, data_type: varchar, config: {meta: {pii: email_sha256}}}
          - {name: phone_digest, data_type: varchar, config: {meta: {pii: phone_sha256}}}
          - {name: joined_at, data_type: timestamp, config: {meta: {timezone: UTC}}}
      - name: addresses
        columns:
          - {name: address_id, data_type: varchar, data_tests: [unique]}
          - {name: customer_id, data_type: varchar}
          - {name: city, data_type: varchar}
      - name: payments
        columns:
          - {name: payment_id, data_type: varchar}
          - {name: order_id, data_type: varchar}
          - {name: method, data_type: varchar}
          - {name: amount, data_type: "decimal(18, 2)"}
          - {name: paid_at, data_type: timestamp, config: {meta: {timezone: UTC}}}
      - name: line_items
        columns:
          - {name: order_id, data_type: varchar}
          - {name: sku, data_type: varchar}
          - {name: quantity, data_type: integer}
          - {name: price, data_type: "decimal(18, 2)"}
          - {name: sold_at, data_type: timestamp, config: {meta: {timezone: UTC}}}
          - {name: digest, data_type: varchar, config: {meta: {pii: email_sha256}}}
      - name: clicks
        columns:
          - {name: click_id, data_type: varchar, data_tests: [unique]}
          - {name: clicked_ms, data_type: bigint}
          - {name: stored_us, data_type: bigint}
          - {name: sent_s, data_type: bigint}
          - {name: number, data_type: bigint}
          - {name: clicked_at, data_type: timestamp, config: {meta: {timezone: UTC}}}
"""
# A club whose members say whether they agree to marketing.
CLUB = """\
version: 2
sources:
  - name: club
    tables:
      - name: members
        columns:
          - {name: id, data_type: varchar}
          - {name: digest, data_type: varchar, config: {meta: {pii: email_sha256}}}
          - {name: phone_digest, data_type: varchar, config: {meta: {pii: phone_sha256}}}
          - {name: marketing_consent, data_type: varchar}
          - {name: country, data_type: varchar}
          - {name: is_vip, data_type: boolean}
          - {name: changed_at, data_type: timestamp, config: {meta: {timezone: UTC}}}
          - {name: profile, data_type: "struct(marketing_consent varchar, city varchar)"}
          - {name: extra, data_type: varchar}
      - name: answers
        columns:
          - {name: member_id, data_type: varchar}
          - {name: marketing_consent, data_type: boolean}
          - {name: answered_at, data_type: timestamp, config: {meta: {timezone: UTC}}}
      - name: dated_answers
        columns:
          - {name: member_id, data_type: varchar}
          - {name: marketing_consent, data_type: timestamp, config: {meta: {timezone: UTC}}}
      - name: cards
        columns:
          - {name: card_no, data_type: varchar}
          - {name: member_id, data_type: varchar}
          - {name: digest, data_type: varchar, config: {meta: {pii: email_sha256}}}
      - name: opt_outs
        columns:
          - {name: member_id, data_type: varchar}
      - name: visits
        columns:
          - {name: visit_id, data_type: varchar}
          - {name: member_id, data_type: varchar}
          - {name: ttclid, data_type: varchar}
          - {name: visited_at, data_type: timestamp, config: {meta: {timezone: UTC}}}
"""
# Together these rules prove that no identifier leaks.
PROOF = ("PU401", "PU402", "PU403")
# These rules are off until somebody asks for them.
ON_DEMAND = {rule.code: "note" for rule in RULES if rule.severity == "off"}
# A view that needs nothing else said: cases about identifiers and constants build on it.
GIVEN = {
    "models/staging/_sources.yml": SOURCES,
    "models/staging/_market.yml": MARKET,
    "models/staging/_club.yml": CLUB,
    "models/staging/stg_customers.sql": "select * from {{ source('shop', 'customers') }}\n",
    "models/staging/stg_orders.sql": "select * from {{ source('shop', 'orders') }}\n",
}
_HEADER = re.compile(r"^-- (?P<key>payload|source id|expect|about): ?(?P<value>.*)$", re.MULTILINE)
_FILE = re.compile(r"^-- file: (?P<path>\S+)\n", re.MULTILINE)


@dataclass(slots=True)
class Case:
    """One case.

    Attributes:
        rule: Code of the rule that the case is about.
        name: File name without ending.
        payload: Payload of the view.
        source_id: Event source id of the settings.
        files: Files of its project.
        expected: Lines that lint must say, in order.
    """

    rule: str
    name: str
    payload: str = "offline_events"
    source_id: str | None = "7654321098765432109"
    files: dict[str, str] = field(default_factory=dict)
    expected: list[str] = field(default_factory=list)


def read_case(path: Path) -> Case:
    """Read a case file: the view first, further files behind `-- file:` lines."""
    text = path.read_text(encoding="utf-8")
    case = Case(path.parent.name, path.stem)
    for found in _HEADER.finditer(text):
        key, value = found["key"], found["value"]
        if key == "payload":
            case.payload = value
        elif key == "source id":
            case.source_id = None if value == "none" else value
        elif key == "expect":
            case.expected.append(value)
    view, *others = _FILE.split(text)
    case.files = {**GIVEN, VIEW: view, **dict(zip(others[::2], others[1::2], strict=True))}
    return case


def write(root: Path, files: Mapping[str, str]) -> None:
    """Write a project."""
    for name, text in {"dbt_project.yml": PROJECT, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@cache
def _engine() -> DuckDBEngine:
    """Return one engine for all cases; each replaces the tables that it needs."""
    return DuckDBEngine.in_memory()


def compiled(root: Path, files: Mapping[str, str]) -> tuple[Manifest, Inference]:
    """Write, compile and bind a project."""
    write(root, files)
    profile = Profile("shop", "dev", str(root / "shop.duckdb"), "main", 1, {}, None, {})
    manifest = load(load_project_file(root), profile, vars={}, run_started_at=datetime(2026, 11, 23, 6, tzinfo=UTC))
    seeds = [str(model.seed.absolute) for model in manifest.models.values() if model.seed is not None]
    return manifest, inspect(manifest, DuckDBEngine.in_memory(allowed_paths=seeds) if seeds else _engine())


def linted(
    root: Path,
    files: Mapping[str, str],
    *,
    payload: str = "offline_events",
    source_id: str | None = "7654321098765432109",
    policy: PolicyFile | None = None,
    severities: Mapping[str, str] | None = None,
) -> list[Finding]:
    """Return what lint says about a project whose view is `view`; `severities` go before those of its policy."""
    manifest, inference = compiled(root, files)
    assert inference.problems == []
    again = manifest.standing(manifest.incremental) if manifest.incremental else None
    assert again is None or inspect_additions(again, _engine(), inference) == []
    policy = policy or load_policy_file(root)
    return lint(
        manifest,
        columns=inference.models,
        source_columns=inference.sources,
        payload_of={"view": destination.payloads[payload]},
        source_id_of={"view": source_id},
        policy=replace(policy, severities={**policy.severities, **(severities or {})}),
        models=list(manifest.models.values()),
        again=again,
    )


def without_consent(manifest: Manifest, inference: Inference, views: Iterable[str]) -> set[str]:
    """Return the views of audiences that may send people who did not consent."""
    names = list(views)
    assert inference.problems == []
    findings = lint(
        manifest,
        columns=inference.models,
        source_columns=inference.sources,
        payload_of=dict.fromkeys(names, destination.payloads["audience"]),
        source_id_of=dict.fromkeys(names),
        policy=PolicyFile(consent=Consent("marketing_consent")),
        models=[manifest.models[name] for name in names],
    )
    return {one.model for one in findings if one.rule == "PU413"}


def about(case: Case, findings: list[Finding]) -> list[str]:
    """Return the findings that a case is about: of its rule, and of those that prove that no identifier leaks."""
    codes = {case.rule, *(PROOF if case.rule.startswith("PU4") else ())}
    return [shown(finding) for finding in findings if finding.rule in codes]


def shown(finding: Finding) -> str:
    """Return a finding as a case expects it."""
    file = "" if finding.file == VIEW else f"{finding.file}:"
    return f"{file}{finding.line}:{finding.column} {finding.severity} {finding.rule} {finding.message}"
