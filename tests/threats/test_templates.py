"""Jinja that comes with a pull request: no way out of the sandbox, and no template that fills memory or never ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pusher.config import load_project_file
from pusher.config.profile import load_profile
from pusher.errors import ConfigError
from tests.compile.support import compiled, problems, refused
from tests.threats.bombs import FILES, MODELS

ESCAPES = {
    "class": "{{ ''.__class__ }}",
    "class by index": "{{ ''['__class__'] }}",
    "class by a name made of two": "{{ ''['__cla' ~ 'ss__'] }}",
    "class by a name backwards": "{{ ''['__ssalc__' | reverse] }}",
    "class by attr": "{{ '' | attr('__class__') }}",
    "class by attr and format": "{{ '' | attr('%sclass%s' | format('__', '__')) }}",
    "class by map": "{{ [''] | map(attribute='__class__') | first }}",
    "class by a path in map": "{{ [{'a': ''}] | map(attribute='a.__class__') | first }}",
    "class by map of attr": "{{ [''] | map('attr', '__class__') | first }}",
    "class by selectattr": "{{ [''] | selectattr('__class__') | list }}",
    "class by groupby": "{{ [''] | groupby('__class__') | map('first') | first }}",
    "class by sort": "{{ ['', 'a'] | sort(attribute='__class__') }}",
    "class by sum": "{{ [''] | sum('__class__') }}",
    "class by join": "{{ [''] | join(',', '__class__') }}",
    "class in a format": "{{ '{0.__class__}'.format('') }}",
    "class in a nested format": "{{ '{0[a].__class__}'.format({'a': ''}) }}",
    "class in format_map": "{{ '{x.__class__}'.format_map({'x': 1}) }}",
    "class in a format called by attr": "{{ ('{0.__class__}' | attr('format'))('') }}",
    "class in a format of markup": "{{ ('{0.__class__}' | safe).format('') }}",
    "globals of a word": "{{ ref.__globals__ }}",
    "self of a word": "{{ ref.__self__ }}",
    "code of a word": "{{ var.__code__ }}",
    "function of a word": "{{ config.get.__func__ }}",
    "words behind config": "{{ config._words }}",
    "words behind this": "{{ this._words }}",
    "the template itself": "{{ self.__init__ }}",
    "the context": "{{ self._TemplateReference__context }}",
    "the loop": "{% for a in [1] %}{{ loop._iterator }}{% endfor %}",
    "a macro's function": "{% macro m() %}{% endmacro %}{{ m._func }}",
    "a macro's environment": "{% macro m() %}{% endmacro %}{{ m._environment }}",
    "the caller's frame": "{% set g = range(3) | map('abs') %}{{ g.gi_frame }}",
    "bases of a type": "{{ modules.datetime.datetime.__bases__ }}",
    "a method resolution order": "{{ modules.datetime.datetime.mro() }}",
    "subclasses": "{{ modules.datetime.datetime.__subclasses__() }}",
    "reduce": "{{ run_started_at.__reduce__() }}",
    "a module behind a module": "{{ modules.datetime.sys }}",
    "another module": "{{ modules.os }}",
    "an import": "{{ __import__('os') }}",
    "builtins": "{{ builtins.__import__ }}",
    "open": "{{ open('/etc/passwd') }}",
    "eval": "{{ eval('1') }}",
    "cycler": "{{ cycler.__init__ }}",
    "joiner": "{{ joiner.__init__ }}",
    "lipsum": "{{ lipsum.__globals__ }}",
    "include": "{% include 'other.sql' %}",
    "include of a file": "{% include '/etc/passwd' %}",
    "include of a list": "{% include ['a', '../../etc/passwd'] %}",
    "include that may be missing": "{% include 'a' ignore missing %}",
    "import of a template": "{% import 'other.sql' as o %}",
    "import of a macro": "{% from '../../x' import y %}",
    "extends": "{% extends '/etc/passwd' %}",
    "a list that grows": "{{ [].append(1) }}",
    "a mapping that grows": "{{ {}.update({'a': 1}) }}",
    "a shared list that is emptied": "{{ model.clear() }}",
    "an attribute that is set": "{% set target.name = 'prod' %}",
    "environment variables": "{{ env_var.__globals__['os'].environ }}",
    "the token": "{{ env_var('TIKTOK_ACCESS_TOKEN') }}",
    "the token in lower case": "{{ env_var('tiktok_access_token') }}",
    "an application's secret": "{{ env_var('TIKTOK_APP_SECRET', '') }}",
    "a password": "{{ env_var('SMTP_PASSWORD', '') }}",
    "a class behind a query": "{{ run_query('select 1').__class__ }}",
    "a statement": "{% call statement('x') %}select 1{% endcall %}",
    "a tag of another extension": "{% debug %}",
    "bytes": "{{ 'a'.encode() }}",
    "a type's own method": "{{ dict.fromkeys([1]) }}",
    "a number's bytes": "{{ (5).to_bytes(4, 'big') }}",
}


@pytest.mark.parametrize("text", ESCAPES.values(), ids=ESCAPES.keys())
@pytest.mark.parametrize("place", ["model", "macro", "data test"])
def test_a_template_cannot_leave_the_sandbox(
    tmp_path: Path, place: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever a template stands: attributes of Python, other files, secrets and changes to values are refused."""
    monkeypatch.setenv("TIKTOK_ACCESS_TOKEN", "token")
    files = {
        "model": {"models/m.sql": f"select 1\n{text}"},
        "macro": {
            "models/m.sql": "select 1\n{{ out() }}",
            "macros/out.sql": "{% macro out() %}" + text + "{% endmacro %}",
        },
        "data test": {"models/m.sql": "select 1", "tests/t.sql": f"select 1\n{text}"},
    }[place]
    for code, where, *_ in refused(tmp_path, files):
        assert (code in _CODES | _REFUSALS, where != "") == (True, True), code


_CODES = {
    "doc-block",
    "file-too-large", "jinja", "jinja-syntax", "jinja-unsafe", "missing-ref", "missing-var", "raised-in-template",
    "render-limit", "undefined-name",
}  # fmt: skip
_REFUSALS = {"no-env-var", "query-not-here", "secret-in-model", "unsupported-feature"}
IN_YAML = [name for name in ESCAPES if "the loop" not in name and '"' not in ESCAPES[name]]


@pytest.mark.parametrize("text", [ESCAPES[name] for name in IN_YAML], ids=IN_YAML)
def test_a_template_in_yaml_cannot_leave_the_sandbox(tmp_path: Path, text: str) -> None:
    """Descriptions know even fewer words; what they do not know is an error of the YAML file."""
    files = {"models/m.sql": "select 1 as a", "models/m.yml": f'models: [{{name: m, description: "{text}"}}]\n'}
    assert {where.split(":")[0] for _, where, *_ in refused(tmp_path, files)} == {"models/m.yml"}


MISTAKES = [
    "{{ 1 / 0 }}",
    "{{ 1 // 0 }}",
    "{{ [][5] + 1 }}",
    "{{ 'a' + 1 }}",
    "{{ {} | as_bool }}",
    "{{ 10.0 ** 300 ** 2 }}",
]


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_in_yaml_is_an_error_of_that_file(tmp_path: Path, text: str) -> None:
    """No mistake of a template ends in a traceback."""
    files = {"models/m.sql": "select 1 as a", "models/m.yml": f'models: [{{name: m, description: "{text}"}}]\n'}
    assert [code for code, *_ in refused(tmp_path, files)] == ["jinja"]


IN_PROFILES = {
    **{name: ESCAPES[name] for name in IN_YAML if not name.startswith(("the token", "an application", "a password"))},
    "arithmetic": "{{ 'a' * 10**10 }}",
    "a loop": "{% for a in 'ab' %}{{ a }}{% endfor %}",
    "a macro": "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
    "a variable": "{% set a = env_var('SHOP_SECRET') %}{{ a[0] }}",
    "a slice of a secret": "{{ env_var('SHOP_SECRET')[:3] }}",
    "a method of a secret": "{{ env_var('SHOP_SECRET').upper() }}",
    "a filter that repeats": "{{ env_var('SHOP_SECRET') | replace('s', 'ssssssssss') }}",
    "a filter that pads": "{{ env_var('SHOP_SECRET') | center(1000000000) }}",
    "a word of models": "{{ var('a') }}",
    "a long text": "{{ '" + "a" * 20_000 + "' }}",
}


@pytest.mark.parametrize("text", IN_PROFILES.values(), ids=IN_PROFILES.keys())
def test_a_profile_knows_environment_variables_and_nothing_else(
    tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """profiles.yml can hold secrets, so its templates can do almost nothing with them."""
    monkeypatch.setenv("SHOP_SECRET", "sesame-and-poppy")
    (tmp_path / "profiles.yml").write_text(
        "shop:\n  target: dev\n  outputs:\n    dev:\n      type: duckdb\n      path: " + json.dumps(text) + "\n"
    )
    with pytest.raises(ConfigError) as caught:
        load_profile(project_root=tmp_path, profile_name="shop", profiles_dir=None, target=None)
    ((code, place, message, _),) = problems(caught.value)
    assert (code, place, "sesame" in message, len(message) < 1_000) == ("jinja", "profiles.yml:6:7", False, True)


WHAT_IS_FINE = {
    "{{ env_var('SHOP_NAME') }}.duckdb": "sesame.duckdb",
    "{{ env_var('SHOP_NONE', 'other') | upper }}": "OTHER",
    "{{ env_var('SHOP_NAME') if env_var('SHOP_NONE', '') else 'default' }}": "default",
    "{% if env_var('SHOP_NAME') == 'sesame' %}a{% endif %}{{ 'b' ~ 'c' }}": "abc",
}


@pytest.mark.parametrize(("text", "expected"), WHAT_IS_FINE.items())
def test_a_profile_may_choose(tmp_path: Path, text: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defaults, choices and simple filters are what profiles are written with."""
    monkeypatch.setenv("SHOP_NAME", "sesame")
    (tmp_path / "profiles.yml").write_text(
        "shop:\n  target: dev\n  outputs:\n    dev:\n      type: duckdb\n      path: " + json.dumps(text) + "\n"
    )
    found = load_profile(project_root=tmp_path, profile_name="shop", profiles_dir=None, target=None)
    assert Path(found.database).name == expected


# They end when the time is over and not before: each step of them is small.
_SLOW = {"loops that pass nothing", "sorted again and again"}


@pytest.fixture(name="came_of_bombs", scope="module")
def _came_of_bombs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    """Return what became of each bomb, in one process that may have 3 GB and two minutes."""
    folder = tmp_path_factory.mktemp("bombs")
    command = [sys.executable, "-m", "tests.threats.bombs", str(folder)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    told = {one["name"]: one for one in map(json.loads, ran.stdout.splitlines())}
    assert (ran.returncode, ran.stderr[-2_000:]) == (0, ""), f"after {len(told)} of them"
    return told


@pytest.mark.parametrize("name", [*MODELS, *FILES])
def test_no_operation_of_a_template_fills_the_memory_or_goes_on_for_ever(
    came_of_bombs: dict[str, dict[str, object]], name: str
) -> None:
    """Each is an error that fits on a page, within the time of a render and with a small part of the memory."""
    came = came_of_bombs[name]
    codes, size, grown_mb, seconds = (came[key] for key in ("came", "size", "mb", "seconds"))
    assert isinstance(codes, list)
    assert isinstance(size, int)
    assert isinstance(grown_mb, int)
    assert isinstance(seconds, float)
    assert set(codes) <= _CODES
    assert size < 10_000
    assert grown_mb < 250
    # A busy machine gets four times as long as a render may take.
    assert seconds < (20 if name in _SLOW else 10)


def test_a_link_out_of_the_project_is_no_yaml_file(tmp_path: Path) -> None:
    """A pull request can bring links; what they lead to is not read, and no error quotes it."""
    (tmp_path / "elsewhere.txt").write_text("secret: [unclosed\n")
    root = tmp_path / "shop"
    (root / "models").mkdir(parents=True)
    (root / "models/m.yml").symlink_to(tmp_path / "elsewhere.txt")
    found = refused(root, {"models/m.sql": "select 1"})
    assert found == [
        ("outside-project", "models/m.yml", "The file is a link out of the project.", "Copy the file into the project.")
    ]


def test_comments_in_front_of_a_model_are_read_once(tmp_path: Path) -> None:
    """Where WITH begins is looked for behind comments; forty of them could be read in a million million ways."""
    files = {
        "models/e.sql": "{{ config(materialized='ephemeral') }}select 1 as a",
        "models/m.sql": "/**/" * 40 + "--\n" * 40 + "select a from {{ ref('e') }}",
    }
    found = compiled(tmp_path, files).models["m"].compiled_sql
    assert found.startswith("with __dbt__cte__e as (\nselect 1 as a\n)\n/**/")


def test_what_projects_write_still_works(tmp_path: Path) -> None:
    """The list of what is allowed has what models use: formats, filters, methods, sets and mappings."""
    text = (
        "{{ '{:>3}|{}'.format(1, 'a') }} {{ '%s-20240101' | format('x') }} {{ '%03d' % 7 }} "
        "{{ 'a,b'.split(',') | join('+') }} "
        "{{ [3, 1, 1] | unique | sort | list }} {{ {'a': 1}.items() | list }} {{ dict(a=2).get('a') }} "
        "{{ set(['x', 'x']) | length }} {{ [[1], [2]] | sum(start=[]) }} {{ range(3) | map('string') | join }} "
        "{{ ' a '.strip() ~ 1 ~ none }} {{ (7 // 2, 7 - 2, 7 / 2, -7 % 3, 2 ** 3) }} {{ 'a\nb' | indent }} "
        "{{ [{'n': 'x', 'd': {'e': 1}}] | map(attribute='d.e') | first }} {{ run_started_at.strftime('%Y') }} "
        "{{ modules.datetime.timedelta(days=1).days }} {{ {'a': [1]} | tojson }} {{ 2.5 | round(1, 'floor') | int }}"
    )
    assert compiled(tmp_path, {"models/m.sql": text}).models["m"].compiled_sql == (
        "  1|a x-20240101 007 a+b [1, 3] [('a', 1)] 2 1 [1, 2] 012 a1None (3, 5, 3.5, 2, 8) a\n    b 1 2026 1 "
        '{"a": [1]} 2'
    )
    assert load_project_file(tmp_path).name == "shop"


# In this process too, where a debugger and a measurement of coverage see them.
HERE = [
    "JSON with an indent", "a deep key", "a format of dates", "a long path", "a macro file that works when it is read",
    "a huge message", "chain of ~", "filter trim of many letters", "find from the end", "fields by format_map",
    "joined by a large text", "percent with a key", "round to many digits", "set of numbers alike", "sum of lists",
    "union of numbers alike", "unique numbers alike", "zip of many ranges", "count in a list of lists",
    "a file of openings of doc blocks", "a file of doc blocks in doc blocks",
]  # fmt: skip
FIX = "Make loops and texts smaller; let SQL do the work."


@pytest.mark.parametrize("name", [name for name in HERE if name in MODELS])
def test_what_is_too_much_is_told_at_its_line(tmp_path: Path, name: str) -> None:
    """The second line of the model, and what to do."""
    ((code, place, _, fix),) = refused(tmp_path, {"models/m.sql": f"select 1\n{MODELS[name]}"})
    assert place.startswith("models/m.sql:2:")
    assert (code, fix) in {("render-limit", FIX), ("raised-in-template", "The model or macro raises this itself.")}


@pytest.mark.parametrize("text", ["{{ '{'.format(1) }}", "{{ '%' % 1 }}", "{{ ''.join(1) }}"])
def test_a_mistake_in_an_operation_is_told_as_it_is(tmp_path: Path, text: str) -> None:
    """What cannot be sized because it is wrong is an error of the operation itself."""
    ((code, place, *_),) = refused(tmp_path, {"models/m.sql": f"select 1\n{text}"})
    assert (code, place.startswith("models/m.sql:2:")) == ("jinja", True)
