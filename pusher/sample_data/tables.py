"""The customers and orders of the made-up shop, with the defects of real exports."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

from pusher.sample_data.shop import (
    BROWSERS,
    DOMAINS,
    MARKETS,
    NO,
    NO_DEVICE,
    PRODUCTS,
    RATES,
    REFERRERS,
    STORES,
    US_AREAS,
    WEB,
    YES,
    Customer,
    Line,
    Market,
    Tables,
)

CUSTOMERS = 1_200
HISTORY_DAYS = 40
DUPLICATE_CUSTOMERS = 6


def chance(rng: random.Random, what: str) -> bool:
    """Tell whether a defect or variant of RATES happens now."""
    return rng.random() < RATES[what]


def email_as_typed(rng: random.Random, address: str) -> str:
    """Return an address, often in one of the spellings that people and forms produce."""
    if not chance(rng, "messy e-mail"):
        return address
    local, _, domain = address.partition("@")
    spellings = (
        f"  {address} ",
        address.upper(),
        f"{local.title()}@{domain}",
        f"{address}\t",
        f"\u00a0{address}",
        f"{local}\u200b@{domain}",
        f"{local}+outdoor@{domain}",
    )
    return rng.choice(spellings)


def number_in(rng: random.Random, country: str, *, mobile: bool) -> tuple[str, str, str]:
    """Return calling code, national number without the dialled first digit, and that digit."""
    if country == "US":
        return "1", f"{rng.choice(US_AREAS)}55501{rng.randrange(100):02d}", ""
    if country == "GB":
        return "44", f"7700900{rng.randrange(1000):03d}", "0"
    if mobile:
        return "49", f"17139200{rng.randrange(100):02d}", "0"
    return "49", f"3023125{rng.randrange(1000):03d}", "0"


def phone_as_typed(rng: random.Random, country: str, *, mobile: bool) -> str:
    """Return a number of fiction in one of the forms that people write."""
    code, number, dialled = number_in(rng, country, mobile=mobile)
    area, rest = number[:3], number[3:]
    if chance(rng, "international form"):
        forms = (
            f"+{code}{number}",
            f"+{code} {area} {rest}",
            f"00{code}{number}",
            f"+{code} ({dialled}){number}" if dialled else f"+{code} ({area}) {rest}",
        )
    elif dialled:
        forms = (
            f"{dialled}{number}",
            f"{dialled}{area} {rest}",
            f"{dialled}{area}/{rest}",
            f"({dialled}{area}) {rest}",
        )
    else:
        forms = (number, f"({area}) {rest[:3]}-{rest[3:]}", f"1-{area}-{rest[:3]}-{rest[3:]}", f"{area}.{rest}")
    return rng.choice(forms)


def make_customer(rng: random.Random, number: int, market: Market, today: date) -> Customer:
    """Make one customer with identities as the shop's forms took them."""
    first, last = rng.choice(market.first_names), rng.choice(market.last_names)
    address = f"{first}.{last}.{number}@{rng.choice(DOMAINS)}".lower()
    second = f"{first[0]}{last}{number}@{rng.choice(DOMAINS)}".lower()
    country = market.country.lower() if chance(rng, "lower-case country") else market.country
    created = datetime.combine(today, time(12), UTC) - timedelta(days=rng.randrange(60, 1500))
    return Customer(
        customer_id=f"C-{number:05d}",
        full_name=f"{first} {last}",
        email="" if chance(rng, "no e-mail") else email_as_typed(rng, address),
        loyalty_email=email_as_typed(rng, rng.choice((address, second))) if chance(rng, "loyalty e-mail") else "",
        phone=phone_as_typed(rng, market.country, mobile=False) if chance(rng, "land line") else "",
        mobile="" if chance(rng, "no mobile") else phone_as_typed(rng, market.country, mobile=True),
        country="" if chance(rng, "no country") else country,
        marketing_consent=rng.choice(("no", "")) if chance(rng, "no consent") else "yes",
        created_at=f"{created:%Y-%m-%dT%H:%M:%SZ}",
    )


def device_id(rng: random.Random) -> str:
    """Return an advertising id that no phone has: of the version that RFC 9562 keeps for experiments, not of 4."""
    return str(UUID(int=rng.getrandbits(128) & ~(0xF << 76) & ~(0b11 << 62) | 0x8 << 76 | 0b10 << 62))


def device_as_stored(rng: random.Random, what: str, *, upper: bool) -> str:
    """Return an advertising id as an app's export holds it, empty for a customer without such a phone."""
    if not chance(rng, what):
        return ""
    if chance(rng, "no tracking"):
        return NO_DEVICE
    made = device_id(rng)
    written = made.upper() if upper else made
    if not chance(rng, "messy device id"):
        return written
    return rng.choice((written.swapcase(), f" {written} ", f"{written}\t"))


def with_devices(rng: random.Random, customer: Customer) -> Customer:
    """Add the phones of a customer, and write the consent as one of the forms did."""
    consent = customer.marketing_consent
    return replace(
        customer,
        marketing_consent=rng.choice(YES if consent == "yes" else NO) if consent else "",
        idfa=device_as_stored(rng, "iPhone", upper=True),
        aaid=device_as_stored(rng, "Android phone", upper=False),
    )


def spoil_customers(customers: list[Customer]) -> None:
    """Plant the defects that must occur, whatever the seed."""
    planted: tuple[dict[str, Any], ...] = (
        {"email": "jürgen.müller@example.com", "loyalty_email": ""},
        {"email": "zoë@example.org", "loyalty_email": "zoe.reed@example.org"},
        {"email": "lena@exämple.test", "loyalty_email": ""},
        {"email": "n/a", "loyalty_email": "none", "mobile": "", "phone": ""},
        {"email": "NULL", "mobile": "unknown"},
        {"email": "Mia Lopez <mia@example.com>"},
        {"email": "two@example.com, three@example.com"},
        {"mobile": "+1 213 555 0134 ext. 22", "country": "US"},
        {"mobile": "21255501340987654321", "country": "US"},
        {"mobile": "555-0199", "country": "US"},
        {"mobile": "0171 3920012", "phone": "", "country": "XX"},
        {"email": "family@example.net"},
        {"email": "FAMILY@example.net"},
    )
    for number, changes in enumerate(planted):
        place = (number + 1) * 37 % len(customers)
        customers[place] = replace(customers[place], **changes)
    customers.extend(customers[5 * number] for number in range(1, DUPLICATE_CUSTOMERS + 1))


def iso(moment: datetime, clock: timezone) -> str:
    """Write a moment as a till with that clock does."""
    local = moment.astimezone(clock)
    return f"{local:%Y-%m-%dT%H:%M:%S}" + ("Z" if clock is UTC else f"{local:%z}"[:3] + ":00")


def visit(rng: random.Random, order_id: str) -> dict[str, str]:
    """Return the web columns of an order."""
    return {
        "page_url": f"https://shop.example.com/checkout/thank-you?order={order_id}",
        "page_referrer": rng.choice(REFERRERS),
        "ttclid": f"E.C.P.{rng.getrandbits(160):040x}" if chance(rng, "click id") else "",
        "ttp": f"{rng.getrandbits(104):026x}" if chance(rng, "cookie") else "",
        "user_agent": rng.choice(BROWSERS),
    }


def sale_lines(
    rng: random.Random, number: str, customers: Sequence[Customer], markets: Sequence[Market], moment: datetime
) -> list[Line]:
    """Make the lines of the order of a number."""
    position = rng.randrange(len(markets))
    market = markets[position]
    shop = STORES.get(market.country, WEB) if chance(rng, "in a store") else WEB
    order_id = f"{'W' if shop is WEB else 'S'}-{number}"
    ordered_at = iso(moment, shop.clock)
    if shop is WEB and chance(rng, "no zone"):
        ordered_at = f"{moment:%Y-%m-%d %H:%M:%S}"
    status = "cancelled" if chance(rng, "cancelled") else "pending" if chance(rng, "pending") else "completed"
    head = Line(
        order_id=order_id,
        line_no=0,
        line_type="sale",
        order_status=status,
        channel=rng.choice(shop.channels),
        store_id=shop.store_id,
        customer_id="" if chance(rng, "anonymous order") else customers[position].customer_id,
        ordered_at=ordered_at,
        processed_at=ordered_at,
        currency=market.currency.lower() if chance(rng, "lower-case currency") else market.currency,
        sku="",
        product_name="",
        category="",
        brand="",
        unit_price="",
        quantity="",
        **(visit(rng, order_id) if shop is WEB else {}),
    )
    (count,) = rng.choices((1, 2, 3, 4), (0.35, 0.3, 0.2, 0.15))
    return [
        replace(
            head,
            line_no=line_no,
            sku=product.sku,
            product_name=product.name,
            category=product.category,
            brand=product.brand,
            unit_price=str((product.price * market.price_factor).quantize(Decimal("0.01"))),
            quantity=str(rng.choices((1, 2, 3), (0.75, 0.2, 0.05))[0]),
        )
        for line_no, product in enumerate(rng.sample(PRODUCTS, count), start=1)
    ]


def refund_lines(rng: random.Random, sale: Sequence[Line], moment: datetime, end: datetime) -> list[Line]:
    """Give back all or one of an order's lines, some days later."""
    later = min(moment + timedelta(days=rng.randrange(1, 10), minutes=rng.randrange(600)), end)
    returned = sale if chance(rng, "full refund") else sale[:1]
    return [
        replace(
            line,
            line_no=len(sale) + number,
            line_type="refund",
            processed_at=iso(later, UTC),
            quantity=f"-{line.quantity}",
        )
        for number, line in enumerate(returned, start=1)
    ]


def spoil_lines(lines: list[Line]) -> None:
    """Plant the defects that must occur, whatever the seed, each in an order of its own, a plain sale of the web.

    All of the web, so that one of the two views of events has nothing to find fault with.
    """
    planted: tuple[dict[str, Any], ...] = (
        {"unit_price": "12,50"},
        {"unit_price": "abc"},
        {"quantity": "0"},
        {"quantity": "0"},
        {"quantity": "0"},
        {"ordered_at": "2026-02-30T10:00:00Z", "processed_at": "2026-02-30T10:00:00Z"},
    )
    refunded = {line.order_id for line in lines if line.line_type == "refund"}
    plain = [
        number
        for number, line in enumerate(lines)
        if line.store_id == WEB.store_id
        and line.line_no == 1
        and line.order_status == "completed"
        and line.customer_id
        and line.order_id not in refunded
    ]
    for number, changes in enumerate(planted):
        # From the end: the newest orders lie inside every window.
        place = plain[-5 * (number + 1)]
        changed = lines[place].order_id
        for index, line in enumerate(lines):
            if index == place or (line.order_id == changed and "ordered_at" in changes):
                lines[index] = replace(line, **changes)


def make_tables(*, today: date, seed: int, orders: int) -> Tables:
    """Make all rows; the newest order is an hour before the day `today` begins, in UTC.

    Every day makes the same shop, its times moved, so that what documentation shows of it stays true; its orders are
    others than those of another day, so that a ledger does not take them for these.
    """
    rng = random.Random(f"{seed} shop")
    markets = rng.choices(list(MARKETS.values()), [market.share for market in MARKETS.values()], k=CUSTOMERS)
    tables = Tables()
    tables.customers = [make_customer(rng, number, market, today) for number, market in enumerate(markets, start=1)]
    # Drawn by themselves, so that the orders of a day do not depend on them.
    devices = random.Random(f"{seed} devices")
    tables.customers = [with_devices(devices, customer) for customer in tables.customers]
    spoil_customers(tables.customers)
    end = datetime.combine(today, time(), UTC) - timedelta(hours=1)
    # The shop grows: most orders are recent.
    days = sorted((rng.triangular(0, HISTORY_DAYS, 0) for _ in range(orders)), reverse=True)
    for number, ago in enumerate(days):
        moment = end - timedelta(seconds=int(ago * 86_400))
        sale = sale_lines(rng, f"{today:%y%j}-{number:04d}", tables.customers, markets, moment)
        tables.lines += sale
        if sale[0].order_status == "completed" and chance(rng, "refund"):
            tables.lines += refund_lines(rng, sale, moment, end)
    spoil_lines(tables.lines)
    tables.lines += [line for line in tables.lines if chance(rng, "repeated row")]
    return tables
