"""Doc blocks in Markdown, and Jinja in descriptions and settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compile.support import compiled, refused

MODEL = {"models/a.sql": "select 1 as x"}
MARKDOWN = """# Words

{% docs order %}
One **row** for each order.

{{ not_jinja }}
{% enddocs %}
{# {% docs hidden %} #}
Text between blocks.
{%- docs the_x -%} The x. {%- enddocs -%}
"""


def test_descriptions_take_the_text_of_doc_blocks(tmp_path: Path) -> None:
    """Of models, columns and sources; the text of a block is not rendered, blanks around it go."""
    yaml = """models:
  - name: a
    description: "{{ doc('order') }} From {{ var('shop', 'here') }}."
    columns: [{name: x, description: "{{ doc('shop', 'the_x') }}"}]
sources:
  - name: raw
    tables:
      - {name: orders, description: "{{ doc('the_x') }}", columns: [{name: x, description: "{{ doc('the_x') }}"}]}
"""
    files = {**MODEL, "models/deep/words.md": MARKDOWN, "models/s.yml": yaml}
    manifest = compiled(tmp_path, files)
    model, source = manifest.models["a"], manifest.sources["raw", "orders"]
    assert model.description == "One **row** for each order.\n\n{{ not_jinja }} From here."
    assert [doc.description for doc in (model.columns["x"], source, source.columns[0])] == ["The x."] * 3


def test_doc_blocks_lie_where_the_project_says(tmp_path: Path) -> None:
    """docs-paths replaces the folders of models and macros."""
    files = {
        **MODEL,
        "dbt_project.yml": "name: shop\nprofile: shop\ndocs-paths: [words]\n",
        "words/w.md": "{% docs w %}Found.{% enddocs %}",
        "models/broken.md": "{% docs %}",
        "models/s.yml": "models: [{name: a, description: \"{{ doc('w') }}\"}]",
    }
    assert compiled(tmp_path, files).models["a"].description == "Found."
    del files["dbt_project.yml"]
    (tmp_path / "dbt_project.yml").unlink()
    files["macros/w.md"] = files.pop("words/w.md")
    files["models/broken.md"] = "plain"
    assert compiled(tmp_path, files).models["a"].description == "Found."


WRONG = {
    "not closed": (
        "a\n {% docs a %}x",
        "models/w.md:2:2",
        "Doc block `a` is not closed.",
        "End it with {% enddocs %}.",
    ),
    "opened twice": (
        "{% docs a %}\n{% docs b %}x{% enddocs %}",
        "models/w.md:1:1",
        "Doc block `a` is not closed.",
        "End it with {% enddocs %}.",
    ),
    "closed only": ("{% enddocs %}", "models/w.md:1:1", "No doc block is open here.", "Begin it with {% docs name %}."),
    "no name": (
        "{% docs my order %}x{% enddocs %}",
        "models/w.md:1:1",
        "`my order` is not a name for a doc block.",
        "Use letters, digits and underscores, and no digit first.",
    ),
    "twice": (
        "{% docs a %}x{% enddocs %}\n{% docs a %}y{% enddocs %}",
        "models/w.md:2:1",
        "Doc block `a` is defined twice, first in models/w.md:1.",
        "Rename one.",
    ),
}


@pytest.mark.parametrize(("text", "place", "message", "fix"), WRONG.values(), ids=WRONG.keys())
def test_every_mistake_in_a_doc_block_has_its_place(
    tmp_path: Path, text: str, place: str, message: str, fix: str
) -> None:
    """Line and column of the block's own tag."""
    assert refused(tmp_path, {**MODEL, "models/w.md": text}) == [("doc-block", place, message, fix)]


DESCRIPTIONS = {
    "missing": (
        "{{ doc('ordr') }}",
        ("missing-doc", "models/s.yml:3:5", "Doc block `ordr` does not exist.", "Did you mean `order`?"),
    ),
    "another package": (
        "{{ doc('other', 'order') }}",
        (
            "missing-doc",
            "models/s.yml:3:5",
            "Doc block `other.order` does not exist.",
            "Did you mean `order`?",
        ),
    ),
    "a word of models": (
        "{{ ref('a') }}",
        (
            "jinja",
            "models/s.yml:3:5",
            "Cannot render this description: 'ref' is undefined.",
            "Descriptions know doc(), var(), env_var() and target.",
        ),
    ),
}


@pytest.mark.parametrize(("text", "expected"), DESCRIPTIONS.values(), ids=DESCRIPTIONS.keys())
def test_every_mistake_in_a_description_has_its_line(
    tmp_path: Path, text: str, expected: tuple[str, str, str, str]
) -> None:
    """The line of the description, and the block that was probably meant."""
    files = {**MODEL, "models/w.md": MARKDOWN, "models/s.yml": f'models:\n  - name: a\n    description: "{text}"\n'}
    assert refused(tmp_path, files) == [expected]


SETTINGS = [
    ("{{ var('flag') }}", False),
    ("{{ var('list') }}", ["a", 1]),
    ("{{- var('number') -}}", 7),
    ("{{ var('text') }}", "7"),
    ("{{ '7' | as_number }}", 7),
    ("{{ '7.5' | as_number }}", 7.5),
    ("{{ 'True' | as_bool }}", True),
    ("{{ '[1]' | as_native }}", [1]),
    ("{{ var('number') | as_text }}", "7"),
    ("{{ var('number') }}{{ var('number') }}", "77"),
    ("is {{ var('number') }}", "is 7"),
    ("{% if var('flag') %}a{% else %}b{% endif %}", "b"),
]


@pytest.mark.parametrize(("text", "expected"), SETTINGS)
def test_a_setting_keeps_the_type_of_its_expression(tmp_path: Path, text: str, expected: object) -> None:
    """A value that is nothing but an expression is that value; anything around it makes it text."""
    project = (
        "name: shop\nprofile: shop\nvars: {flag: false, list: [a, 1], number: 7, text: '7'}\n"
        f'models: {{shop: {{+meta: {{found: "{text}"}}}}}}\n'
    )
    assert compiled(tmp_path, {**MODEL, "dbt_project.yml": project}).models["a"].meta == {"found": expected}


def test_a_setting_that_never_ends_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limits of a model's text hold for settings too."""
    monkeypatch.setattr("pusher.compile.budget.RENDER_SECONDS", 300)
    loop = "{% for a in range(90000) %}{% for b in range(90000) %}{% endfor %}{% endfor %}"
    files = {**MODEL, "models/s.yml": f'models:\n  - name: a\n    config: {{meta: {{a: "{loop}"}}}}\n'}
    message = (
        "Cannot render this setting: The template takes more than 1,000,000 steps; loop passes and calls are steps."
    )
    assert refused(tmp_path, files) == [
        ("jinja", "models/s.yml:3:21", message, "Settings know var(), env_var() and target.")
    ]
