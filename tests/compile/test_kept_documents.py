"""A YAML file that is known from an earlier run is the file as it is parsed."""

from __future__ import annotations

import pytest

from pusher.compile import KeptRenders
from pusher.compile.kept_documents import KeptDocuments
from pusher.config import parse_yaml
from pusher.errors import ConfigError

KEPT = [
    "",
    "a: 1\nb: [x, {c: 2.5, d: null}]\n",
    "z: NO\nold: 0123\ntime: 12:30:45\nlist: [yes]\nreal: 'NO'\n",
    'text: "é \\u2028 \\" \U0001f600"\nlong: |\n  one\n  two\n',
    "a: &a {x: [1]}\nb: *a\nc: {<<: *a, y: 2}\n",
    "id: 7654321098765432109\nbig: 123456789012345678901234567890\nsmall: 1e-7\n",
]
PARSED_AGAIN = ["day: 2026-11-23\n", "1: one\n", "x: .inf\n", "x: .nan\n"]


@pytest.mark.parametrize("text", KEPT + PARSED_AGAIN)
def test_a_document_is_what_its_text_says(text: str) -> None:
    """Its values with their types and order, the place of each key, and what YAML misreads; under the name of now."""
    kept = KeptRenders.in_memory()
    documents = KeptDocuments(kept)
    documents.parse(text, "before.yml")

    found, expected = documents.parse(text, "now.yml"), parse_yaml(text, "now.yml")

    assert repr(found) == repr(expected)
    assert found.misread_values() == expected.misread_values()
    assert len(kept.renders) == (text in KEPT)


def test_each_document_has_values_of_its_own() -> None:
    """What one reader changes, no other sees."""
    documents = KeptDocuments(KeptRenders.in_memory())
    documents.parse("a: [1]", "a.yml")

    documents.parse("a: [1]", "a.yml").value["a"].append(2)

    assert documents.parse("a: [1]", "a.yml").value == {"a": [1]}


def test_a_mistake_is_told_each_time() -> None:
    """With the name of the file of now."""
    documents = KeptDocuments(KeptRenders.in_memory())
    for name in ("a.yml", "b.yml"):
        with pytest.raises(ConfigError) as caught:
            documents.parse("a: 1\na: 2", name)
        assert [(one.file, one.line) for one in caught.value.problems] == [(name, 2)]
