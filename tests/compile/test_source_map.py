"""From compiled SQL back to the user's own line, also inside macros and loops."""

from __future__ import annotations

from pathlib import Path

import pytest

from pusher.compile import Manifest
from tests.compile.support import compiled


def place_of(manifest: Manifest, needle: str, *, model: str = "m", analysis: bool = False) -> tuple[str, int, int]:
    """Return the place of a text that stands once in a model's compiled SQL."""
    sql = manifest.analysis_sql(model) if analysis else manifest.models[model].compiled_sql
    assert sql.count(needle) == 1
    place = manifest.locate(model, sql.index(needle), analysis=analysis)
    return place.file, place.line, place.column


def test_plain_text_maps_to_itself(tmp_path: Path) -> None:
    """A model without Jinja has the same places in both."""
    manifest = compiled(tmp_path, {"models/m.sql": "select\n  a,\n  b_ad\nfrom t"})
    assert place_of(manifest, "b_ad") == ("models/m.sql", 3, 3)


def test_text_after_expressions_and_blocks_keeps_its_place(tmp_path: Path) -> None:
    """Rendered text of another length, comments, white-space control and raw blocks do not shift the map."""
    text = (
        "{# one\n   two #}\n{{ config(materialized='table') }}\n{%- set long = 'x' * 500 %}\n\n"
        "select {{ long }}, here_1\n{%- if true -%}\n  , here_2\n{%- endif %}\n{% raw %}, here_3{% endraw %}, here_4"
    )
    manifest = compiled(tmp_path, {"models/m.sql": text})
    found = {needle: place_of(manifest, needle) for needle in ("here_1", "here_2", "here_3", "here_4")}
    assert found == {
        "here_1": ("models/m.sql", 6, 20),
        "here_2": ("models/m.sql", 8, 5),
        "here_3": ("models/m.sql", 10, 12),
        "here_4": ("models/m.sql", 10, 32),
    }


def test_expressions_map_to_their_braces(tmp_path: Path) -> None:
    """Text that an expression made is where the expression stands."""
    manifest = compiled(tmp_path, {"models/m.sql": "select 1,\n  {{ var('x') }} as a"}, x="made_up")
    assert place_of(manifest, "made_up") == ("models/m.sql", 2, 3)
    assert place_of(manifest, "_up") == ("models/m.sql", 2, 3)


def test_text_of_a_macro_is_in_the_macro(tmp_path: Path) -> None:
    """Nested macros, their arguments and their loops all have their own places."""
    files = {
        "models/m.sql": "select\n  {{ outer('col_a') }},\n  last_one\nfrom t",
        "macros/a.sql": "{% macro outer(c) %}\n  f_out({{ inner(c) }},\n  tail_out)\n{% endmacro %}",
        "macros/b.sql": (
            "\n\n{% macro inner(c) -%}\n  {%- for i in [1, 2] %}f_in_{{ i }}({{ c }}),{% endfor %} 0\n{%- endmacro %}"
        ),
    }
    manifest = compiled(tmp_path, files)
    found = {needle: place_of(manifest, needle) for needle in ("f_out", "f_in_2", "2(", "tail_out", "last_one")}
    assert found == {
        "f_out": ("macros/a.sql", 2, 3),
        "f_in_2": ("macros/b.sql", 4, 25),
        "2(": ("macros/b.sql", 4, 30),
        "tail_out": ("macros/a.sql", 3, 3),
        "last_one": ("models/m.sql", 3, 3),
    }


def test_a_call_block_has_the_place_of_its_body(tmp_path: Path) -> None:
    """Text given to caller() belongs to the model."""
    files = {
        "models/m.sql": "select {% call wrap() %}\n body_here {% endcall %}, after_it",
        "macros/a.sql": "{% macro wrap() %}pre({{ caller() }}, post){% endmacro %}",
    }
    manifest = compiled(tmp_path, files)
    found = {needle: place_of(manifest, needle) for needle in ("pre(", "body_here", "post", "after_it")}
    assert found == {
        "pre(": ("macros/a.sql", 1, 19),
        "body_here": ("models/m.sql", 2, 2),
        "post": ("macros/a.sql", 1, 39),
        "after_it": ("models/m.sql", 2, 27),
    }


@pytest.mark.parametrize(
    ("call", "place"),
    [
        ("{{ piece() | trim }}", ("macros/a.sql", 2, 3)),
        ("{{ piece() | indent(4) }}", ("macros/a.sql", 2, 3)),
        ("{{ piece() | upper | lower }}", ("macros/a.sql", 2, 3)),
        ("{% set s %}{{ piece() }}{% endset %}{{ s }}", ("macros/a.sql", 2, 3)),
        ("{{ [piece(), piece2()] | join(', ') }}", ("macros/a.sql", 2, 3)),
        ("{{ piece() | replace('the', 'the') }}", ("macros/a.sql", 2, 3)),
        # A filter that counts characters sees the marks; then the expression's own place is the answer.
        ("{{ 'the_piece' if piece() | length == 14 else 'other' }}", ("models/m.sql", 2, 1)),
    ],
)
def test_filters_do_not_lose_the_place(tmp_path: Path, call: str, place: tuple[str, int, int]) -> None:
    """trim, indent and set blocks keep the macro's place; where marks would change the result, the model's counts."""
    files = {
        "models/m.sql": f"select\n{call}\n, after_it",
        "macros/a.sql": "{% macro piece() %}\n  the_piece\n\n{% endmacro %}{% macro piece2() %}x{% endmacro %}",
    }
    manifest = compiled(tmp_path, files)
    assert (place_of(manifest, "the_piece"), place_of(manifest, "after_it")) == (place, ("models/m.sql", 3, 3))


def test_ephemeral_models_have_their_own_places(tmp_path: Path) -> None:
    """A mistake in an inlined model is shown in that model's file."""
    files = {
        "models/e.sql": "{{ config(materialized='ephemeral') }}\nselect\n  from_eph\nfrom t",
        "models/m.sql": "-- top\nwith own as (\n  select from_own from {{ ref('e') }}\n)\nselect * from own",
    }
    manifest = compiled(tmp_path, files)
    assert place_of(manifest, "from_eph") == ("models/e.sql", 3, 3)
    assert place_of(manifest, "from_own") == ("models/m.sql", 3, 10)


def test_the_analysis_text_has_a_map_of_its_own(tmp_path: Path) -> None:
    """Stub tables have other lengths than file paths; both texts lead to the same place."""
    files = {
        "models/s.yml": "sources: [{name: raw, meta: {external_location: 'x/{name}.csv'}, tables: [{name: t}]}]",
        "models/m.sql": "select * from {{ source('raw', 't') }}\nwhere here_1",
    }
    manifest = compiled(tmp_path, files)
    assert manifest.analysis_sql("m") == 'select * from "shop"."source raw"."t"\nwhere here_1'
    assert manifest.models["m"].compiled_sql == f"select * from '{tmp_path}/x/t.csv'\nwhere here_1"
    for analysis in (True, False):
        assert place_of(manifest, "here_1", analysis=analysis) == ("models/m.sql", 2, 7)


def test_every_offset_has_a_place(tmp_path: Path) -> None:
    """No offset, not even one outside the text, raises."""
    files = {
        "models/m.sql": "{{ a('x') }} {% for i in [1, 2] %}{{ i }}\n{% endfor %}",
        "macros/a.sql": "{% macro a(x) %}é{{ x }}ü{% endmacro %}",
    }
    manifest = compiled(tmp_path, files)
    found = manifest.source_map("m")
    places = {found.locate(offset) for offset in range(-2, len(manifest.models["m"].compiled_sql) + 5)}
    assert {place.file for place in places} <= {"models/m.sql", "macros/a.sql"}
    assert all(place.line > 0 and place.column > 0 for place in places)


def test_marks_in_the_users_own_text_do_no_harm(tmp_path: Path) -> None:
    """Private-use characters in a template are only text."""
    manifest = compiled(tmp_path, {"models/m.sql": "select '\ue001\ue000\ue002' as a,\n  here_1"})
    assert place_of(manifest, "here_1") == ("models/m.sql", 2, 3)
