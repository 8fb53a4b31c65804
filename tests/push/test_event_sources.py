"""CRM and app events end to end: settings, build, push, and the request as the sandbox received it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from pusher.project.facade import LoadOptions, Project
from tests.canaries import EMAIL
from tests.push.support import NOW, VIEW, Shop, orders, serving

LEADS = "7000000000000000001"
APP = "7123456789"
_HEAD = (
    "{{{{ config(materialized='view', meta={{'pusher': {{'destination': 'tiktok', 'payload': '{payload}'}}}}) }}}}\n"
)
AT = int(NOW.timestamp()) - 26 * 3600
DIGEST, OTHER = hashlib.sha256(EMAIL.lower().encode()).hexdigest(), hashlib.sha256(b"order-00001").hexdigest()
IDFA = "70574fa9c8f498a7b2e5c8712b1126de7b1406fd02fdc591821c5bd33092fd1c"

CRM = """
select
    'qualified_lead' as event,
    order_id as event_id,
    cast(ordered_at as timestamp) as event_time,
    digest as email,
    upper(digest) as external_id,
    '701234567890123456' || right(order_id, 1) as lead_id,
    'Salesforce' as lead_event_source,
    cast(amount as decimal(18, 2)) as value,
    'EUR' as currency
from {{ source('shop', 'orders') }}
order by order_id
"""
CRM_BODY: dict[str, Any] = {
    "event_source": "crm",
    "event_source_id": LEADS,
    "data": [
        {
            "event": "qualified_lead",
            "event_id": f"order-0000{number}",
            "event_time": AT,
            "user": {"email": digest, "external_id": digest},
            "lead": {"lead_id": f"701234567890123456{number}", "lead_event_source": "Salesforce"},
            "properties": {"value": 10.00, "currency": "EUR"},
        }
        for number, digest in enumerate((DIGEST, OTHER))
    ],
}
APP_VIEW = f"""
select
    'InstallApp' as event,
    order_id as event_id,
    cast(ordered_at as timestamp) as event_time,
    case when order_id = 'order-00000' then digest end as email,
    '{IDFA}' as idfa,
    digest as gaid,
    'BE7583CD-A667-48BC-B806-42ECB2B48606' as idfv,
    'AUTHORIZED' as att_status,
    '8.8.8.8' as ip,
    'Shop/1.2 (iPhone)' as user_agent,
    'en-US' as locale,
    'com.example.shop' as app_id,
    'Shop' as app_name,
    '1.2' as app_version,
    'cb-1' as callback,
    '1' as campaign_id,
    2 as ad_id,
    3 as creative_id,
    false as is_retargeting,
    true as attributed,
    'click_through' as attribution_type,
    'Own' as attribution_provider,
    cast(0.5 as decimal(3, 2)) as attribution_share,
    true as limited_data_use
from {{{{ source('shop', 'orders') }}}}
order by order_id
"""
APP_ROW: dict[str, Any] = {
    "app": {"app_id": "com.example.shop", "app_name": "Shop", "app_version": "1.2"},
    "ad": {
        "callback": "cb-1",
        "campaign_id": "1",
        "ad_id": "2",
        "creative_id": "3",
        "is_retargeting": False,
        "attributed": True,
        "attribution_type": "click_through",
        "attribution_provider": "Own",
        "attribution_share": 0.5,
    },
    "limited_data_use": True,
}
APP_USER = {
    "idfv": "BE7583CD-A667-48BC-B806-42ECB2B48606",
    "att_status": "AUTHORIZED",
    "ip": "8.8.8.8",
    "user_agent": "Shop/1.2 (iPhone)",
    "locale": "en-US",
}
APP_BODY: dict[str, Any] = {
    "event_source": "app",
    "event_source_id": APP,
    "data": [
        {
            "event": "InstallApp",
            "event_id": event_id,
            "event_time": AT,
            "user": {**email, "idfa": IDFA, "gaid": digest, **APP_USER},
            **APP_ROW,
        }
        for event_id, email, digest in (("order-00000", {"email": DIGEST}, DIGEST), ("order-00001", {}, OTHER))
    ],
}


def shop_of(root: Path, base_url: str, payload: str, sql: str, **settings: str) -> Shop:
    """Return a shop whose only view has this payload and these columns."""
    shop = Shop(root, base_url, **settings)
    (shop.root / "models" / f"{VIEW}.sql").write_text(_HEAD.format(payload=payload) + sql)
    shop.sell(orders(2))
    return shop


@pytest.mark.parametrize(
    ("payload", "sql", "setting", "expected"),
    [
        ("crm_events", CRM, {"crm_event_set_id": LEADS}, CRM_BODY),
        ("app_events", APP_VIEW, {"tiktok_app_id": APP}, APP_BODY),
    ],
    ids=["crm", "app"],
)
def test_a_view_arrives_as_one_request_with_exactly_these_rows(
    tmp_path: Path, payload: str, sql: str, setting: dict[str, str], expected: dict[str, Any]
) -> None:
    """The whole body is the expected one, and the sandbox's history holds the digest of those very bytes."""
    with serving(tmp_path / "sandbox.sqlite") as server:
        shop = shop_of(tmp_path / "shop", server.base_url, payload, sql, **setting)
        shop.build()
        body = shop.project().show_payload(VIEW, limit=10)
        report = shop.push()
        again = shop.push()
        (request,) = server.requests()

    assert json.loads(body) == expected
    digests = (request["body_sha256"], request["bytes"], request["code"])
    assert digests == (hashlib.sha256(body).hexdigest(), len(body), 0)
    assert (report.exit_code, report.models[0].terms["accepted"], again.models[0].terms["already_sent"]) == (0, 2, 2)
    assert (request["rows"], request["counted"], request["duplicates"]) == (2, 2, 0)


def test_events_and_an_audience_travel_in_one_run(tmp_path: Path) -> None:
    """The receipt has both, and so has the sandbox."""
    shop = Shop(tmp_path / "shop", audience_name="Best customers", advertiser_ids=["7654321098765432109"])
    head = _HEAD.format(payload="audience")
    sql = f"{head}select digest as email from {{{{ source('shop', 'orders') }}}}\n"
    (shop.root / "models" / "members.sql").write_text(sql)
    shop.sell(orders(2))
    shop.build()
    report = Project.load(LoadOptions(project_dir=shop.root, clock=NOW)).push()

    assert [(model.model, model.terms["accepted"]) for model in report.models] == [(VIEW, 2)]
    assert [(one.model, one.added) for one in report.audiences] == [("members", 2)]
    assert (report.exit_code, report.sandbox and report.sandbox["counted"]) == (0, 2)
