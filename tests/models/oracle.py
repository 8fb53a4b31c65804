"""What the identity macros must return, written a second time and another way: character by character."""

from __future__ import annotations

import string

_BLANK = set("\t\n\v\f\r \u0085\u00a0\u00ad\u061c\u1680\u180e\u3000\ufeff") | {
    chr(point)
    for first, last in ((0x2000, 0x200F), (0x2028, 0x202F), (0x205F, 0x206F))
    for point in range(first, last + 1)
}
_LETTERS, _DIGITS = set(string.ascii_letters), set(string.digits)
_LOCAL = _LETTERS | _DIGITS | set(".!#$%&'*+/=?^_`{|}~-")
_LONGEST_ADDRESS = 254

# Countries, calling code, what is dialled first (`-` nothing), fewest and most digits after the code.
_PLANS = {
    country: (code, dialled.strip("-"), int(fewest), int(most))
    for row in """
        US CA 1 1 10 10 | GB UK 44 0 9 10 | DE 49 0 5 13 | FR 33 0 9 9 | IT 39 - 6 12 | ES 34 - 9 9 | NL 31 0 9 11
        BE 32 0 8 9 | AT 43 0 5 13 | CH 41 0 9 9 | IE 353 0 7 10 | PT 351 - 9 9 | LU 352 - 4 11 | DK 45 - 8 8
        SE 46 0 7 9 | NO 47 - 8 8 | FI 358 0 5 10 | EE 372 - 7 8 | LV 371 - 8 8 | PL 48 - 9 9 | CZ 420 - 9 9
        SK 421 0 6 9 | RO 40 0 6 9 | BG 359 0 6 9 | HR 385 0 8 9 | GR 30 - 10 10 | TR 90 0 10 10 | UA 380 0 9 9
        IL 972 0 8 9 | AE 971 0 8 9 | SA 966 0 9 9 | ZA 27 0 9 9 | EG 20 0 8 10 | MA 212 0 9 9 | AU 61 0 9 9
        NZ 64 0 8 10 | JP 81 0 9 10 | KR 82 0 7 10 | SG 65 - 8 8 | HK 852 - 8 8 | TW 886 0 8 9 | CN 86 0 7 11
        IN 91 0 10 10 | ID 62 0 7 12 | MY 60 0 8 10 | TH 66 0 8 9 | PH 63 0 8 10 | VN 84 0 9 10 | BR 55 0 10 11
        MX 52 - 10 10 | CL 56 - 9 9 | CO 57 0 8 10 | PE 51 0 8 9
    """.replace("\n", "|").split("|")
    if row.strip()
    for *countries, code, dialled, fewest, most in [row.split()]
    for country in countries
}
_BY_CODE = {plan[0]: plan for plan in _PLANS.values()}
# Assigned codes of countries without a plan above.
_OTHERS = {
    *["36", "53", "54", "58", "92", "93", "94", "95", "98", "423", "880"],
    *(
        prefix + last
        for prefix, lasts in {
            "21": "1368", "22": "0123456789", "23": "0123456789", "24": "0123456789", "25": "012345678",
            "26": "0123456789", "29": "01789", "35": "04567", "37": "0345678", "38": "123679", "50": "0123456789",
            "59": "0123456789", "67": "023456789", "68": "012356789", "69": "012", "85": "0356", "96": "05678",
            "97": "034567", "99": "2345678",
        }.items()
        for last in lasts
    ),
}  # fmt: skip
_SHORTEST, _LONGEST = 7, 15
_SYMBOLS = set("()./-\u2010\u2011\u2012\u2013\u2014\u2015\u2212")


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


def _fits(digits: str) -> bool:
    for length in (1, 2, 3):
        code, number = digits[:length], digits[length:]
        if code in _BY_CODE:
            _, _, fewest, most = _BY_CODE[code]
            first = {"1": "23456789", "39": "03"}.get(code, "123456789")
            return fewest <= len(number) <= most and number[0] in first
        if code == "7":
            return len(number) == len("9161234567")
        if code in _OTHERS:
            return _SHORTEST <= len(digits) <= _LONGEST
    return False


def _bare(text: str) -> str:
    kept, position = "", 0
    while position < len(text):
        rest = text[position:]
        inside = rest[1:].partition(")")[0]
        if rest[0] == "(" and ")" in rest and inside.strip(" ") == "0":
            position += len(inside) + 2
            continue
        if rest[0] not in _BLANK | _SYMBOLS:
            kept += rest[0]
        position += 1
    return kept


def _without_zero(digits: str) -> str:
    for length in (2, 3):
        if _BY_CODE.get(digits[:length], ("", ""))[1] == "0" and digits[length : length + 1] == "0":
            return digits[:length] + digits[length + 1 :]
    return digits


def normalize_phone(text: str | None, country: str | None, default_country: str = "US") -> str | None:
    """Return the number as E.164, or None."""
    bare = _bare(text or "")
    plan = _PLANS.get((country or "").strip(" ").upper() or default_country)
    if bare.startswith("+"):
        digits = _without_zero(bare.removeprefix("+"))
    elif bare.startswith("00"):
        digits = _without_zero(bare.removeprefix("00"))
    elif plan is not None:
        code, dialled, _, _ = plan
        digits = code + (bare.removeprefix(dialled) if dialled else bare)
    else:
        return None
    return f"+{digits}" if set(digits) <= _DIGITS and _fits(digits) else None
