"""What the identity macros must return: addresses character by character, numbers as libphonenumber reads them."""

from __future__ import annotations

import re
import string

import phonenumbers
from phonenumbers import PhoneNumber

from tests.phones.plans import general

_BLANK = set("\t\n\v\f\r \u00ad\u061c\u1680\u180e\u3000\ufeff") | {
    chr(point)
    for first, last in ((0x80, 0xA0), (0x2000, 0x200F), (0x2027, 0x202F), (0x205F, 0x206F))
    for point in range(first, last + 1)
}
_LETTERS, _DIGITS = set(string.ascii_letters), set(string.digits)
_LOCAL = _LETTERS | _DIGITS | set(".!#$%&'*+/=?^_`{|}~-")
_LONGEST_ADDRESS = 254


def _label(text: str) -> bool:
    return bool(text) and set(text) <= _LETTERS | _DIGITS | {"-"} and text[0] != "-" and text[-1] != "-"


def normalize_email(text: str | None) -> str | None:
    """Return the address as it is hashed, or None."""
    if text is None:
        return None
    bare = "".join(character for character in text if character not in _BLANK)
    local, at, domain = bare.partition("@")
    labels = domain.split(".")
    top = labels[-1]
    usable = (
        len(bare) <= _LONGEST_ADDRESS
        and at
        and local
        and set(local) <= _LOCAL
        and len(labels) > 1
        and all(_label(label) for label in labels)
        and len(top) > 1
        and top[0] in _LETTERS
    )
    return bare.lower() if usable else None


def fits(number: PhoneNumber) -> bool:
    """Tell whether a number has a possible length and fits the general pattern of its calling code."""
    national = phonenumbers.national_significant_number(number)
    description = general(number.country_code or 0)
    is_possible = len(national) in description.possible_length
    return is_possible and re.fullmatch(str(description.national_number_pattern), national) is not None


def parse_phone(text: str | None, country: str | None, default_country: str = "US") -> PhoneNumber | None:
    """Return what libphonenumber reads in a text, whose invisible characters and line ends are blanks, or None."""
    region = (country or "").strip(" ").upper() or default_country
    region = "GB" if region == "UK" else region
    try:
        return phonenumbers.parse(
            "".join(" " if character in _BLANK else character for character in text or ""), region
        )
    except phonenumbers.NumberParseException:
        return None


def normalize_phone(text: str | None, country: str | None, default_country: str = "US") -> str | None:
    """Return the number as E.164, or None when libphonenumber reads none or its calling code has no such numbers."""
    number = parse_phone(text, country, default_country)
    if number is None or not fits(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
