"""APIs that destination views are pushed to: one folder each, found by its name."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

from pusher.config import suggest
from pusher.errors import ConfigError, Problem

if TYPE_CHECKING:
    from pusher.contracts import Destination


def names() -> tuple[str, ...]:
    """Return every destination there is, sorted."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg))


def load(name: str) -> Destination:
    """Return a destination by name.

    Raises:
        ConfigError: There is no such destination.
    """
    if name not in names():
        near = suggest(name, names())
        fix = f"Did you mean `{near}`?" if near else f"Known destinations: {', '.join(names())}."
        raise ConfigError(Problem("unknown-destination", f"There is no destination `{name}`.", fix=fix))
    destination: Destination = importlib.import_module(f"{__name__}.{name}").destination
    return destination
