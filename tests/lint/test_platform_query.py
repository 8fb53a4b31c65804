"""A query as analysts bring it from a customer data platform: every trap in it is told, with its place."""

from __future__ import annotations

from pathlib import Path

from tests.lint.support import GIVEN, VIEW, linted, shown

SOURCES = """\
version: 2
sources:
  - name: cdp
    tables:
      - name: line_items
        columns:
          - {name: category, data_type: varchar}
          - {name: sku, data_type: varchar}
          - {name: title, data_type: varchar}
          - {name: order_number, data_type: bigint}
          - {name: unit_price, data_type: "decimal(18, 2)"}
          - {name: units, data_type: integer}
          - {name: store, data_type: varchar}
          - {name: ordered_at, data_type: timestamp, config: {meta: {timezone: UTC}}}
          - {name: line_revenue, data_type: "decimal(18, 2)"}
          - {name: person_id, data_type: varchar}
      - name: best_profiles
        columns:
          - {name: person_id, data_type: varchar}
          - {name: email, data_type: varchar, config: {meta: {pii: email}}}
          - {name: phone, data_type: varchar, config: {meta: {pii: phone}}}
"""
QUERY = r"""SELECT
  'Northwind Outfitters' AS brand
  ,'product' AS content_type
  ,'USD' AS currency
  ,TO_HEX(SHA256(LOWER(TRIM(bp.email)))) AS emails
  ,'CompletePayment' AS event
  ,'website' AS event_channel
  ,CAST(li.order_number AS VARCHAR) AS event_id
  ,'7654321098765432109' AS event_set_id
  ,li.order_number AS order_id
  ,CONCAT('+1', '', REGEXP_REPLACE(bp.phone, '[$\D\s]', '')) AS phone
  ,li.store AS shop_id
  ,li.ordered_at AS timestamp
  ,CAST(li.line_revenue / li.units AS DOUBLE) AS value
FROM {{ source('cdp', 'line_items') }} li
LEFT JOIN {{ source('cdp', 'best_profiles') }} bp ON li.person_id = bp.person_id
WHERE li.ordered_at > (CURRENT_DATE - INTERVAL '7' DAY)
"""
TOLD = [
    "5:4 error PU408 `emails` is the hexadecimal form of a digest that is in hexadecimal already: it matches nobody.",
    "5:4 note PU204 `emails` is accepted as an alias of `email`.",
    (
        "6:4 note PU209 'CompletePayment' is now called 'Purchase'. Renamed; TikTok "
        "converts the old name, so the two are one event."
    ),
    "7:4 warning PU213 Web orders in an offline event set count twice when the pixel reports them too.",
    (
        "8:9 warning PU501 Rows of cdp.line_items come one by one, and nothing proves "
        "that `event_id` is unique among them."
    ),
    "11:4 error PU401 `phone` carries a raw phone number from cdp.best_profiles.phone.",
    "11:21 warning PU411 `phone` is hashed after only the first match of '[$\\D\\s]' was replaced.",
    "13:4 note PU204 `timestamp` is accepted as an alias of `event_time`.",
    "14:9 warning PU601 `value` is divided by cdp.line_items.units: it is the price of one unit.",
    "14:9 warning PU602 `value` comes from a division by `li.units`, which can be 0.",
    "14:9 warning PU603 `value` is DOUBLE, made so by the cast.",
    (
        "16:11 note PU502 `best_profiles` is joined on `person_id`, which nothing proves "
        "to be unique there: an event can come several times."
    ),
    "17:48 warning PU301 `current_date` differs from run to run.",
]


def test_every_trap_of_a_platform_query_is_told(tmp_path: Path) -> None:
    """Grain, unit price, division by zero, float, hash form, first match, raw phone, double channel, clock."""
    findings = linted(tmp_path, {**GIVEN, VIEW: QUERY, "models/staging/_cdp.yml": SOURCES})

    assert [shown(finding) for finding in findings] == TOLD
