"""Phone numbers as people, forms and exports write them: made from the example numbers of libphonenumber."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

from tests.phones.plans import CODES, NON_GEOGRAPHIC, REGIONS, plan

_FORMS = (
    PhoneNumberFormat.NATIONAL,
    PhoneNumberFormat.INTERNATIONAL,
    PhoneNumberFormat.E164,
    PhoneNumberFormat.RFC3966,
)
_ABROAD = ("US", "GB", "DE", "AU", "RU", "JP", "BR", "FI", "SG", "KR", "CO", "CL")
# Full-width, Arabic-Indic, Persian, Devanagari and Thai digits.
_DIGITS = tuple(
    "".join(chr(zero + digit) for digit in range(10)) for zero in (0x30, 0xFF10, 0x660, 0x6F0, 0x966, 0xE50)
)
_SEPARATORS = (
    " ",
    "-",
    ".",
    "/",
    "  ",
    "\u00a0",
    "\u2011",
    "\u2013",
    "\t",
    "\u200b",
    ") ",
    " (",
    "*",
    "~",
    ",",
    ";",
    ":",
)
_BEFORE = (" ", "Tel: ", "tel:", "(", "=", "\u202a", "\ufeff", "'", "++", "p ", "T. ", "+", "00", "0", "1", "8", "#")
_BEHIND = (
    " ", ".", "\u202c", "\n", " (mobile)", " ext. 5", " x5", "#5", ";ext=12", " ext 1234", ",5", ",,12#", " EXTN 77",
    " доб. 12", " extensión 4", "x", " x", "/", " /x12", ";isub=1", " - 503#", " int 3", "~7", " a", " home", "!", "0",
)  # fmt: skip
_KEYPAD = {"2": "ABC", "3": "def", "4": "GHI", "5": "JKL", "6": "mno", "7": "PQRS", "8": "TUV", "9": "WXYZ"}


class Written(NamedTuple):
    """A number as it is written, beside the country of its row.

    Attributes:
        text: What is in the column.
        country: Country of the row, or None.
        region: Region whose example it was made from; 001 for calling codes of no region.
        kind: What was done to it.
    """

    text: str
    country: str | None
    region: str
    kind: str


@cache
def examples() -> list[tuple[str, PhoneNumber]]:
    """Return the example numbers of all regions and kinds, and of calling codes without a region."""
    found = []
    for region in REGIONS:
        for kind in PhoneNumberType.values():
            number = phonenumbers.example_number_for_type(region, kind)
            if number is not None:
                found.append((region, number))
    for code in CODES:
        number = phonenumbers.example_number_for_non_geo_entity(code)
        if number is not None:
            found.append((NON_GEOGRAPHIC, number))
    return found


def forms(region: str, number: PhoneNumber) -> Iterator[Written]:
    """Yield a number in all forms that libphonenumber writes."""
    home = None if region == NON_GEOGRAPHIC else region
    for form in _FORMS:
        text = phonenumbers.format_number(number, form)
        name = PhoneNumberFormat.to_string(form).lower()
        yield Written(text, home, region, name)
        if form != PhoneNumberFormat.NATIONAL:
            yield Written(text, None, region, f"{name}, no country")
    for abroad in _ABROAD:
        yield Written(
            phonenumbers.format_out_of_country_calling_number(number, abroad), abroad, region, "as dialled from abroad"
        )
    if home is not None:
        yield Written(phonenumbers.format_in_original_format(number, home), home, region, "original")
        mobile = phonenumbers.format_number_for_mobile_dialing(number, home, with_formatting=True)
        if mobile:
            yield Written(mobile, home, region, "as dialled from a mobile")


def example_rows() -> list[Written]:
    """Return all example numbers in all forms."""
    return [written for region, number in examples() for written in forms(region, number)]


def nasty_rows(count: int, seed: int) -> Iterator[Written]:
    """Yield numbers near the examples, spelled badly."""
    dice = random.Random(seed)  # noqa: S311 -- the same numbers for the same seed are the point
    known = examples()
    for _ in range(count):
        region, number = dice.choice(known)
        home = "US" if region == NON_GEOGRAPHIC else region
        digits = _changed(dice, phonenumbers.national_significant_number(number))
        kind, text = _spelled(dice, home, str(number.country_code), digits)
        country: str | None = home
        for _ in range(dice.choice((0, 1, 1, 2, 3))):
            text, country, what = _worse(dice, text, country)
            kind = f"{kind}, {what}"
        yield Written(text, country, region, kind)


def _changed(dice: random.Random, digits: str) -> str:
    kept = len(digits) - min(len(digits) - 1, dice.choice((0, 2, 3, 4, 5, 6)))
    return digits[:kept] + "".join(dice.choice("0123456789") for _ in digits[kept:])


def _spelled(dice: random.Random, home: str, code: str, digits: str) -> tuple[str, str]:
    trunk = plan(home).national_prefix or ""
    grouped = _grouped(dice, digits)
    return dice.choice(
        (
            ("national", trunk + grouped),
            ("national", f"({trunk}{grouped[:3]}) {grouped[3:]}"),
            ("national without trunk prefix", grouped),
            ("international", f"+{code} {grouped}"),
            ("international", f"+{code}{digits}"),
            ("international with trunk prefix", f"+{code} ({trunk or '0'}){grouped}"),
            ("code without plus", f"{code} {grouped}"),
            ("code and trunk prefix without plus", f"{code}{trunk}{digits}"),
            ("00", f"00{code}{grouped}"),
            ("011", f"011 {code} {grouped}"),
        )
    )


def _grouped(dice: random.Random, digits: str) -> str:
    separator = dice.choice(("", " ", "-", ".", "/"))
    cuts = sorted(dice.sample(range(1, len(digits)), min(2, len(digits) - 1)))
    return separator.join(digits[start:end] for start, end in zip([0, *cuts], [*cuts, len(digits)], strict=True))


def _worse(dice: random.Random, text: str, country: str | None) -> tuple[str, str | None, str]:
    place = dice.randrange(len(text) + 1)
    match dice.randrange(10):
        case 0:
            return text[:place] + dice.choice(_SEPARATORS) + text[place:], country, "separator"
        case 1:
            return dice.choice(_BEFORE) + text, country, "something before"
        case 2 | 3:
            return text + dice.choice(_BEHIND), country, "something behind"
        case 4:
            return text.translate(str.maketrans("0123456789", dice.choice(_DIGITS))), country, "other digits"
        case 5:
            return text[:place] + dice.choice("0123456789") + text[place:], country, "a digit more"
        case 6:
            return text[: max(place - 1, 0)] + text[place:], country, "a character less"
        case 7:
            start = len(text) - dice.randrange(1, 6)
            lettered = "".join(dice.choice(_KEYPAD.get(character, character)) for character in text[start:])
            return text[:start] + lettered, country, "letters"
        case 8:
            other = dice.choice((None, "", "XX", "US", "GB", "AR", "BR", "IT", "RU"))
            return text, other, "another country"
        case _:
            return text, f" {country} ".lower() if country else "UK", "country in small letters"
