"""A project of 200 models with 10 columns each, three layers deep: what `pusher lint` is timed on."""

from __future__ import annotations

import shutil
from pathlib import Path

from benchmarks.processes import ROOT

STAGING, BETWEEN, VIEWS = 100, 60, 40
_SOURCE = """\
      - name: raw_{number:03}
        columns:
          - {{name: order_id, data_type: varchar, data_tests: [unique]}}
          - {{name: customer_id, data_type: varchar, config: {{meta: {{pii: external_id}}}}}}
          - {{name: ordered_at, data_type: timestamp, config: {{meta: {{timezone: UTC}}}}}}
          - {{name: email, data_type: varchar, config: {{meta: {{pii: email}}}}}}
          - {{name: phone, data_type: varchar, config: {{meta: {{pii: phone}}}}}}
          - {{name: amount, data_type: "decimal(18, 2)"}}
          - {{name: currency, data_type: varchar}}
          - {{name: store, data_type: varchar}}
          - {{name: channel, data_type: varchar}}
          - {{name: note, data_type: varchar}}
"""
_STAGING = """\
with source as (

    select
        order_id,
        customer_id,
        ordered_at,
        email,
        phone,
        amount,
        currency,
        store,
        channel,
        note
    from {{{{ source('shop', 'raw_{number:03}') }}}}

),

final as (

    select
        order_id,
        nullif(trim(customer_id), '') as customer_id,
        ordered_at,
        email,
        phone,
        amount,
        upper(trim(currency)) as currency,
        store as shop_id,
        case when channel = 'pos' then 'in_store' else 'other' end as channel,
        note
    from source

)

select * from final
"""
_BETWEEN = """\
with orders as (

    select * from {{{{ ref('stg_{left:03}') }}}}

),

customers as (

    select order_id, email, phone from {{{{ ref('stg_{right:03}') }}}}

),

final as (

    select
        orders.order_id,
        orders.customer_id,
        orders.ordered_at,
        coalesce(orders.email, customers.email) as email,
        coalesce(orders.phone, customers.phone) as phone,
        orders.amount,
        orders.currency,
        orders.shop_id,
        orders.channel,
        orders.note
    from orders
    left join customers on orders.order_id = customers.order_id
    where {{{{ lookback('orders.ordered_at') }}}}

)

select * from final
"""
_VIEW = """\
{{{{ config(materialized='view', meta={{'pusher': {{'destination': 'tiktok', 'payload': 'offline_events'}}}}) }}}}

with orders as (

    select * from {{{{ ref('int_{number:03}') }}}}

),

final as (

    select
        'Purchase' as event,
        {{{{ event_id('Purchase', 'order_id') | indent(8) }}}} as event_id,
        ordered_at as event_time,
        {{{{ hashed_email('email') }}}} as email,
        {{{{ hashed_phone('phone') }}}} as phone,
        amount as value,
        currency,
        order_id,
        shop_id,
        channel as event_channel
    from orders

)

select * from final
"""
_PROFILES = """\
shop:
  target: dev
  outputs:
    dev: {type: duckdb, path: shop.duckdb}
pusher:
  dev:
    tiktok:
      base_url: sandbox
      advertiser_ids: ["7654321098765432109"]
      event_set_id: "7654321098765432109"
"""


def write_many_models(folder: Path) -> None:
    """Write the project into a folder that does not exist yet."""
    texts = {
        "dbt_project.yml": "name: shop\nprofile: shop\nvars: {default_country: US}\n",
        "profiles.yml": _PROFILES,
        "models/_sources.yml": "version: 2\nsources:\n  - name: shop\n    tables:\n"
        + "".join(_SOURCE.format(number=number) for number in range(STAGING)),
    }
    for number in range(STAGING):
        texts[f"models/staging/stg_{number:03}.sql"] = _STAGING.format(number=number)
    for number in range(BETWEEN):
        right = (number * 7 + 1) % STAGING
        texts[f"models/intermediate/int_{number:03}.sql"] = _BETWEEN.format(number=number, left=number, right=right)
    for number in range(VIEWS):
        texts[f"models/tiktok/tiktok_{number:03}.sql"] = _VIEW.format(number=number)
    shutil.copytree(ROOT / "macros", folder / "macros")
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
