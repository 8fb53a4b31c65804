"""Exact amounts as text."""

from __future__ import annotations

from decimal import Decimal


def plain(value: Decimal) -> str:
    """Return an amount as JSON outputs write it: exact, with at least two decimal places."""
    whole, _, fraction = f"{value.normalize():f}".partition(".")
    return f"{whole}.{fraction.ljust(2, '0')}"


def shown(value: Decimal) -> str:
    """Return an amount for a person: thousands are set apart."""
    whole, _, fraction = plain(abs(value)).partition(".")
    return f"{'-' if value < 0 else ''}{int(whole):,}.{fraction}"
