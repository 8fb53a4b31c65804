"""dbt_project.yml's model tree and models/**/*.yml: what is read, merged and refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from pusher.compile import ColumnDoc
from pusher.compile.model import WrittenTest
from tests.compile.support import compiled, refused

MODEL = {"models/staging/a.sql": "select 1 as x"}


def test_configuration_merges_from_three_places(tmp_path: Path) -> None:
    """dbt_project.yml < YAML < config(); tags add up, meta merges by key, folders go from outside in."""
    files = {
        "dbt_project.yml": (
            "name: shop\nprofile: shop\nvars: {kind: table}\n"
            "models:\n"
            "  +meta: {level: all}\n"
            "  shop:\n"
            "    +materialized: view\n"
            "    +tags: [project]\n"
            "    staging:\n"
            "      +materialized: \"{{ var('kind') }}\"\n"
            "      +meta: {owner: ann, level: folder}\n"
            "      a: {+tags: named}\n"
        ),
        "models/staging/a.sql": "{{ config(tags='file', meta={'pusher': {'shard_by': 'x'}}) }}select 1 as x",
        "models/staging/b.sql": "{{ config(materialized='view') }}select 1 as x",
        "models/s.yml": "models:\n  - name: a\n    config: {tags: [yaml], meta: {owner: bob}}\n    meta: {note: n}\n",
    }
    models = compiled(tmp_path, files).models
    assert models["a"].config == {
        "enabled": True,
        "materialized": "table",
        "tags": ["file", "named", "project", "yaml"],
        "meta": {"level": "folder", "owner": "bob", "note": "n", "pusher": {"shard_by": "x"}},
    }
    assert (models["a"].materialized, models["b"].materialized) == ("table", "view")
    assert models["a"].tags == ("file", "named", "project", "yaml")
    assert models["a"].meta == models["a"].config["meta"]


def test_a_model_carries_its_documentation(tmp_path: Path) -> None:
    """Description, columns with types, meta from both places, tests as written, and where that stands."""
    yaml = (
        "version: 2\nmodels:\n  - name: a\n    description: One row.\n    columns:\n"
        "      - name: x\n        data_type: integer\n        description: The x.\n"
        "        meta: {a: 1}\n        config: {meta: {pii: email}, tags: [t]}\n        data_tests: [not_null]\n"
        "    data_tests:\n      - unique: {arguments: {column_name: x}}\n"
    )
    model = compiled(tmp_path, {**MODEL, "models/s.yml": yaml}).models["a"]
    assert (model.description, model.patch, model.path) == ("One row.", ("models/s.yml", 3), "models/staging/a.sql")
    not_null = WrittenTest("not_null", {}, {}, None, "models/s.yml", 11, 22)
    assert model.columns == {"x": ColumnDoc("x", "integer", "The x.", {"a": 1, "pii": "email"}, ("t",), 6, (not_null,))}
    assert model.data_tests == (
        WrittenTest("unique", {"column_name": "x"}, {}, None, "models/s.yml", 13, 9, places={"column_name": (13, 30)}),
    )


SOURCE = "sources:\n  - name: raw\n    {outer}\n    tables:\n      - name: orders\n        {inner}\n"


@pytest.mark.parametrize(
    ("outer", "inner", "expected"),
    [
        ("meta: {external_location: 'data/{name}.parquet'}", "", "'{root}/data/orders.parquet'"),
        ("config: {meta: {external_location: 'data/{name}.csv'}}", "", "'{root}/data/orders.csv'"),
        ("config: {external_location: 'data/{source_name}.csv'}", "", "'{root}/data/raw.csv'"),
        ("meta: {external_location: '/abs/{identifier}.csv'}", "identifier: o2", "'/abs/o2.csv'"),
        ("meta: {external_location: 'a.csv'}", "meta: {external_location: 'b.csv'}", "'{root}/b.csv'"),
        ("meta: {external_location: \"'data/*.csv'\"}", "", "'{root}/data/*.csv'"),
        ("meta: {external_location: '{day}/{schema}.csv', day: monday}", "", "'{root}/monday/raw.csv'"),
        ("meta: {external_location: \"{{ var('dir', 'v') }}/{name}.csv\"}", "", "'{root}/v/orders.csv'"),
        (
            "meta: {external_location: \"read_csv('d/{name}.csv', delim = ';')\"}",
            "",
            "read_csv('{root}/d/orders.csv', delim = ';')",
        ),
        (
            "meta: {external_location: \"read_csv(['a.csv', '/b.csv'], types={'x': 'int'})\", formatter: oldstyle}",
            "",
            "read_csv(['{root}/a.csv', '/b.csv'], types={'x': 'int'})",
        ),
        (
            "meta: {external_location: \"read_json('%(name)s.json', columns={'p': '100%%'})\", formatter: oldstyle}",
            "",
            "read_json('{root}/orders.json', columns={'p': '100%'})",
        ),
        ("meta: {external_location: '${name}.csv', formatter: template}", "", "'{root}/orders.csv'"),
        ("schema: s", "identifier: o", '"shop"."s"."o"'),
        ("database: other", "", '"other"."raw"."orders"'),
        ("description: plain", "", '"shop"."raw"."orders"'),
    ],
)
def test_a_source_renders_as_dbt_duckdb_does(tmp_path: Path, outer: str, inner: str, expected: str) -> None:
    """A path, a call or a table; relative paths count from the project, not from the shell's folder."""
    yaml = SOURCE.replace("{outer}", outer).replace("{inner}", inner)
    files = {"models/s.yml": yaml, "models/m.sql": "from {{ source('raw', 'orders') }}"}
    manifest = compiled(tmp_path, files)
    assert manifest.models["m"].compiled_sql == "from " + expected.replace("{root}", str(tmp_path))


def test_a_source_knows_its_columns_and_files(tmp_path: Path) -> None:
    """Columns with meta such as pii, the YAML line, and the files that a glob matches now."""
    yaml = SOURCE.replace("{outer}", "meta: {external_location: 'data/{name}_*.csv'}").replace(
        "{inner}", "columns: [{name: email, data_type: varchar, config: {meta: {pii: email}}}]"
    )
    for day in (1, 2):
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / f"data/orders_{day}.csv").write_text("email\n")
    manifest = compiled(tmp_path, {"models/s.yml": yaml})
    source = manifest.sources["raw", "orders"]
    assert source.columns == (ColumnDoc("email", "varchar", "", {"pii": "email"}, (), 6, ()),)
    assert (source.file, source.line, source.stub) == ("models/s.yml", 5, '"shop"."source raw"."orders"')
    assert manifest.source_paths() == [
        f"{tmp_path}/data/{name}" for name in ("orders_*.csv", "orders_1.csv", "orders_2.csv")
    ]


TOP_KEYS = (
    "Known keys: analyses, anchors, data_tests, exposures, functions, groups, macros, metrics, models, "
    "saved_queries, seeds, semantic_models, snapshots, sources, unit_tests, version."
)
READERS = (
    "Use a path or one of: parquet_scan, read_csv, read_csv_auto, read_json, read_json_auto, read_ndjson, "
    "read_ndjson_auto, read_parquet."
)
WRONG_YAML = {
    "unknown top-level key": (
        "modles: []",
        ("unknown-key", "models/s.yml:1:1", "Unknown key `modles`.", "Did you mean `models`?"),
    ),
    "foreign file": (
        "replicas: 3",
        (
            "unknown-key",
            "models/s.yml:1:1",
            "Unknown key `replicas`.",
            TOP_KEYS,
        ),
    ),
    "unsupported top-level key": (
        "snapshots:\n  - name: s",
        (
            "unsupported-feature",
            "models/s.yml:1:1",
            "`snapshots` is not supported.",
            "Remove it, or keep it out of this project.",
        ),
    ),
    "unknown key of a model": (
        "models:\n  - name: a\n    descripton: x",
        ("unknown-key", "models/s.yml:3:5", "Unknown key `descripton`.", "Did you mean `description`?"),
    ),
    "versions": (
        "models:\n  - name: a\n    versions: [{v: 1}]",
        ("unsupported-feature", "models/s.yml:3:5", "`versions` is not supported.", "Remove it."),
    ),
    "access": (
        "models:\n  - name: a\n    access: public",
        ("unsupported-feature", "models/s.yml:3:5", "`access` is not supported.", "Remove it."),
    ),
    "group in a configuration": (
        "models:\n  - name: a\n    config: {group: finance}",
        (
            "unsupported-config",
            "models/s.yml:3:14",
            "`group` is not supported.",
            "Remove it; models are view, table, incremental or ephemeral.",
        ),
    ),
    "groups": (
        "groups:\n  - name: finance",
        (
            "unsupported-feature",
            "models/s.yml:1:1",
            "`groups` is not supported.",
            "Remove it, or keep it out of this project.",
        ),
    ),
    "freshness": (
        "sources:\n  - name: raw\n    freshness: {error_after: {count: 1}}\n    tables: [{name: t, freshness: null}]",
        (
            "unsupported-feature",
            "models/s.yml:3:5",
            "`freshness` is not supported.",
            "Remove it; a data test of the newest row asks the same.",
        ),
    ),
    "unknown setting": (
        "models:\n  - name: a\n    config:\n      materialised: table",
        (
            "unknown-config",
            "models/s.yml:4:7",
            "Unknown configuration key `materialised`.",
            "Did you mean `materialized`?",
        ),
    ),
    "unknown key of a column": (
        "models:\n  - name: a\n    columns:\n      - name: x\n        datatype: int",
        ("unknown-key", "models/s.yml:5:9", "Unknown key `datatype`.", "Did you mean `data_type`?"),
    ),
    "column twice": (
        "models:\n  - name: a\n    columns:\n      - name: x\n      - name: x",
        ("duplicate-column", "models/s.yml:5:9", "Column `x` is listed twice.", "Keep one entry."),
    ),
    "model twice": (
        "models:\n  - name: a\n  - name: a",
        (
            "duplicate-entry",
            "models/s.yml:3:5",
            "Model `a` is described twice, first in models/s.yml:2.",
            "Keep one entry.",
        ),
    ),
    "no such model": (
        "models:\n  - name: aa",
        ("missing-model", "models/s.yml:2:1", "Model `aa` does not exist.", "Did you mean `a`?"),
    ),
    "no name": (
        "models:\n  - description: x",
        (
            "wrong-type",
            "models/s.yml:2:5",
            "Each entry of `models` needs a name, as text.",
            "Write `- name: '...'`, in quotes.",
        ),
    ),
    "source twice": (
        "sources:\n  - name: r\n    tables:\n      - name: t\n      - name: t",
        (
            "duplicate-entry",
            "models/s.yml:5:9",
            "Source `r.t` is declared twice, first in models/s.yml:4.",
            "Keep one entry.",
        ),
    ),
    "unknown field of a location": (
        "sources:\n  - name: r\n    tables:\n      - name: t\n        meta: {external_location: '{nam}.csv'}",
        (
            "bad-location",
            "models/s.yml:4:9",
            "external_location knows no field `nam`.",
            "Known: database, external_location, identifier, name, schema, source_name.",
        ),
    ),
    "lone brace": (
        "sources:\n  - name: r\n    meta: {external_location: \"read_csv('a', x={})\"}\n    tables:\n      - name: t",
        (
            "bad-location",
            "models/s.yml:5:9",
            "`{` stands alone in external_location.",
            "Use `formatter: oldstyle` and %(name)s when the call has braces of its own.",
        ),
    ),
    "url": (
        "sources:\n  - name: r\n    meta: {external_location: 's3://b/{name}.csv'}\n    tables:\n      - name: t",
        (
            "bad-location",
            "models/s.yml:5:9",
            "A source must be a local file.",
            "Copy the file beside the project first.",
        ),
    ),
    "another function": (
        "sources:\n  - name: r\n    meta: {external_location: \"sqlite_scan('a', 't')\"}\n    tables:\n      - name: t",
        (
            "bad-location",
            "models/s.yml:5:9",
            "`sqlite_scan` cannot be used as a source.",
            READERS,
        ),
    ),
    "unset variable": (
        "sources:\n  - name: r\n    schema: \"{{ env_var('PUSHER_TEST_UNSET') }}\"\n    tables:\n      - name: t",
        (
            "no-env-var",
            "models/s.yml:5:9",
            "Environment variable PUSHER_TEST_UNSET is not set.",
            "Set it: export PUSHER_TEST_UNSET=..., or give a default: env_var('PUSHER_TEST_UNSET', '...').",
        ),
    ),
    "not YAML": (
        "models:\n\t- name: a",
        (
            "invalid-yaml",
            "models/s.yml:2:1",
            "Not valid YAML: found character '\\t' that cannot start any token.",
            "Indent with spaces, not tabs.",
        ),
    ),
}


LINE = "Write one `name: value` a line below it."
WRONG_SHAPES = {
    "file": ("- a", "1:1", "The file must be a mapping of keys.", "Write `models:` or `sources:` first."),
    "models": ("models: 5", "1:1", "`models` must be a list.", "Start each entry with `- name:`."),
    "config": ("models:\n  - name: a\n    config: 3", "3:5", "`config` must be a mapping.", LINE),
    "tags": (
        "models:\n  - name: a\n    tags: 3",
        "3:5",
        "`tags` must be text or a list of texts.",
        "Write tags=['a', 'b'].",
    ),
    "tags of a column": (
        "models:\n  - name: a\n    columns:\n      - {name: x, config: {tags: 3}}",
        "4:28",
        "`tags` must be text or a list of texts.",
        "Write tags=['a', 'b'].",
    ),
    "data tests": (
        "models:\n  - name: a\n    data_tests: x",
        "2:5",
        "`data_tests` must be a list.",
        "Start each test with a dash.",
    ),
    "data type": (
        "models:\n  - name: a\n    columns:\n      - {name: x, data_type: 3}",
        "4:19",
        "`data_type` must be text.",
        "Quote it.",
    ),
}
WRONG_VALUES = {
    "column twice": (
        "models:\n  - name: a\n    columns:\n      - {name: x}\n      - {name: x}",
        ("duplicate-column", "models/s.yml:5:9", "Column `x` is listed twice.", "Keep one entry."),
    ),
    "formatter": (
        (
            "sources:\n  - name: r\n    tables:\n      - name: o\n"
            "        meta: {external_location: a.csv, formatter: nope}"
        ),
        (
            "wrong-value",
            "models/s.yml:4:9",
            "`external_location` must be text and `formatter` a known one.",
            "Formatters: newstyle, oldstyle, template.",
        ),
    ),
}


@pytest.mark.parametrize(("yaml", "place", "message", "fix"), WRONG_SHAPES.values(), ids=WRONG_SHAPES.keys())
def test_every_wrong_shape_in_yaml_has_its_line(tmp_path: Path, yaml: str, place: str, message: str, fix: str) -> None:
    """A list, a mapping or a text where something else stands."""
    expected = ("wrong-type", f"models/s.yml:{place}", message, fix)
    assert [(code, *rest) for code, *rest in refused(tmp_path, {**MODEL, "models/s.yml": yaml})] == [expected]


@pytest.mark.parametrize(("yaml", "expected"), WRONG_VALUES.values(), ids=WRONG_VALUES.keys())
def test_a_name_twice_and_an_unknown_word_are_refused(
    tmp_path: Path, yaml: str, expected: tuple[str, str, str, str]
) -> None:
    """With the entry that is one too many, and the words there are."""
    assert refused(tmp_path, {**MODEL, "models/s.yml": yaml}) == [expected]


def test_a_source_that_is_switched_off_is_not_there(tmp_path: Path) -> None:
    """As dbt has it: a model that reads it is told."""
    yaml = "sources:\n  - name: r\n    config: {enabled: false}\n    tables:\n      - name: o\n"
    files = {"models/m.sql": "select * from {{ source('r', 'o') }}", "models/s.yml": yaml}
    assert [code for code, *_ in refused(tmp_path, files)] == ["missing-source"]


@pytest.mark.parametrize(("yaml", "expected"), WRONG_YAML.values(), ids=WRONG_YAML.keys())
def test_every_mistake_in_yaml_has_its_line(tmp_path: Path, yaml: str, expected: tuple[str, str, str, str]) -> None:
    """What dbt ignores without a word is an error with a place and a way out."""
    assert refused(tmp_path, {**MODEL, "models/s.yml": yaml}) == [expected]


WRONG_TREE = {
    "unknown folder": (
        "shop:\n    stagging: {+materialized: table}",
        (
            "unknown-key",
            "dbt_project.yml:5:5",
            "`stagging` is neither a folder, a file nor a setting.",
            "Did you mean `staging`?",
        ),
    ),
    "another project": (
        "shopp: {+materialized: table}",
        ("unknown-key", "dbt_project.yml:4:3", "Unknown project `shopp`.", "Did you mean `shop`?"),
    ),
    "unknown setting": (
        "shop: {+materialised: table}",
        (
            "unknown-config",
            "dbt_project.yml:4:10",
            "Unknown configuration key `materialised`.",
            "Did you mean `materialized`?",
        ),
    ),
    "external": (
        "shop: {staging: {+materialized: external}}",
        (
            "unsupported-config",
            "dbt_project.yml:4:20",
            "Materialization `external` is not supported.",
            "Use view, table, incremental or ephemeral.",
        ),
    ),
    "unknown strategy": (
        "shop: {staging: {+incremental_strategy: append_}}",
        (
            "unknown-config",
            "dbt_project.yml:4:20",
            "Unknown strategy `append_`.",
            "Did you mean `append`?",
        ),
    ),
}


@pytest.mark.parametrize(("tree", "expected"), WRONG_TREE.values(), ids=WRONG_TREE.keys())
def test_every_mistake_in_the_model_tree_has_its_line(
    tmp_path: Path, tree: str, expected: tuple[str, str, str, str]
) -> None:
    """A folder that does not exist would configure nothing without a word."""
    files = {**MODEL, "dbt_project.yml": f"name: shop\nprofile: shop\nmodels:\n  {tree}\n"}
    assert refused(tmp_path, files) == [expected]


def test_what_would_change_the_project_is_refused_by_name(tmp_path: Path) -> None:
    """Snapshots and Python models are found by dbt without being told; leaving them out would be silent."""
    files = {
        **MODEL,
        "snapshots/s.sql": "{% snapshot s %}{% endsnapshot %}",
        "models/p.py": "def model(dbt, session): ...",
    }
    assert refused(tmp_path, files) == [
        (
            "unsupported-feature",
            "snapshots/s.sql",
            "Snapshots are not supported.",
            "Build the history outside pusher and declare it as a source.",
        ),
        ("unsupported-feature", "models/p.py", "Python models are not supported.", "Write the model in SQL."),
    ]


def test_links_that_lead_to_no_file_are_named(tmp_path: Path) -> None:
    """Whatever they stand for would be left out in silence; hidden ones, such as locks of editors, do not."""
    for folder in ("models", "macros", "seeds", "tests/generic", "elsewhere"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("models/gone.sql", "models/gone.yml", "macros/gone.sql", "seeds/gone.csv", "tests/generic/gone.sql"):
        (tmp_path / name).symlink_to("../nowhere")
    for name in ("models/.#a.sql", "models/gone.txt"):
        (tmp_path / name).symlink_to("nowhere")
    (tmp_path / "models/loop").symlink_to("loop")
    (tmp_path / "models/more").symlink_to("../elsewhere")

    message, fix = "The file is a link to `../nowhere`, where nothing is.", "Correct the link, or remove it."
    assert refused(tmp_path, MODEL) == [
        ("dangling-link", "models/gone.sql", message, fix),
        ("dangling-link", "models/gone.yml", message, fix),
        ("dangling-link", "models/loop", "The file is a link to `loop`, where nothing is.", fix),
        (
            "linked-folder",
            "models/more",
            "The folder is a link, which is not followed.",
            "Copy the folder into the project.",
        ),
        ("dangling-link", "macros/gone.sql", message, fix),
        ("dangling-link", "seeds/gone.csv", message, fix),
        ("dangling-link", "tests/generic/gone.sql", message, fix),
    ]


def test_bad_files_are_named(tmp_path: Path) -> None:
    """Not UTF-8, beyond the limit, a link out of the project; who names a model in such a file makes no mistake."""
    outside = tmp_path / "outside.sql"
    outside.write_text("select 1")
    root = tmp_path / "project"
    (root / "models").mkdir(parents=True)
    (root / "models/latin.sql").write_bytes(b"select 1\nas \xe9")
    (root / "models/huge.sql").write_text("-- " + "x" * 1_000_001)
    (root / "models/link.sql").symlink_to(outside)
    (root / "models/reader.sql").write_text("select * from {{ ref('latin') }}")
    (root / "models/of_a_package.sql").write_text("select * from {{ ref('shop', 'latin') }}")
    (root / "models/m.yml").write_text(
        "models: [{name: latin}]\n"
        "exposures: [{name: e, type: dashboard, owner: {name: us}, depends_on: [ref('latin')]}]"
    )
    assert refused(root, {}) == [
        ("file-too-large", "models/huge.sql", "The file is larger than 1,000,000 bytes.", "Split it."),
        ("not-utf8", "models/latin.sql:2", "The file is not UTF-8 (byte 12).", "Save it as UTF-8."),
        (
            "outside-project",
            "models/link.sql",
            "The file is a link out of the project.",
            "Copy the file into the project.",
        ),
    ]


def test_windows_line_ends_and_byte_order_marks_are_read(tmp_path: Path) -> None:
    """Editors add them; places and text are those of the lines a person sees."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models/m.sql").write_bytes("\ufeffselect 1,\r\n  2\r\n".encode())
    assert compiled(tmp_path, {}).models["m"].compiled_sql == "select 1,\n  2"


def test_two_macros_of_one_name_are_an_error(tmp_path: Path) -> None:
    """Also when a macro takes the name of one of dbt's words."""
    files = {
        **MODEL,
        "macros/a.sql": "{% macro x() %}{% endmacro %}",
        "macros/b.sql": "\n{% macro x() %}{% endmacro %}\n{% macro ref(a) %}{% endmacro %}",
    }
    assert refused(tmp_path, files) == [
        (
            "duplicate-macro",
            "macros/b.sql:2:4",
            "Macro `x` is defined twice, first in macros/a.sql.",
            "Rename one of them.",
        ),
        ("duplicate-macro", "macros/b.sql:3:4", "Macro `ref` has the name of a word of dbt.", "Rename it."),
    ]


def test_compiled_sql_is_written_where_dbt_writes_it(tmp_path: Path) -> None:
    """target/compiled/<project>/<path of the model>."""
    manifest = compiled(tmp_path, MODEL)
    written = manifest.write_compiled()
    assert written == [tmp_path / "target/compiled/shop/models/staging/a.sql"]
    assert written[0].read_text() == "select 1 as x\n"
    assert manifest.write_compiled(tmp_path / "t") == [tmp_path / "t/compiled/shop/models/staging/a.sql"]
