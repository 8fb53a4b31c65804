"""Write the raw tables of a made-up shop, dirty in the ways real exports are.

    python examples/retail/generate.py data/retail

The same seed and day always give the same bytes. Addresses are in reserved domains and numbers in ranges kept for
fiction, so nothing in the files can reach a person.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

MARKER = "generated.json"
CUSTOMERS = 1_200
HISTORY_DAYS = 40
DUPLICATE_CUSTOMERS = 6

# How often a defect or a variant occurs, as a share of orders, lines or customers.
RATES = {
    "in a store": 0.55,
    "anonymous order": 0.03,
    "cancelled": 0.02,
    "pending": 0.01,
    "refund": 0.06,
    "full refund": 0.4,
    "repeated row": 0.012,
    "lower-case currency": 0.02,
    "no zone": 0.03,
    "click id": 0.45,
    "cookie": 0.7,
    "no e-mail": 0.06,
    "loyalty e-mail": 0.2,
    "messy e-mail": 0.25,
    "no mobile": 0.15,
    "land line": 0.1,
    "international form": 0.35,
    "no consent": 0.05,
    "no country": 0.02,
    "lower-case country": 0.05,
}


@dataclass(frozen=True, slots=True)
class Market:
    """A country the shop sells to."""

    country: str
    currency: str
    share: float
    price_factor: Decimal
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """An item of the catalogue, priced in US dollars."""

    sku: str
    name: str
    category: str
    brand: str
    price: Decimal


@dataclass(frozen=True, slots=True)
class Customer:
    """A row of customers.csv."""

    customer_id: str
    full_name: str
    email: str
    loyalty_email: str
    phone: str
    mobile: str
    country: str
    marketing_consent: str
    created_at: str


@dataclass(frozen=True, slots=True)
class Line:
    """A row of transactions.csv: one item line with the columns of its order."""

    order_id: str
    line_no: int
    line_type: str
    order_status: str
    channel: str
    store_id: str
    customer_id: str
    ordered_at: str
    processed_at: str
    currency: str
    sku: str
    product_name: str
    category: str
    brand: str
    unit_price: str
    quantity: str
    page_url: str = ""
    page_referrer: str = ""
    ttclid: str = ""
    ttp: str = ""
    # Documentation ranges are not public addresses and public ones belong to somebody, so there is none to use.
    ip: str = ""
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class Shop:
    """Where an order is taken, how it is taken, and its till's clock."""

    store_id: str
    channels: tuple[str, ...]
    clock: timezone


@dataclass(slots=True)
class Tables:
    """Everything that is written."""

    customers: list[Customer] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)


MARKETS = {
    "US": Market(
        "US",
        "USD",
        0.5,
        Decimal(1),
        ("Ava", "Noah", "Mia", "Liam", "Zoe", "Ethan", "Ruth", "Owen"),
        ("Carter", "Nguyen", "Lopez", "Brooks", "Ward", "Price", "Reed", "Shaw"),
    ),
    "GB": Market(
        "GB",
        "GBP",
        0.25,
        Decimal("0.80"),
        ("Isla", "Harry", "Freya", "Arthur", "Maisie", "Alfie", "Nia", "Rhys"),
        ("Hughes", "Patel", "Clarke", "Bennett", "Walsh", "Marsh", "Lloyd", "Frost"),
    ),
    "DE": Market(
        "DE",
        "EUR",
        0.25,
        Decimal("0.95"),
        ("Lena", "Jonas", "Greta", "Emil", "Frieda", "Anton", "Nele", "Oskar"),
        ("Becker", "Vogel", "Krause", "Lorenz", "Busch", "Engel", "Winter", "Haas"),
    ),
}

WEB = Shop("web", ("web",), UTC)
STORES = {
    "US": Shop("PDX-01", ("store", "store", "store", "POS", "phone"), timezone(timedelta(hours=-5))),
    "DE": Shop("BER-01", ("store", "store", "store", "POS"), timezone(timedelta(hours=1))),
}

PRODUCTS = tuple(
    Product(f"NW-{1000 + number}", name, category, brand, Decimal(price))
    for number, (name, category, brand, price) in enumerate(
        (
            ("Ridge 40 pack", "Packs", "Northwind", "149.00"),
            ("Ridge 60 pack", "Packs", "Northwind", "189.00"),
            ("Dayhike 18 pack", "Packs", "Kestrel", "64.50"),
            ("Two-person tent", "Shelter", "Northwind", "279.00"),
            ("Tarp 3x3", "Shelter", "Kestrel", "89.90"),
            ("Peg set", "Shelter", "Kestrel", "12.40"),
            ("Down bag -5", "Sleep", "Northwind", "239.00"),
            ("Summer quilt", "Sleep", "Larkfell", "129.95"),
            ("Foam mat", "Sleep", "Larkfell", "24.99"),
            ("Gas stove", "Kitchen", "Fenwick", "44.00"),
            ("Pot 0.9 l", "Kitchen", "Fenwick", "31.25"),
            ("Spork, long", "Kitchen", "Fenwick", "6.75"),
            ("Rain jacket", "Clothing", "Northwind", "169.00"),
            ("Merino shirt", "Clothing", "Larkfell", "74.00"),
            ("Wool socks", "Clothing", "Larkfell", "17.90"),
            ("Trail shoes", "Footwear", "Kestrel", "119.00"),
            ("Approach boots", "Footwear", "Kestrel", "159.00"),
            ("Gaiters", "Footwear", "Northwind", "39.50"),
            ("Head torch", "Tools", "Fenwick", "42.00"),
            ("Compass", "Tools", "Fenwick", "28.60"),
            ("Bottle 1 l", "Tools", "Northwind", "15.30"),
            ('12" saw', "Tools", "Fenwick", "33.00"),
        )
    )
)

DOMAINS = ("example.com", "example.com", "example.org", "example.net", "mail.example.com", "post.test", "inbox.invalid")
# Fictional numbers: 555-01xx behind any area code, Ofcom's 07700 900xxx, and two German ranges kept for film.
US_AREAS = (
    "202", "206", "212", "213", "303", "305", "312", "404", "412", "415", "503", "512", "602", "617", "702", "713",
)  # fmt: skip
BROWSERS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605",
)
REFERRERS = ("https://www.tiktok.com/", "https://www.example.org/blog/packing-list", "")


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
    rng: random.Random, number: int, customers: Sequence[Customer], markets: Sequence[Market], moment: datetime
) -> list[Line]:
    """Make the lines of one order."""
    position = rng.randrange(len(markets))
    market = markets[position]
    shop = STORES.get(market.country, WEB) if chance(rng, "in a store") else WEB
    order_id = f"{'W' if shop is WEB else 'S'}-{100_000 + number}"
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
    """Plant the defects that must occur, whatever the seed, each in an order of its own that is a plain sale."""
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
        if line.line_no == 1 and line.order_status == "completed" and line.customer_id and line.order_id not in refunded
    ]
    for number, changes in enumerate(planted):
        # From the end: the newest orders lie inside every window.
        place = plain[-7 * (number + 1)]
        changed = lines[place].order_id
        for index, line in enumerate(lines):
            if index == place or (line.order_id == changed and "ordered_at" in changes):
                lines[index] = replace(line, **changes)


def make_tables(*, today: date, seed: int, orders: int) -> Tables:
    """Make all rows; the newest order is an hour before the day `today` begins, in UTC."""
    rng = random.Random(f"{seed} {today.isoformat()}")
    markets = rng.choices(list(MARKETS.values()), [market.share for market in MARKETS.values()], k=CUSTOMERS)
    tables = Tables()
    tables.customers = [make_customer(rng, number, market, today) for number, market in enumerate(markets, start=1)]
    spoil_customers(tables.customers)
    end = datetime.combine(today, time(), UTC) - timedelta(hours=1)
    # The shop grows: most orders are recent.
    days = sorted((rng.triangular(0, HISTORY_DAYS, 0) for _ in range(orders)), reverse=True)
    for number, ago in enumerate(days):
        moment = end - timedelta(seconds=int(ago * 86_400))
        sale = sale_lines(rng, number, tables.customers, markets, moment)
        tables.lines += sale
        if sale[0].order_status == "completed" and chance(rng, "refund"):
            tables.lines += refund_lines(rng, sale, moment, end)
    spoil_lines(tables.lines)
    tables.lines += [line for line in tables.lines if chance(rng, "repeated row")]
    return tables


def write_csv(path: Path, rows: Sequence[Customer] | Sequence[Line]) -> None:
    """Write rows whole or not at all."""
    header = list(type(rows[0]).__dataclass_fields__)
    body: Iterable[list[object]] = ([getattr(row, name) for name in header] for row in rows)
    unfinished = path.with_suffix(".tmp")
    with unfinished.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(body)
    unfinished.replace(path)


def reusable(folder: Path, *, today: date, seed: int, orders: int, days: int) -> str | None:
    """Return the day that existing data of the same kind is anchored to, if it is under `days` old."""
    try:
        marker = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        age = (today - date.fromisoformat(marker["today"])).days
        same = (marker["seed"], marker["orders"]) == (seed, orders)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    whole = all((folder / name).is_file() for name in ("customers.csv", "transactions.csv"))
    return str(marker["today"]) if whole and same and 0 <= age < days else None


def main() -> None:
    """Write the tables, or keep those that are fresh enough."""
    parser = argparse.ArgumentParser(description="Write the raw tables of a made-up shop.")
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--today", type=date.fromisoformat, default=datetime.now(UTC).date(), metavar="YYYY-MM-DD")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--orders", type=int, default=3_000)
    parser.add_argument("--reuse-days", type=int, default=0, help="keep existing data that is younger than this")
    given = parser.parse_args()
    kind = {"seed": given.seed, "orders": given.orders}
    kept = reusable(given.folder, today=given.today, days=given.reuse_days, **kind)
    if kept is not None:
        print(f"{given.folder}: kept the data of {kept}")
        return
    tables = make_tables(today=given.today, **kind)
    given.folder.mkdir(parents=True, exist_ok=True)
    (given.folder / MARKER).unlink(missing_ok=True)
    write_csv(given.folder / "customers.csv", tables.customers)
    write_csv(given.folder / "transactions.csv", tables.lines)
    marker = {**kind, "today": given.today.isoformat()}
    (given.folder / MARKER).write_text(json.dumps(marker) + "\n", encoding="utf-8")
    print(
        f"{given.folder}: {given.orders:,} orders in {len(tables.lines):,} lines, "
        f"{len(tables.customers):,} customers, up to {given.today.isoformat()}"
    )


if __name__ == "__main__":
    main()
