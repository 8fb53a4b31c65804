"""What the metadata of libphonenumber says, in the pieces that the SQL of `normalize_phone` needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    SUPPORTED_REGIONS,
    PhoneMetadata,
    PhoneNumberDesc,
    region_code_for_country_code,
)

NON_GEOGRAPHIC = "001"
# A country's entry: `GB>~~~~~~~~~~44:`, or with the area code that goes before local numbers `GG>~~~~~1481~44:`. It is
# four times as long as what stands for the country in the text of all names, `GB,,`, so that the place of one tells
# that of the other: a search in the entries themselves would take long. It begins with letters and no other part of
# it does, so that a place between two names, where something like `,AD,` is found, is the place of no country.
ENTRY = 4 * len("GB,,")
# Regions with a rule that a step of its own follows, each with what the rule makes of a number.
_OWN_RULE = {"AR": r"9\1", "BR": r"\2", "GA": r"\1", "JP": r"\1"}

CODES = sorted(COUNTRY_CODE_TO_REGION_CODE, key=str)
REGIONS = sorted(SUPPORTED_REGIONS)


def plan(region: str, code: int = 0) -> PhoneMetadata:
    """Return the metadata of a region, or of a calling code that belongs to none."""
    found = PhoneMetadata.metadata_for_region_or_calling_code(code, region)
    if found is None:
        raise ValueError(f"no metadata for {region}, {code}")
    return found


def general(code: int) -> PhoneNumberDesc:
    """Return what describes all numbers of a calling code: in the metadata of its first region."""
    found = plan(region_code_for_country_code(code), code).general_desc
    if found is None:
        raise ValueError(f"no numbers for {code}")
    return found


def _pattern(code: int) -> str:
    pattern = str(general(code).national_number_pattern)
    if code == 1:
        # Seven digits are a local number, which the lengths that stand beside the pattern leave out.
        pattern, local, rest = pattern.partition(r"|3\d{6}")
        if not local or rest:
            raise ValueError(f"North America: {pattern}{rest}")
    return pattern.replace("(?:", "(")


def _quiet(pattern: str) -> str:
    """Return a pattern without groups that capture."""
    return re.sub(r"\((?!\?)", "(?:", pattern)


def _rule(region: str) -> tuple[str, str]:
    """Return the pattern of what is dialled before a region's numbers, and what becomes of it if it has groups."""
    if region == NON_GEOGRAPHIC:
        return "", ""
    return plan(region).national_prefix_for_parsing or "", plan(region).national_prefix_transform_rule or ""


def _part(region: str, shape: str) -> tuple[str, ...]:
    """Return parts of a region's rule; a rule of another shape needs another step."""
    rule, _ = _rule(region)
    found = re.fullmatch(shape, rule)
    if found is None:
        raise ValueError(f"{region}: {rule}")
    return found.groups()


def _local(region: str) -> tuple[str, str] | None:
    """Return the pattern of a region's local numbers and what comes in front of them, if it has such a rule."""
    rule, transform = _rule(region)
    digits, area = re.match(r"\(([\[\]\d-]+\\d\{\d\})\)\$", rule), re.fullmatch(r"(\d+)\\1", transform)
    return (digits[1], area[1]) if digits and area else None


def _dialled_first(code: int) -> str:
    """Return the pattern of what is dialled before a national number and is no part of it; '' if there is nothing."""
    region = region_code_for_country_code(code)
    rule, transform = _rule(region)
    if not transform:
        return _quiet(rule)
    if _local(region):
        return _quiet(rule.partition("$")[2].removeprefix("|"))
    if _OWN_RULE.get(region) != transform:
        raise ValueError(f"{region}: {rule} makes {transform}, which no step does yet")
    return {"AR": "0?", "BR": "0|90", "JP": "0037680?|0", "GA": ""}[region]


def _grouped(patterns: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return each pattern once, after an expression of the names that have it."""
    found: dict[str, list[str]] = {}
    for name, pattern in patterns:
        found.setdefault(pattern, []).append(name)
    return [
        (names[0] if len(names) == 1 else f"(?:{'|'.join(names)})", pattern) for pattern, names in sorted(found.items())
    ]


def names() -> list[str]:
    """Return all names of countries, in order; UK is another one of GB."""
    return sorted([*REGIONS, "UK"])


def _named(name: str) -> str:
    return name.replace("UK", "GB")


def entries() -> str:
    """Return the entries of all countries, one behind the other."""
    found = []
    for name in names():
        local = _local(_named(name))
        ending = f"{f'~{local[1]}' if local else ''}~{plan(_named(name)).country_code}:"
        found.append(f"{name}>{ending.rjust(ENTRY - len('GB>'), '~')}")
    return "".join(found)


def steps() -> Iterator[tuple[str, str, str | None]]:
    """Yield the steps that make E.164 of an entry and digits.

    Each is why, a pattern, and what comes in place of it; None where only the match stays. No pattern looks for
    letters or signs that a phone number may have, and all match from the start, except one that finds a number
    among several.
    """
    yield from _international()
    yield from _dialled()
    yield "The calling code alone is left of the country's entry.", "^[A-Z][^:]*~", "+"
    yield (
        "Without what is dialled first, and with it.",
        r"^(=[0-9]+ )?[+]([0-9]+):([0-9]*)>(?:<([0-9]*)>)?([0-9]*)$",
        r"\1=\2\4\5 =\2\3\5",
    )
    patterns = "|".join(f"{code}({_pattern(code)})" for code in CODES)
    yield "The first that fits the general pattern of its calling code.", f"=({patterns})( |$)", None
    yield "It begins with a plus sign.", "^=", "+"


def _international() -> Iterator[tuple[str, str, str]]:
    prefixes = ((name, str(plan(_named(name)).international_prefix)) for name in names())
    # Some write a plus sign and dial all the same; no calling code begins with 0.
    abroad = "|".join(
        f"{names}>[^:]*:{'[+]*' if prefix.startswith('0') else ''}(?:{_quiet(prefix)})"
        for names, prefix in _grouped(prefixes)
    )
    yield "From abroad, by what the country dials or by a plus sign.", f"^(?:{abroad}|[^+]*[+]+)[1-9]", r"\0<"
    yield "The last digit of what was found is the first of the calling code.", "^[^<]*([1-9])<", r"+\1"
    yield "Where no calling code ends, there is no number.", f"^[+](?:{'|'.join(map(str, CODES))})", r"\0:"
    yield (
        "National form with the country's own code and no plus sign: is the code a part of the number?",
        f"^[A-Z][^:]*~(?:{'|'.join(f'{code}:{code}' for code in CODES)})",
        r"\0<",
    )
    yield "Both, the whole one first.", "^[^:]*~([0-9]+):([0-9]+)<([0-9]*)$", r"=\1\2\3 +\2:\3"


def _dialled() -> Iterator[tuple[str, str, str]]:
    rules = _grouped((str(code), rule) for code in CODES if (rule := _dialled_first(code)))
    yield (
        "Here ends what is dialled before a national number; it may be a part of the number all the same.",
        f"^[^:]*[~+](?:{'|'.join(f'{codes}:(?:{rule})' for codes, rule in rules)}|[0-9]+:)",
        r"\0>",
    )
    local = _grouped((f"{region}>[^:]*:", found[0]) for region in REGIONS if (found := _local(region)))
    yield (
        "Local numbers, of islands that share a calling code and of a few countries.",
        f"^(?:{'|'.join(f'{regions}>{digits}' for regions, digits in local)})$",
        r"\0#",
    )
    yield "Their area code comes in front.", "^([^:]*~([0-9]+)~+[0-9]+:)>([0-9]+)#$", r"\1\3><\2\3>"
    (area,) = _part("AR", r"0[?][(][?]:[(](.*)[)]15[)][?]")
    yield (
        "Argentina: 15 behind the area code is dialled within the country, 9 before it from abroad.",
        f"^([^:]*[~+]54:0?)>({_quiet(area)})15",
        r"\1\215><9\2>",
    )
    carrier, number = _part("BR", r"[(][?]:0[|]90[)][(][?]:[(](.*)[)][(](.*)[)][)][?]")
    yield "Brazil: the code of a carrier.", f"^([^:]*[~+]55:(?:0|90))>({_quiet(carrier)})({number})", r"\1\2>\3"
    (number,) = _part("GA", "0[(](.*)[)]")
    yield "Gabon: a 0 before some numbers.", f"^([^:]*[~+]241:)>0({_quiet(number)})", r"\10>\2"
