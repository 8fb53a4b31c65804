"""Raw tables of a large made-up shop, and a ledger's worth of keys, written by DuckDB in one pass each."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# Like the sample's tables: all text, the columns of an order on each of its lines, dirty in the usual ways.
# About 3 % of the orders are anonymous, 1 % of the lines repeated, 5 % refunded and 2 % of all orders cancelled.
_ORDERS = """
create temp view orders as
select
    i,
    i >= {events} as is_web,
    case when hash(i, 'customer') % 100 < 3 then '' else format('C-{{:08d}}', hash(i, 'who') % {customers}) end
        as customer_id,
    case when hash(i, 'status') % 100 < 2 then 'cancelled' else 'completed' end as order_status,
    timestamp '{anchor}' - to_seconds(cast(hash(i, 'when') % (20 * 86400) as bigint)) as moment,
    case hash(i, 'market') % 4 when 0 then 'GBP' when 1 then 'EUR' else 'USD' end as currency,
    2 + cast(hash(i, 'lines') % 4 = 0 as bigint) as line_count
from range({orders}) as orders (i)
"""
_LINES = """
create temp view sale_lines as
select
    orders.*,
    line_no,
    hash(i, line_no, 'sku') % 400 as product,
    1 + hash(i, line_no, 'units') % 3 as units,
    strftime(moment, '%Y-%m-%dT%H:%M:%S') || case when is_web then 'Z' when i % 2 = 0 then '+01:00' else '-05:00' end
        as ordered_at
from orders, range(1, cast(line_count as bigint) + 1) as lines (line_no)
"""
_TRANSACTIONS = """
select
    case when is_web then 'W-' else 'S-' end || (100000000 + i) as order_id,
    cast({line_no} as varchar) as line_no,
    '{line_type}' as line_type,
    order_status,
    case when is_web then 'web' when i % 8 = 0 then 'POS' else 'store' end as channel,
    case when is_web then 'web' when i % 2 = 0 then 'BER-01' else 'PDX-01' end as store_id,
    customer_id,
    ordered_at,
    ordered_at as processed_at,
    case when i % 50 = 0 then lower(currency) else currency end as currency,
    'NW-' || (1000 + product) as sku,
    'Ridge ' || (10 + product % 90) || ' pack' as product_name,
    'Packs' as category,
    'Northwind' as brand,
    cast(cast(5 + product * 0.37 as decimal(18, 2)) as varchar) as unit_price,
    cast({units} as varchar) as quantity,
    case when is_web then 'https://shop.example.com/checkout/thank-you?order=W-' || (100000000 + i) else '' end
        as page_url,
    case when is_web then 'https://www.tiktok.com/' else '' end as page_referrer,
    case when is_web and i % 2 = 0 then 'E.C.P.' || md5('click' || i) else '' end as ttclid,
    case when is_web then substr(md5('cookie' || i), 1, 26) else '' end as ttp,
    '' as ip,
    case when is_web then 'Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0'
        else '' end as user_agent
from sale_lines
"""
_CUSTOMERS = """
select
    format('C-{{:08d}}', i) as customer_id,
    'Ava Carter' as full_name,
    case hash(i, 'e-mail') % 8
        when 0 then '  ava.carter.' || i || '@example.com '
        when 1 then upper('ava.carter.' || i || '@example.org')
        when 2 then 'Ava.Carter.' || i || '@mail.example.com'
        else 'ava.carter.' || i || '@example.com'
    end as email,
    case when i % 10 = 0 then 'a.carter' || i || '@post.test' else '' end as loyalty_email,
    case when i % 20 = 0 then '030 23125' || format('{{:03d}}', i % 1000) else '' end as phone,
    case hash(i, 'mobile') % 4
        when 0 then '+1 (212) 555-' || format('{{:04d}}', i % 10000)
        when 1 then '07700 9' || format('{{:05d}}', i % 100000)
        when 2 then '+49171392' || format('{{:04d}}', i % 10000)
        else '00447700' || format('{{:06d}}', i % 1000000)
    end as mobile,
    case hash(i, 'country') % 3 when 0 then 'gb' when 1 then 'DE' else 'US' end as country,
    case when i % 100 = 1 then '' else 'yes' end as marketing_consent,
    '2025-03-01T12:00:00Z' as created_at,
    case when i % 3 = 0 then upper(cast(cast(md5('iPhone' || i) as uuid) as varchar)) else '' end as idfa,
    case when i % 3 = 1 then cast(cast(md5('Android' || i) as uuid) as varchar) else '' end as aaid
from range({customers}) as customers (i)
"""
_KEYS = """
select
    cast(md5('key' || i) as uuid) as event_key,
    unhex(sha256('payload' || i)) as payload_hash,
    cast(md5('contents' || i) as uuid) as contents_hash,
    {newest} - cast(hash(i) % 2000000 as bigint) as event_time,
    cast(hash(i, 'value') % 100000 as decimal(38, 9)) / 100 as value,
    case i % 3 when 0 then 'GBP' when 1 then 'EUR' else 'USD' end as currency,
    'accepted' as state
from range({rows}) as keys (i)
"""
_FLAT = """
create or replace table flat_events as
select
    'Purchase' as event,
    md5('event' || i) as event_id,
    timestamp '{anchor}' - to_seconds(cast(hash(i, 'when') % (20 * 86400) as bigint)) as event_time,
    sha256('someone' || i || '@example.com') as email,
    sha256('+1212555' || format('{{:04d}}', i % 10000)) as phone,
    cast(5 + hash(i, 'value') % 20000 / 100 as decimal(18, 2)) as value,
    'USD' as currency,
    'S-' || (100000000 + i) as order_id,
    'PDX-01' as shop_id,
    cast(1 + hash(i, 'items') % 5 as integer) as num_items
from range({rows}) as events (i)
"""


def _copy(connection: Any, sql: str, path: Path) -> None:
    unfinished = path.with_suffix(".tmp")
    connection.execute(f"copy ({sql}) to '{unfinished}' (format parquet)")
    unfinished.replace(path)


def write_tables(folder: str, events: int) -> dict[str, Any]:
    """Write customers.parquet and transactions.parquet with that many orders in stores and a tenth in the web shop."""
    import duckdb

    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    anchor = f"{datetime.now(UTC):%Y-%m-%d} 00:00:00"
    facts = {"events": events, "orders": events + events // 10, "customers": max(events // 4, 1), "anchor": anchor}
    sale = _TRANSACTIONS.format(line_no="line_no", line_type="sale", units="units")
    refund = _TRANSACTIONS.format(line_no="10 + line_no", line_type="refund", units="'-' || units")
    with duckdb.connect() as connection:
        connection.execute(_ORDERS.format(**facts))
        connection.execute(_LINES)
        _copy(connection, _CUSTOMERS.format(**facts), target / "customers.parquet")
        lines = (
            f"{sale} union all {sale} where hash(i, line_no, 'again') % 100 = 0 "
            f"union all {refund} where line_no = 1 and hash(i, 'refund') % 100 < 5"
        )
        _copy(connection, lines, target / "transactions.parquet")
    return facts


def write_keys(path: str, rows: int) -> dict[str, Any]:
    """Write a key file in the ledger's format, of events that no view has, and return its digest."""
    import duckdb

    from pusher.ledger.state import file_sha256

    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute("set preserve_insertion_order = false")
        newest = int(datetime.now(UTC).timestamp())
        _copy(connection, _KEYS.format(rows=rows, newest=newest), target)
    target.chmod(0o600)
    return {"rows": rows, "bytes": target.stat().st_size, "sha256": file_sha256(target)}


def write_flat(path: str, rows: int) -> dict[str, Any]:
    """Write a DuckDB file with a table of events that need no model: a column for each field."""
    import duckdb

    with duckdb.connect(path, config={"storage_compatibility_version": "v1.0.0"}) as connection:
        connection.execute(_FLAT.format(rows=rows, anchor=f"{datetime.now(UTC):%Y-%m-%d} 00:00:00"))
    return {"rows": rows}
