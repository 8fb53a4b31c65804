"""What the made-up shop is: its countries, stores, products and the shape of its tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, timedelta, timezone
from decimal import Decimal

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
    "iPhone": 0.35,
    "Android phone": 0.4,
    "no tracking": 0.2,
    "messy device id": 0.2,
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
    idfa: str = ""
    aaid: str = ""


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
# How forms and imports of many years write that somebody agreed, and everything else: that is no consent.
YES = ("yes", "yes", "yes", "Yes", "YES ", "true", "1")
NO = ("no", "No", " NO", "false", "0", "withdrawn", "y?")
# What a phone gives whose owner allows no tracking.
NO_DEVICE = "00000000-0000-0000-0000-000000000000"
