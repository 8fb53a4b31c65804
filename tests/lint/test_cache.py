"""The cache of lint: what is found with it is what is found without it, whatever it holds."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from pusher.lint import cache as kept
from tests.cli.conftest import pusher
from tests.lint.variant_support import VARIANTS, apply, copy_shipped, read_variant

# Random edits, and variants that are broken on purpose, one upon the other.
SEEDS = range(3)
STEPS = 4
AS_OF = "{as_of: '2026-11-20 12:00:00'}"


def answer(root: Path, *words: str) -> dict[str, Any]:
    """Return what lint says about a project."""
    found: dict[str, Any] = pusher("lint", "--json", "--project-dir", str(root), "--vars", AS_OF, *words).json
    return found


def cache_of(root: Path) -> Path:
    """Return the file of a project's cache."""
    return root / "target" / kept.FILE


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Return a copy of the shipped project."""
    copy_shipped(tmp_path)
    return tmp_path


def edited(root: Path, random: Random) -> str:
    """Change one file of a project at random, and return what was done."""
    kind = random.choice(("variant", "variant", "blank", "drop", "yaml"))
    if kind == "variant":
        variant = read_variant(random.choice(sorted(VARIANTS.glob("*.sql"))))
        try:
            apply(variant, root)
        except AssertionError:
            # An edit before this one took away what it changes.
            return "nothing"
        return str(variant.edits)
    models = sorted((root / "models").rglob("*.sql"))
    if kind == "yaml":
        path = random.choice(sorted((root / "models").rglob("*.yml")))
        path.write_text("# moved down\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    elif kind == "blank":
        path = random.choice(models)
        path.write_text("\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    else:
        path = random.choice(models)
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        lines.pop(random.randrange(len(lines)))
        path.write_text("".join(lines), encoding="utf-8")
    return f"{kind} {path}"


@pytest.mark.parametrize("seed", SEEDS)
def test_with_a_cache_lint_says_what_it_says_without(shop: Path, seed: int) -> None:
    """After every one of several edits, errors and places included, and again when nothing changed."""
    random, done = Random(seed), []  # noqa: S311 -- edits, not secrets
    for _ in range(STEPS):
        before = {path: path.read_bytes() for path in (shop / "models").rglob("*.*")}
        before |= {path: path.read_bytes() for path in (shop / "macros").rglob("*.sql")}
        done.append(edited(shop, random))
        warm = answer(shop)
        assert warm == answer(shop, "--no-cache"), done
        assert warm == answer(shop), done
        if warm["errors"]:
            # A project that does not compile would hide what comes after it.
            for path, content in before.items():
                path.write_bytes(content)


def test_every_variant_is_told_the_same_from_the_cache_of_the_shipped_models(tmp_path: Path) -> None:
    """One project, one cache, and the edit of each variant made and taken back."""
    copy_shipped(tmp_path)
    answer(tmp_path)
    for path in sorted(VARIANTS.glob("*.sql"))[::12]:
        variant = read_variant(path)
        before = {one.file: (tmp_path / one.file).read_bytes() for one in variant.edits}
        apply(variant, tmp_path)
        assert answer(tmp_path) == answer(tmp_path, "--no-cache"), path.stem
        for name, content in before.items():
            (tmp_path / name).write_bytes(content)


def test_what_is_known_is_not_judged_again(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the views that read the changed model are, and the engine binds that model and those below it."""
    answer(shop)
    before = json.loads(cache_of(shop).read_text())
    path = shop / "models/tiktok/tiktok_audience_best_profile.sql"
    path.write_text(path.read_text() + "\n-- a comment\n")
    answer(shop)
    after = json.loads(cache_of(shop).read_text())
    assert len(before["views"]) == len(after["views"]) == 4
    assert len(before["views"].keys() & after["views"].keys()) == 3
    monkeypatch.setattr("pusher.lint._judged", lambda *_: pytest.fail("judged again"))
    monkeypatch.setattr("pusher.lint.context.Context._view", lambda *_: pytest.fail("followed again"))
    assert answer(shop)["exit_code"] == 0


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"versions": "others", "columns": {}, "views": {}}',
        b"[" * 100_000,
    ],
)
def test_a_damaged_or_foreign_cache_is_none(shop: Path, content: bytes) -> None:
    """It is not believed, and it is replaced."""
    cold = answer(shop, "--no-cache")
    cache_of(shop).parent.mkdir()
    cache_of(shop).write_bytes(content)
    assert answer(shop) == cold
    assert json.loads(cache_of(shop).read_text())["versions"] == kept.versions()


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("views", {"k": [{"rule": "PU401"}]}),
        ("views", {"k": [None]}),
        ("views", []),
        ("columns", {"k": [["a"]]}),
        ("columns", {"k": [["a", 1]]}),
        ("columns", {"k": 7}),
    ],
)
def test_an_entry_of_another_form_makes_the_whole_worthless(tmp_path: Path, part: str, value: object) -> None:
    """What cannot be read in one place is not believed in any."""
    path = tmp_path / kept.FILE
    path.write_text(json.dumps({"versions": kept.versions(), "columns": {}, "views": {}, part: value}))
    found = kept.Cache.read(path)
    assert (found.view("k"), found.columns("k")) == (None, None)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody wrote that much."""
    path = tmp_path / kept.FILE
    path.write_text(json.dumps({"versions": kept.versions(), "columns": {"k": [["a", "b"]]}, "views": {}}))
    assert kept.Cache.read(path).columns("k") is not None
    monkeypatch.setattr(kept, "MOST_BYTES", 10)
    assert kept.Cache.read(path).columns("k") is None


def test_a_folder_that_cannot_be_written_is_no_error(shop: Path) -> None:
    """Lint says the same, and leaves nothing behind."""
    cold = answer(shop, "--no-cache")
    (shop / "target").write_text("in the way")
    assert answer(shop) == cold
    assert (shop / "target").read_text() == "in the way"


def test_without_the_cache_nothing_is_written(shop: Path) -> None:
    """And nothing is read."""
    answer(shop, "--no-cache")
    assert not (shop / "target").exists()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("dbt_project.yml", "models:\n  retail:", "data_tests:\n  +severity: warn\n\nmodels:\n  retail:"),
        ("dbt_project.yml", "consent: required", "consent: ignored"),
        ("dbt_project.yml", "lookback_days: 35", "lookback_days: 400"),
        ("pusher.yml", "column: marketing_consent", "column: another_consent"),
        ("profiles.yml", 'event_set_id: "7654321098765432109"', 'event_set_id: "765"'),
        ("models/staging/retail/_retail__sources.yml", "config: {meta: {timezone: UTC}}", "config: {meta: {}}"),
        ("macros/tiktok/event_id.sql", "'v1'", "cast(now() as varchar)"),
        ("macros/casts/utc_timestamp.sql", "{% macro", "{# noqa: PU301 #}{% macro"),
    ],
)
def test_what_is_no_model_counts_too(shop: Path, file: str, old: str, new: str) -> None:
    """Settings, variables, YAML and macros: what they change is told as if nothing was known."""
    answer(shop)
    path = shop / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert answer(shop) == answer(shop, "--no-cache")


def test_a_run_on_some_models_keeps_what_is_known_of_the_others(shop: Path) -> None:
    """The next run on all of them finds it."""
    answer(shop)
    before = cache_of(shop).read_text()
    answer(shop, "--select", "tiktok_web_events")
    assert cache_of(shop).read_text() == before


def test_findings_survive_the_file(shop: Path) -> None:
    """With their fixes and edits, whole."""
    path = shop / "models/tiktok/tiktok_offline_events.sql"
    path.write_text(
        path.read_text().replace("as event_time", "as timestamp").replace("'Purchase' as", "'CompletePayment' as")
    )
    first, again = answer(shop), answer(shop)
    assert first == again == answer(shop, "--no-cache")
    assert any(one["fix"] and one["fix"]["edits"] for one in again["findings"])
