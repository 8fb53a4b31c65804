"""The way of personal data as one HTML page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pusher.report.page import text_of


def page(
    *,
    title: str,
    about: str,
    rows: Sequence[Mapping[str, Any]],
    tried: Sequence[str],
    identities: Sequence[Mapping[str, Any]] = (),
    normaliser_version: str | None = None,
) -> str:
    """Return the page.

    Args:
        title: Its heading.
        about: What it is a picture of, one sentence.
        rows: Lines of the table: source_column, kind, target, state, seen, is_wrong, places.
        tried: What a run on made-up rows was, a sentence for each destination view.
        identities: Lines of the table of identity profiles: column, kind, profile, is_wrong, places.
        normaliser_version: Version of the macros that normalise identities, or None.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(text_of("personal.html.j2"))
    return template.render(
        style=text_of("style.css"),
        title=title,
        about=about,
        rows=rows,
        tried=tried,
        identities=identities,
        normaliser_version=normaliser_version,
    )
