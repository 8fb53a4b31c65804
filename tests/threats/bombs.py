"""Templates that try to fill the memory or to never end with one operation, and a process that renders all of them.

`python -m tests.threats.bombs FOLDER` prints for each what became of it, its seconds and how much the process grew.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

MOST_MEMORY_BYTES = 3 * 2**30
# Whole numbers that Python's sets cannot tell apart: all of them have the hash 0.
_ALIKE = "range(0, 2305843009213693951 * 90000, 2305843009213693951)"
_DEEP = (
    "{% set ns = namespace(x=()) %}{% for i in range(99000) %}{% set ns.x = (ns.x,) %}{% endfor %}"
    "{% for i in range(99000) %}{% set ns.x = (ns.x,) %}{% endfor %}"
)
_BIG = "'a' * 900000"
# One file of a hundred thousand small openings, in which a pattern may look ahead from each to the end.
_OPENINGS = "{% macro a(" * 80_000

_ARGUMENT = (
    "models: [{name: m, columns: [{name: a, data_tests: [{accepted_values: {arguments: {values: "
    "[\"{{ ('{0}' * 300000).format('a' * 900000) }}\"]}}}]}]}]\n"
)

MODELS: dict[str, str] = {
    "bytes times number": "{{ 'a'.encode() * 10**9 }}",
    "text of a number's bytes": "{{ (5).to_bytes(1000000000, 'big') }}",
    "fields of a large text": "{{ ('{0}' * 300000).format('a' * 900000) }}",
    "named fields of a large text": "{{ ('{x}' * 300000).format(x='a' * 900000) }}",
    "fields by format_map": "{{ ('{x}' * 300000).format_map({'x': 'a' * 900000}) }}",
    "a width in each of many fields": "{{ ('{0:9999}' * 100000).format(1) }}",
    "one wide field": "{{ '{:>1000000000}'.format(1) }}",
    "a wide field with a fill": "{{ '{:0>1000000000}'.format(1) }}",
    "a precise field": "{{ '{:.1000000000f}'.format(1.5) }}",
    "a width from an argument": "{{ '{:>{w}}'.format(1, w=1000000000) }}",
    "percent with a key": "{{ ('%(a)s' * 180000) % {'a': 'a' * 900000} }}",
    "percent with widths": "{{ ('%9999d' * 90000) % ((1,) * 90000) }}",
    "percent with a long key and a width": "{{ '%(a%b)1000000000d' % {'a%b': 1} }}",
    "percent with a precision": "{{ '%.1000000000f' % 1.5 }}",
    "percent of bytes": "{{ '%1000000000d'.encode() % 1 }}",
    "filter format with a key": "{{ ('%(a)s' * 180000) | format(a='a' * 900000) }}",
    "joined by a large text": "{{ ('x' * 900000).join([''] * 100000) }}",
    "filter join by a large text": "{{ ([''] * 100000) | join('x' * 900000) }}",
    "filter join of one text by a large text": "{{ ('x' * 900000) | join('y' * 900000) }}",
    "join of a default for each": "{{ range(100000) | map(attribute='zz', default='a' * 900000) | join }}",
    "join of the values of a mapping": "{% set b = ['a' * 900000] * 9999 %}{{ {'a': b, 'b': b}.values() | join }}",
    "a chain of ~": "{% set b = 'a' * 900000 %}{{ " + " ~ ".join(["b"] * 3_000) + " }}",
    "replace with names in another order": "{{ ('a' * 900000) | replace(new='b' * 900000, old='a') }}",
    "replace of nothing": "{{ ('a' * 900000) | replace('', 'b' * 900000) }}",
    "replace of bytes": "{{ ('a' * 900000).encode().replace('a'.encode(), ('b' * 900000).encode()) }}",
    "replace in replace": "{{ ('aaaaaaaaaa' | replace('a', 'a' * 90000)) | replace('a', 'a' * 90000) }}",
    "translate": "{{ ('a' * 900000).translate({97: 'b' * 900000}) }}",
    "expanded tabs": "{{ ('\\t' * 900000).expandtabs(1000000) }}",
    "expanded tabs by name": "{{ ('\\t' * 900000).expandtabs(tabsize=1000000) }}",
    "indent by a text": "{{ ('a\\n' * 400000) | indent('x' * 900000) }}",
    "indent with names in another order": "{{ 'a' | indent(first=true, width=1000000000) }}",
    "centre by name": "{{ 'a' | center(width=1000000000) }}",
    "JSON with an indent": "{{ [1] | tojson(1000000000) }}",
    "JSON with an indent by name": "{{ [1, 2, 3] | tojson(indent=1000000000) }}",
    "round to many digits": "{{ 5 | round(-1000000000) }}",
    "round up to many digits": "{{ 1.5 | round(100000000, 'ceil') }}",
    "sum of lists": "{{ ([[1] * 1000] * 4000) | sum(start=[]) }}",
    "zip of many ranges": "{{ zip(*([range(100000)] * 1000)) }}",
    "set of numbers alike": "{{ set(" + _ALIKE + ") | length }}",
    "mapping of numbers alike": "{{ dict(zip(" + _ALIKE + ", range(90000))) | length }}",
    "unique numbers alike": "{{ " + _ALIKE + " | unique | list | length }}",
    "union of numbers alike": "{{ set([1]).union(" + _ALIKE + ") | length }}",
    "written numbers alike": "{{ {" + ", ".join(f"{n * (2**61 - 1)}: 1" for n in range(1, 30_000)) + "} | length }}",
    "JSON of numbers alike": "{{ fromjson('[' ~ " + _ALIKE + " | join(',') ~ ']') | unique | list | length }}",
    "fromkeys": "{{ dict.fromkeys(range(100000), 'a' * 900000).values() | join }}",
    "a deep key": _DEEP + "{{ {ns.x: 1} }}",
    "a deep index": _DEEP + "{{ {}[ns.x] }}",
    "a set of something deep": _DEEP + "{{ set([ns.x]) }}",
    "something deep as text": _DEEP + "{{ ns.x }}",
    "something deep compared": _DEEP + "{{ ns.x == (ns.x,) }}",
    "a long path": "{{ (['a'] * 100000) | map(attribute='0" + ".0" * 200_000 + "') | list | length }}",
    "a long path with a default": "{{ range(100000) | map(attribute='a" + ".b" * 200_000 + "', default=1) | list }}",
    "strip of many letters": "{{ ('a' * 900000).strip('b' * 899999 ~ 'a') }}",
    "filter trim of many letters": "{{ ('a' * 900000) | trim('b' * 899999 ~ 'a') }}",
    "find from the end": "{{ ('a' * 900000).rfind('b' ~ 'a' * 450000) }}",
    "split from the end": "{{ ('a' * 900000).rsplit('b' ~ 'a' * 450000) | length }}",
    "count in a list of lists": "{% set a = range(90000) | list %}{% set b = a[:] %}{{ ([a] * 50000).count(b) }}",
    "wrapped words": "{{ ('a' * 900000) | wordwrap(1) | length }}",
    "wrapped by a text": "{{ ('a' * 900000) | wordwrap(1, true, 'x' * 900000) }}",
    "tags stripped": "{{ ('<!---->' * 100000) | striptags }}",
    "tags stripped by a method": "{{ ((('<!---->' * 100000) | safe)).striptags() }}",
    "links made": "{{ ('http://a.aa ' * 80000) | urlize }}",
    "attributes of XML": "{{ dict(a='\"' * 900000) | xmlattr }}",
    "batches": "{{ [1] | batch(1000000000, 'a') | list }}",
    "a format of dates": "{{ run_started_at.strftime('%99999d' ~ 'a' * 900000) }}",
    "a pattern of dates": "{{ modules.datetime.datetime.strptime('1', ' a' * 400000) }}",
    "division of huge numbers": "{% set a = ('f' * 900000) | int(0, 16) %}{{ a // 3, a // 7 }}",
    "power of a power": "{{ (10**90) ** 300 }}",
    "shown in hexadecimal": "{% set a = ('f' * 900000) | int(0, 16) %}{{ '%x' % a }}",
    "a flood of messages": "{% set b = 'a' * 90000 %}{% for i in range(90000) %}{% do log(b, info=true) %}{% endfor %}",
    "a flood of warnings": "{% for i in range(90000) %}{% do exceptions.warn('a' * 900) %}{% endfor %}",
    "a flood of mistakes": "{% for i in range(90000) %}{{ ref('m' ~ i) }}{% endfor %}",
    "a huge message": "{{ exceptions.raise_compiler_error('a' * 900000) }}",
    "a huge name": "{{ ref('a' * 900000) }}",
    "a huge attribute": "{{ target['a' * 900000] }}",
    "a line of openings": "{{ var('nope') }}" + "var(" * 200_000,
    "a line of references": "{{ ref('nope') }}" + "ref(" * 200_000,
    "parentheses": "{{ " + "(" * 100_000 + ")" * 100_000 + " }}",
    "nested lists written out": "{{ " + "[" * 100_000 + "]" * 100_000 + " }}",
    "blocks in blocks": "{% if true %}" * 20_000 + "{% endif %}" * 20_000,
    "a number of many digits": "{{ " + "9" * 500_000 + " }}",
    "a union of many": "{{ dbt_utils.union_relations(relations=[this] * 90000) }}",
    "macros that call each other": "{{ ping(0) }}",
    "macros that double": "{{ twice(30) }}",
    "a block that calls itself": "{% block b %}{{ self.b() }}{% endblock %}",
    "loops that pass nothing": (
        "{% for a in range(99999) %}{% for b in range(99999) if false %}{% endfor %}{% endfor %}"
    ),
    "sorted again and again": "{% for a in range(99999) %}{{ range(99999) | sort | first }}{% endfor %}",
}
MACROS = (
    "{% macro ping(n) %}{{ pong(n) }}{% endmacro %}{% macro pong(n) %}{{ ping(n) }}{% endmacro %}"
    "{% macro twice(n) %}{% if n %}{{ twice(n - 1) }}{{ twice(n - 1) }}{% endif %}{% endmacro %}"
)
# Files beside models.
FILES: dict[str, tuple[str, str]] = {
    "a file of openings": ("macros/openings.sql", _OPENINGS),
    "a macro file that works when it is read": ("macros/top.sql", "{% set x = 'a'.encode() * 10**9 %}"),
    "a description": (
        "models/m.yml",
        "models: [{name: m, description: \"{{ ('{0}' * 300000).format('a' * 900000) }}\"}]\n",
    ),
    "an argument of a data test": ("models/m.yml", _ARGUMENT),
    "a file of openings of doc blocks": ("models/d.md", "{% docs a " * 80_000 + "%}"),
    "a file of openings of comments": ("models/d.md", "{#" * 400_000 + "{% docs a %}"),
    "a file of doc blocks in doc blocks": ("models/d.md", "{% docs a %}" * 80_000),
    "a data test": ("tests/t.sql", "{{ ('{0}' * 300000).format('a' * 900000) }}"),
}


def _attempts() -> dict[str, dict[str, str]]:
    beside = {"models/m.sql": "select 1 as a", "macros/all.sql": MACROS}
    models = {name: {**beside, "models/m.sql": f"select 1\n{text}"} for name, text in MODELS.items()}
    return models | {name: {**beside, path: text} for name, (path, text) in FILES.items()}


def main(folder: Path) -> None:
    """Render each in a folder of its own, one after the other, and print one line of JSON for each."""
    from pusher.compile import budget
    from pusher.errors import PusherError
    from tests.compile.support import compiled

    # Between two looks at the clock lies one operation, however much time a render has.
    budget.RENDER_SECONDS = 2.0
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY_BYTES, MOST_MEMORY_BYTES))
    for number, (name, files) in enumerate(_attempts().items()):
        before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began_s = time.monotonic()
        try:
            manifest = compiled(folder / str(number), files)
            came, size = ["rendered"], sum(len(model.compiled_sql) for model in manifest.models.values())
        except PusherError as error:
            came = sorted({problem.code for problem in error.problems})
            size = sum(len(problem.message) + len(problem.fix or "") for problem in error.problems)
        grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb
        seconds = time.monotonic() - began_s
        print(json.dumps({"name": name, "came": came, "size": size, "mb": grown_kb // 1024, "seconds": seconds}))  # noqa: T201
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
