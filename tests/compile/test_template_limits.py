"""What a template may not do: leave the sandbox, fill the memory, or go on for ever."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.compile.support import refused

ESCAPES = [
    "{{ ''.__class__ }}",
    "{{ ''['__class__'] }}",
    "{{ ref.__globals__ }}",
    "{{ ref.__self__ }}",
    "{{ config._words }}",
    "{{ this._words }}",
    "{{ (ref | attr('__self__')) }}",
    "{{ self.__init__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ '{0.__class__}'.format(1) }}",
    "{{ '{x.__class__}'.format_map({'x': 1}) }}",
    "{{ [].append(1) }}",
    "{{ {}.update({'a': 1}) }}",
    "{{ modules.datetime.sys }}",
    "{{ modules.os }}",
    "{{ exceptions.__class__.__mro__ }}",
    "{% include 'other.sql' %}",
    "{% import 'other.sql' as o %}",
    "{% extends '/etc/passwd' %}",
    "{{ open('/etc/passwd') }}",
    "{{ run_started_at.__reduce__() }}",
    "{{ cycler.__init__ }}",
    "{{ lipsum.__globals__ }}",
]


@pytest.mark.parametrize("text", ESCAPES)
def test_a_template_cannot_leave_the_sandbox(tmp_path: Path, text: str) -> None:
    """Attributes of Python objects, other files and changes to values are refused, with a place."""
    found = refused(tmp_path, {"models/m.sql": f"select 1\n{text}"})
    assert [place.split(":")[:2] for _, place, *_ in found] == [["models/m.sql", "2"]]


FLOODS = {
    "text times number": "{{ 'a' * 50000000 }}",
    "number times text": "{{ 50000000 * 'a' }}",
    "list times number": "{{ [1] * 50000000 }}",
    "doubling by ~": "{% set ns = namespace(x='a') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    "doubling by +": "{% set ns = namespace(x='a') %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
    "doubling a number": "{% set a = namespace(x=9) %}{% for i in range(60) %}{% set a.x = a.x * a.x %}{% endfor %}",
    "power": "{{ 10 ** 10000000 }}",
    "replace": "{{ ('a' * 1000) | replace('a', 'b' * 100000) }}",
    "replace method": "{{ ('a' * 1000).replace('a', 'b' * 100000) }}",
    "replace by name": "{{ ('a' * 1000) | replace(old='a', new='b' * 100000) }}",
    "center": "{{ 'a' | center(1000000000) }}",
    "ljust": "{{ 'a'.ljust(1000000000) }}",
    "zfill": "{{ 'a'.zfill(1000000000) }}",
    "indent": "{{ 'a\nb' | indent(1000000000) }}",
    "expandtabs": "{{ '\t'.expandtabs(1000000000) }}",
    "percent format": "{{ '%1000000000d' % 1 }}",
    "percent star": "{{ '%*d' % (1000000000, 1) }}",
    "format filter": "{{ '%1000000000d' | format(1) }}",
    "format method": "{{ '{:>1000000000}'.format(1) }}",
    "format nested": "{{ '{:>{w}}'.format(1, w=1000000000) }}",
    "join": "{{ (['a' * 100000] * 1000) | join }}",
    "range": "{% for i in range(1000000) %}{% endfor %}",
    "output": "{% for i in range(90000) %}aaaaaaaaaaaaaaaaaaaa{% endfor %}",
    "macro output": "{{ flood() }}",
    "endless recursion": "{{ again() }}",
}
FLOOD_MACROS = """
{% macro flood() %}{% for i in range(90000) %}aaaaaaaaaaaaaaaaaaaa{% endfor %}{% endmacro %}
{% macro again() %}{{ again() }}{% endmacro %}
"""


@pytest.mark.parametrize("text", FLOODS.values(), ids=FLOODS.keys())
def test_a_template_cannot_flood_the_memory(tmp_path: Path, text: str) -> None:
    """Growth without end is one clear problem, long before the memory is full."""
    found = refused(tmp_path, {"models/m.sql": text, "macros/all.sql": FLOOD_MACROS})
    assert [code for code, *_ in found] == ["render-limit"]


FIX = "Make loops and texts smaller; let SQL do the work."
LOOPS = "{% for a in range(90000) %}{% for b in range(90000) %}{% endfor %}{% endfor %}"
BUSY = {
    "loops in loops": LOOPS,
    "loops in a macro": "{{ busy() }}",
    "loops in a call block": "{% call once() %}" + LOOPS + "{% endcall %}",
    "calls that double": "{{ doubling(40) }}",
    "a recursive loop": "{% for a in range(90000) recursive %}{{ loop(range(90000)) if loop.depth < 3 }}{% endfor %}",
    "filters over filters": "{% set l = range(90000) | list %}{% for a in l %}{{ l | map('abs') | sum }}{% endfor %}",
}
BUSY_MACROS = (
    "{% macro busy() %}" + LOOPS + "{% endmacro %}{% macro once() %}{{ caller() }}{% endmacro %}"
    "{% macro doubling(n) %}{% if n %}{{ doubling(n - 1) }}{{ doubling(n - 1) }}{% endif %}{% endmacro %}"
)


@pytest.mark.parametrize("text", BUSY.values(), ids=BUSY.keys())
def test_a_template_that_never_ends_is_stopped_after_so_many_steps(
    tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The count is the same on every machine; the place is where the template was, the next model is still read."""
    monkeypatch.setattr("pusher.compile.budget.RENDER_SECONDS", 300)
    monkeypatch.setattr("pusher.compile.budget.MAX_STEPS", 100_000)
    files = {"models/m.sql": f"select 1\n{text}", "models/n.sql": "select {{ no }}", "macros/b.sql": BUSY_MACROS}
    busy, other = refused(tmp_path, files)
    assert busy in [
        (
            "render-limit",
            place,
            "The template takes more than 100,000 steps; loop passes and calls are steps.",
            FIX,
        )
        for place in ("models/m.sql:2:1", "macros/b.sql:1:1")
    ]
    assert other[:2] == ("undefined-name", "models/n.sql:1:11")


def test_a_template_that_takes_too_long_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slow steps end at the deadline, in a thread of a scheduler too, where no signal would arrive."""
    monkeypatch.setattr("pusher.compile.budget.RENDER_SECONDS", 0.3)
    slow = "{% set l = range(90000) | list %}\n{% for a in l %}{{ l == [a] }}{% endfor %}"
    files = {"models/m.sql": slow, "models/n.sql": "select 1"}
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(refused, tmp_path, files).result()
    assert found == [("render-limit", "models/m.sql:2:1", "The template did not finish within 0.3 seconds.", FIX)]


LAUGHS = (
    "{% set a = ['lol', 'lol', 'lol', 'lol', 'lol', 'lol', 'lol', 'lol', 'lol', 'lol'] %}"
    + "".join(f"{{% set {new} = [{', '.join([old] * 10)}] %}}" for old, new in zip("abcdefgh", "bcdefghi", strict=True))
    + "{% set other = [h, h, h, h, h, h, h, h, h, h] %}"
)
USES = {
    "output": "{{ i }}",
    "concatenation": "{{ 'a' ~ i }}",
    "filter": "{{ i | string }}",
    "filter in a chain": "{{ [i] | map('string') | list }}",
    "join": "{{ i | join }}",
    "function": "{{ tojson(i) }}",
    "percent": "{{ '%s' % i }}",
    "method": "{{ '{}'.format(i) }}",
    "comparison": "{{ i == other }}",
    "test": "{{ i is eq other }}",
}


@pytest.mark.parametrize("text", USES.values(), ids=USES.keys())
def test_lists_in_lists_are_counted_as_often_as_they_stand(tmp_path: Path, text: str) -> None:
    """A few hundred letters can name ten thousand million; no operation of Python is given them."""
    message = "A list in lists stands for more than 5,000,000 characters and items."
    assert refused(tmp_path, {"models/m.sql": f"{LAUGHS}\n{text}"}) == [
        ("render-limit", "models/m.sql:2:1", message, FIX)
    ]


PILES = {
    "a macro's text": "{% macro f() %}{% for i in range(900) %}{{ 'a' * 90000 }}{% endfor %}{% endmacro %}{{ f() }}",
    "a macro's plain text": (
        "{% macro f() %}{% for i in range(90000) %}" + "a" * 900 + "{% endfor %}{% endmacro %}{{ f() }}"
    ),
    "a set block": "{% set x %}{% for i in range(900) %}{{ 'a' * 90000 }}{% endfor %}{% endset %}",
    "texts in a list": (
        "{% set ns = namespace(x=[]) %}{% for i in range(9000) %}{% set ns.x = ns.x + ['a' * 90000 ~ i] %}{% endfor %}"
    ),
    "copies of a list": (
        "{% set l = range(90000) | list %}{% set ns = namespace(x=[]) %}"
        "{% for i in range(9000) %}{% set ns.x = ns.x + [l[:]] %}{% endfor %}"
    ),
}


@pytest.mark.parametrize("text", PILES.values(), ids=PILES.keys())
def test_what_piles_up_on_the_way_is_counted(tmp_path: Path, text: str) -> None:
    """Each piece is small enough, all of them together are not."""
    message = "The template makes more than 50,000,000 characters and list items on its way."
    assert refused(tmp_path, {"models/m.sql": text}) == [("render-limit", "models/m.sql:1:1", message, FIX)]
