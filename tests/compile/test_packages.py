"""Packages: where they are found, what they may see of each other, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pusher.compile.columns import infer
from pusher.engines.duckdb import DuckDBEngine
from pusher.errors import CompileError
from tests.compile.support import compiled, problems, refused

RULES = "packages/rules"
FILES = {
    "packages.yml": f"packages: [{{local: {RULES}}}]\n",
    f"{RULES}/dbt_project.yml": "name: rules\nvars: {rate: 2}\nmodels: {rules: {+tags: [rule]}}\n",
    f"{RULES}/macros/all.sql": "{% macro twice(x) %}{{ x }} * {{ factor() }}{% endmacro %}\n"
    "{% macro factor() %}{{ var('rate') }}{% endmacro %}",
    f"{RULES}/models/base.sql": "select 1 as id, {{ twice('2') }} as amount",
    "models/top.sql": "select id, {{ rules.twice('amount') }} as amount from {{ ref('rules', 'base') }}",
}


def test_a_package_brings_models_macros_and_variables(tmp_path: Path) -> None:
    """Its variables hold for its own files; what the project sets for the package wins."""
    settings = "vars: {rate: 5, rules: {rate: 3}}\nmodels: {rules: {+schema: r}}\n"
    own = {"dbt_project.yml": f"name: shop\nprofile: shop\n{settings}"}

    manifest = compiled(tmp_path, {**FILES, **own})

    base, top = manifest.models["base"], manifest.models["top"]
    assert base.compiled_sql == "select 1 as id, 2 * 3 as amount"
    assert top.compiled_sql == 'select id, amount * 5 as amount from "shop"."main_r"."base"'
    assert (base.package, base.fqn, base.tags, base.path) == (
        "rules",
        ("rules", "base"),
        ("rule",),
        "packages/rules/models/base.sql",
    )
    assert top.depends_on == ("base",)
    assert [model.name for model in manifest.select(["package:rules"])] == ["base"]
    assert [path.relative_to(tmp_path).as_posix() for path in manifest.write_compiled()] == [
        "target/compiled/rules/models/base.sql",
        "target/compiled/shop/models/top.sql",
    ]


@pytest.mark.parametrize("listed", ["packages.yml", "dependencies.yml", None])
def test_packages_that_were_installed_are_found_where_dbt_puts_them(tmp_path: Path, listed: str | None) -> None:
    """Whether a list names them or not; a repository need not have the name of its package."""
    installed = {name.replace(RULES, "vendor/rules"): text for name, text in FILES.items() if name != "packages.yml"}
    git = "{git: https://git.example.com/our-rules.git, revision: 1.0.0}"
    text = f"packages:\n  - {git}\n  - {{package: us/rules, version: 1.0.0}}\n"
    project = {"dbt_project.yml": "name: shop\nprofile: shop\npackages-install-path: vendor\n"}
    files = {**installed, **project, **({listed: text} if listed else {})}

    assert compiled(tmp_path, files, rate=1).models["top"].compiled_sql.endswith('from "shop"."main"."base"')


def test_a_local_package_brings_its_own_packages(tmp_path: Path) -> None:
    """Their paths are relative to the package; one that both list is read once."""
    deeper = {
        f"{RULES}/packages.yml": "packages: [{local: ../words}]\n",
        "packages.yml": f"packages: [{{local: {RULES}}}, {{local: packages/words}}]\n",
        "packages/words/dbt_project.yml": "name: words\n",
        "packages/words/macros/all.sql": "{% macro one() %}1{% endmacro %}",
        "models/last.sql": "select {{ words.one() }} as id",
    }
    assert compiled(tmp_path, {**FILES, **deeper}, rate=1).models["last"].compiled_sql == "select 1 as id"


def test_a_copy_of_dbt_utils_is_not_read(tmp_path: Path) -> None:
    """Its macros are here, with columns from the binder; a list may name it without a copy."""
    files = {
        "packages.yml": "packages: [{package: dbt-labs/dbt_utils, version: 1.3.0}]\n",
        "dbt_packages/dbt_utils/dbt_project.yml": "name: dbt_utils\nno_such_key: 1\n",
        "dbt_packages/copy/dbt_project.yml": "name: dbt_utils\n",
        "dbt_packages/copy/macros/all.sql": "{% macro generate_surrogate_key(x) %}nothing{% endmacro %}",
        "models/m.sql": "select {{ dbt_utils.generate_surrogate_key(['1']) }} as id",
    }
    assert "md5" in compiled(tmp_path, files).models["m"].compiled_sql


def test_what_dbt_does_not_ask_a_package_is_no_error(tmp_path: Path) -> None:
    """Its search order of dispatch() is without effect."""
    project = "name: rules\nvars: {rate: 2}\ndispatch: [{macro_namespace: dbt, search_order: [rules, dbt]}]\n"
    assert "top" in compiled(tmp_path, {**FILES, f"{RULES}/dbt_project.yml": project}, rate=1).models


def test_a_package_names_its_own_relations_where_the_project_does_not(tmp_path: Path) -> None:
    """The project's macro names those of all."""
    naming = "{% macro generate_schema_name(custom_schema_name, node) %}of_NAME{% endmacro %}"
    files = {**FILES, f"{RULES}/macros/naming.sql": naming.replace("NAME", "rules")}
    own = {**files, "macros/naming.sql": naming.replace("NAME", "shop")}

    def schemas(files: dict[str, str]) -> dict[str, str]:
        return {name: model.relation.schema for name, model in compiled(tmp_path, files, rate=1).models.items()}

    assert schemas(files) == {"base": "of_rules", "top": "main"}
    assert schemas(own) == {"base": "of_shop", "top": "of_shop"}


def test_variables_under_the_name_of_the_project_are_its_own(tmp_path: Path) -> None:
    """A package knows those that stand beside them."""
    project = "name: shop\nprofile: shop\nvars: {all: a, shop: {rate: 5, mine: m}}\n"
    model = "select {{ var('rate') }} as rate, '{{ var('all') }}' as all_, '{{ var('mine', 'none') }}' as mine"
    files = {**FILES, "dbt_project.yml": project, f"{RULES}/models/vars.sql": model}
    assert compiled(tmp_path, files).models["vars"].compiled_sql == "select 2 as rate, 'a' as all_, 'none' as mine"


def test_packages_are_selected_by_name(tmp_path: Path) -> None:
    """`this` is the project itself."""
    manifest = compiled(tmp_path, FILES, rate=1)
    found = {
        value: [model.name for model in manifest.select([f"package:{value}"])]
        for value in ("this", "rules", "r*", "shop")
    }
    assert found == {"this": ["top"], "rules": ["base"], "r*": ["base"], "shop": ["top"]}


def test_the_project_decides_what_a_package_dispatches(tmp_path: Path) -> None:
    """`adapter.dispatch` asks the project before the package; other words of the package stay its own."""
    files = {
        **FILES,
        f"{RULES}/macros/cut.sql": "{% macro cut(x) %}{{ adapter.dispatch('cut', 'rules')(x) }}{% endmacro %}"
        "{% macro default__cut(x) %}left({{ x }}, 1){% endmacro %}",
        "macros/all.sql": "{% macro duckdb__cut(x) %}left({{ x }}, 3){% endmacro %}{% macro factor() %}7{% endmacro %}",
        "models/cut.sql": "select {{ rules.cut('a') }} as a, {{ rules.twice('b') }} as b",
        f"{RULES}/models/own.sql": "select {{ cut('a') }} as a, {{ twice('b') }} as b",
    }
    manifest = compiled(tmp_path, files, rate=1)
    # As dbt has it: what a macro calls without a package is looked up from the file that is rendered.
    assert manifest.models["cut"].compiled_sql == "select left(a, 3) as a, b * 7 as b"
    assert manifest.models["own"].compiled_sql == "select left(a, 3) as a, b * 1 as b"


def test_an_error_in_a_macro_of_a_package_has_its_place(tmp_path: Path) -> None:
    """File, line and column of the package's file, for Jinja and for SQL."""
    files = {**FILES, f"{RULES}/macros/all.sql": "{% macro twice(x) %}\n  {{ x }} * {{ no_such_name }}\n{% endmacro %}"}
    place = f"{RULES}/macros/all.sql:2:16"
    assert {(code, at) for code, at, _, _ in refused(tmp_path, files)} == {("undefined-name", place)}

    files[f"{RULES}/macros/all.sql"] = (
        "\n{% macro first() %}1{% endmacro %}\n{% macro twice(x) %}\n  amonut\n{% endmacro %}"
    )
    manifest = compiled(tmp_path, files)
    engine = DuckDBEngine.in_memory()
    with pytest.raises(CompileError) as caught:
        infer(manifest, engine, ["top"])
    engine.close()
    assert {(code, at) for code, at, _, _ in problems(caught.value)} == {("sql-binder", f"{RULES}/macros/all.sql:4:3")}


WRONG = {
    "a package that is not there": (
        {"packages.yml": "packages:\n  - {package: us/gone, version: 1.0.0}\n"},
        (
            "missing-package",
            "packages.yml:2:5",
            "Package `us/gone` is not in dbt_packages/.",
            "Run `dbt deps` once and keep dbt_packages/ with the project; pusher loads nothing from the network.",
        ),
    ),
    "a repository that is not there": (
        {"packages.yml": "packages:\n  - {git: 'https://git.example.com/gone.git'}\n"},
        (
            "missing-package",
            "packages.yml:2:5",
            "Package `https://git.example.com/gone.git` is not in dbt_packages/.",
            "Run `dbt deps` once and keep dbt_packages/ with the project; pusher loads nothing from the network.",
        ),
    ),
    "a folder that is not there": (
        {"packages.yml": "packages:\n  - local: gone\n"},
        (
            "missing-package",
            "packages.yml:2:5",
            "No dbt_project.yml in gone.",
            "Correct `local:`; it is relative to the project's folder.",
        ),
    ),
    "a folder that no file system has": (
        {"packages.yml": 'packages:\n  - local: "a\\0b"\n'},
        (
            "missing-package",
            "packages.yml:2:5",
            "No dbt_project.yml in a\0b.",
            "Correct `local:`; it is relative to the project's folder.",
        ),
    ),
    "a folder by Jinja": (
        {"packages.yml": "packages:\n  - local: \"{{ env_var('HOME') }}\"\n"},
        (
            "missing-package",
            "packages.yml:2:5",
            "No dbt_project.yml in {{ env_var('HOME') }}.",
            "Write the path itself: Jinja in a list of packages is not rendered.",
        ),
    ),
    "an exposure of a disabled model": (
        {
            "models/off.sql": "{{ config(enabled=false) }} select 1 as id",
            "models/m.yml": "exposures:\n  - {name: page, type: ml, owner: {name: a}, depends_on: [\"ref('off')\"]}\n",
        },
        ("disabled-ref", "models/m.yml:2:1", "`off` is disabled.", "Enable it, or take it out of `depends_on`."),
    ),
    "no kind": (
        {"packages.yml": "packages:\n  - {locl: here}\n"},
        (
            "wrong-value",
            "packages.yml:2:5",
            "This is no entry for a package.",
            "Known kinds: local, package, git, tarball, private.",
        ),
    ),
    "an unknown key": (
        {"packages.yml": f"packages:\n  - local: {RULES}\n    revison: 1\n"},
        (
            "unknown-key",
            "packages.yml:3:5",
            "Unknown key `revison`.",
            "Known keys: local.",
        ),
    ),
    "no list": (
        {"packages.yml": "packages: here\n"},
        ("wrong-type", "packages.yml:1:1", "`packages` must be a list.", "Write `- local: FOLDER`."),
    ),
    "the name of the project": (
        {f"{RULES}/dbt_project.yml": "name: shop\n"},
        (
            "duplicate-package",
            f"{RULES}/dbt_project.yml:1:1",
            "Package `shop` has the name of this project.",
            "Keep one of them.",
        ),
    ),
    "two of one name": (
        {"dbt_packages/other/dbt_project.yml": "name: rules\n"},
        (
            "duplicate-package",
            f"{RULES}/dbt_project.yml:1:1",
            "Package `rules` has the name of dbt_packages/other.",
            "Keep one of them.",
        ),
    ),
    "a hook": (
        {f"{RULES}/dbt_project.yml": "name: rules\non-run-start: {sql: select 1}\n"},
        (
            "wrong-type",
            f"{RULES}/dbt_project.yml:2:1",
            "`on-run-start` must be text or a list of texts.",
            "Write on-run-start: ['...'].",
        ),
    ),
    "two models of one name": (
        {f"{RULES}/models/top.sql": "select 1 as id"},
        (
            "duplicate-model",
            f"{RULES}/models/top.sql:1:1",
            "Model `top` is defined twice, first in models/top.sql.",
            "Rename one of the files.",
        ),
    ),
    "a model of another package": (
        {"models/top.sql": "select 1 from {{ ref('shop', 'base') }}"},
        (
            "missing-ref",
            "models/top.sql:1:18",
            "Package `shop` has no model `base`.",
            "Correct one of the two names.",
        ),
    ),
    "a package that nobody has": (
        {"models/top.sql": "select 1 from {{ ref('ruls', 'base') }}"},
        ("missing-package", "models/top.sql:1:18", "Package `ruls` does not exist.", "Did you mean `rules`?"),
    ),
    "a description of another package's model": (
        {"models/m.yml": "models:\n  - name: base\n"},
        (
            "other-package",
            "models/m.yml:2:1",
            "`base` is a file of package `rules`.",
            "Describe it there; dbt_project.yml changes its configuration.",
        ),
    ),
    "settings of no package": (
        {"dbt_project.yml": "name: shop\nprofile: shop\nmodels: {ruls: {+tags: [a]}}\n"},
        ("unknown-key", "dbt_project.yml:3:10", "Unknown project `ruls`.", "Did you mean `rules`?"),
    ),
    "a generic test of another package": (
        {
            f"{RULES}/tests/generic/above.sql": "{% test above(model) %}select * from {{ model }}{% endtest %}",
            "models/m.yml": "models:\n  - name: top\n    data_tests: [above]\n",
        },
        ("missing-test", "models/m.yml:3:18", "Generic test `above` does not exist.", "Did you mean `rules.above`?"),
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_every_mistake_has_its_place_and_a_way_out(name: str, tmp_path: Path) -> None:
    """In lists of packages, in their project files, and where one refers to another."""
    files, expected = WRONG[name]
    # What is missing because of it is told too.
    assert expected in refused(tmp_path, {**FILES, **files}, rate=1)
