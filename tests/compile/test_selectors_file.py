"""selectors.yml: what a name stands for, in dbt's forms, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from pusher.compile import Manifest
from pusher.errors import ConfigError
from tests.compile.support import compiled, problems, refused

FILES = {
    "models/raw/a.sql": "select 1 as id",
    "models/raw/b.sql": "{{ config(tags=['nightly']) }}select id from {{ ref('a') }}",
    "models/c.sql": "{{ config(materialized='table') }}select id from {{ ref('b') }}",
    "models/d.sql": "{{ config(tags=['nightly', 'slow']) }}select id from {{ ref('c') }}",
    "models/m.yml": (
        "models:\n"
        "  - {name: b, columns: [{name: id, data_tests: [not_null, unique]}]}\n"
        "  - {name: c, columns: [{name: id, data_tests: [not_null]}]}\n"
        "unit_tests:\n"
        "  - {name: u, model: b, given: [{input: ref('a'), rows: [{id: 1}]}], expect: {rows: [{id: 1}]}}\n"
    ),
}


def of(root: Path, definition: str, more: str = "") -> Manifest:
    """Return a project with a selector `s`, below others."""
    return compiled(root, {**FILES, "selectors.yml": f"selectors:\n{more}  - name: s\n    definition: {definition}\n"})


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ("'tag:nightly'", "b d"),
        ("+c", "a b c"),
        ("{tag: nightly}", "b d"),
        ("{config.materialized: table}", "c"),
        ("{method: fqn, value: '*'}", "a b c d"),
        ("{method: fqn, value: c, parents: true, parents_depth: 1, children: true}", "b c d"),
        ("{method: fqn, value: b, childrens_parents: true}", "a b c d"),
        ("{method: path, value: models/raw, indirect_selection: eager, exclude: [{tag: nightly}]}", "a"),
        ("{union: [{tag: slow}, a]}", "a d"),
        ("{intersection: [{tag: nightly}, {tag: slow}]}", "d"),
        ("{union: ['tag:nightly', c, {exclude: [{tag: slow}, b]}]}", "c"),
        ("{intersection: [{union: [a, b]}, {path: models/raw}, {exclude: [b]}]}", "a"),
        ("{method: selector, value: other}", "b"),
        ("{union: ['selector:other', {method: tag, value: \"{{ var('tag', 'slow') }}\"}]}", "b d"),
    ],
)
def test_a_selector_chooses_what_dbt_would(tmp_path: Path, definition: str, expected: str) -> None:
    """Texts of a command line, methods with values, unions, intersections, and what is left out of them."""
    manifest = of(tmp_path, definition, "  - {name: other, description: One., definition: b}\n")
    assert [model.name for model in manifest.select(["selector:s"])] == expected.split()


def test_a_selector_is_one_of_dbt_s_methods_with_what_is_around_it(tmp_path: Path) -> None:
    """With `+`, in unions and intersections, and to leave something out."""
    manifest = of(tmp_path, "{union: [b]}")

    def chosen(select: list[str], exclude: list[str]) -> list[str]:
        return [model.name for model in manifest.select(select, exclude)]

    assert chosen(["+selector:s", "d"], []) == ["a", "b", "d"]
    assert chosen(["selector:s+,tag:slow"], []) == ["d"]
    assert chosen([], ["selector:s"]) == ["a", "c", "d"]


@pytest.mark.parametrize(
    ("definition", "select", "tests", "unit_tests"),
    [
        ("b", "selector:s", ["not_null_b_id", "unique_b_id"], ["u"]),
        ("{union: [b, {exclude: [unique_b_id, 'test_type:unit']}]}", "selector:s", ["not_null_b_id"], []),
        ("{intersection: [b, 'test_name:unique']}", "selector:s", ["unique_b_id"], []),
        ("{union: [b, {exclude: [unique_b_id]}]}", "selector:s+", ["not_null_b_id", "not_null_c_id"], ["u"]),
    ],
)
def test_tests_are_chosen_as_on_a_command_line(
    tmp_path: Path, definition: str, select: str, tests: list[str], unit_tests: list[str]
) -> None:
    """A model stands for its tests; a test that is left out stays out."""
    chosen = of(tmp_path, definition).select_all([select], ())
    assert [test.name for test in chosen.data_tests] == tests
    assert [test.name for test in chosen.unit_tests] == unit_tests


def test_the_default_is_meant_where_nothing_is_selected(tmp_path: Path) -> None:
    """As in dbt; it may hang on the target."""
    manifest = of(tmp_path, "a", "  - {name: other, default: \"{{ target.name == 'dev' }}\", definition: b}\n")
    assert manifest.with_default((), ()) == ["selector:other"]
    assert manifest.with_default(["a"], ()) == ["a"]
    assert manifest.with_default((), ["a"]) == ()


LIST = "Start each definition with a dash."
FORMS = 'Write "tag:nightly", {method: tag, value: nightly}, or `union:` with a list below it.'
WRONG = {
    "{tagg: nightly}": ("4:18", "Unknown selector method in `tagg:nightly`.", "Did you mean `tag:`?"),
    "'state:modifed'": ("4:5", "Unknown state in `state:modifed`.", "Did you mean `state:modified`?"),
    "{method: selector, value: othr}": (
        "4:5",
        "Selector `othr` does not exist.",
        "Did you mean `other`? They stand in selectors.yml.",
    ),
    "'a b'": (
        "4:5",
        "`a b` is more than one selector.",
        "Write `union:` or `intersection:` with a list of them below it.",
    ),
    "[a, b]": (
        "4:5",
        "A definition is a selector, a method with its value, or a union or intersection of such.",
        FORMS,
    ),
    "{method: tag}": (
        "4:5",
        "A definition is a selector, a method with its value, or a union or intersection of such.",
        FORMS,
    ),
    "{union: a}": ("4:18", "`union` needs a list of definitions.", "Start each with a dash."),
    "{union: [a], exclude: [b]}": (
        "4:18",
        "`union` stands alone in its mapping.",
        "Put `exclude` into the list, and all others into a `union` of their own.",
    ),
    "{union: [a, {method: tag, value: x, exclude: [b]}]}": (
        "4:29",
        "A list below `union` takes one `exclude`, alone.",
        "Write one `- exclude:` with a list below it.",
    ),
    "{method: tag, value: x, exclude: b}": ("4:41", "`exclude` must be a list.", LIST),
    "{method: tag, value: x, parent: true}": ("4:41", "Unknown key `parent`.", "Did you mean `parents`?"),
    "{method: tag, value: x, parents: true, parents_depth: 0}": (
        "4:56",
        "`parents_depth` must be a number of steps.",
        "Write parents_depth: 1.",
    ),
    "{tag: [a, b]}": (
        "4:18",
        "`tag` needs a value without blanks, `,`, `+` and `@`.",
        "Write one name, pattern or path; each of several is a definition of its own.",
    ),
    "{method: tag, value: x, indirect_selection: cautious}": (
        "4:41",
        "`indirect_selection` is not supported but as `eager`.",
        "Remove it: a model stands for all tests that read it.",
    ),
}


@pytest.mark.parametrize("definition", WRONG)
def test_a_selector_that_says_nothing_is_told_at_its_place(tmp_path: Path, definition: str) -> None:
    """Whether it is used or not."""
    text = f"selectors:\n  - {{name: other, definition: b}}\n  - name: s\n    definition: {definition}\n"
    place, message, fix = WRONG[definition]
    found = refused(tmp_path, {**FILES, "selectors.yml": text})
    assert [one[1:] for one in found] == [(f"selectors.yml:{place}", message, fix)]


def test_a_file_that_holds_no_selectors_is_told(tmp_path: Path) -> None:
    """Names that stand twice, two defaults, and what is no list of selectors."""
    text = (
        "selectors:\n"
        "  - {name: a, default: true, definition: a}\n"
        "  - {name: a, definition: b}\n"
        "  - {name: b, default: true, definition: b}\n"
        "  - {name: x y, definition: b}\n"
        "  - {name: c, definitions: b}\n"
    )
    assert [one[1:3] for one in refused(tmp_path, {**FILES, "selectors.yml": text})] == [
        ("selectors.yml:3:5", "Selector `a` is there twice."),
        ("selectors.yml:4:15", "`b` and `a` are both the default."),
        ("selectors.yml:5:6", "`x y` cannot be the name of a selector."),
        ("selectors.yml:6:5", "A selector needs `name`, as text, and `definition`."),
    ]
    assert [one[1:3] for one in refused(tmp_path, {**FILES, "selectors.yml": "selector: []\n"})] == [
        ("selectors.yml:1:1", "The file must hold a list `selectors`.")
    ]
    (tmp_path / "selectors.yml").unlink()
    (tmp_path / "selectors.yml").symlink_to("../nowhere.yml")
    assert [one[1:3] for one in refused(tmp_path, FILES)] == [
        ("selectors.yml", "The file is a link out of the project.")
    ]


def test_what_cannot_be_known_before_is_told_at_its_place_too(tmp_path: Path) -> None:
    """A comparison without a saved manifest; and a name that selectors.yml does not have."""
    manifest = of(tmp_path, "{state: modified}")
    for select, place, message in (
        ("selector:s", "selectors.yml:3:18", "`state:modified` compares with a saved manifest, and none is named."),
        ("selector:t", "", "Selector `t` does not exist."),
    ):
        with pytest.raises(ConfigError) as caught:
            manifest.select([select])
        assert [one[1:3] for one in problems(caught.value)] == [(place, message)]
