"""The cache of lint: what is found with it is what is found without it, whatever it holds."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from pusher.compile import sealed
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


def known(root: Path) -> dict[str, Any]:
    """Return what the cache of a project holds."""
    found: dict[str, Any] = json.loads(cache_of(root).read_bytes().partition(b"\n")[2])
    return found


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
    before = known(shop)
    path = shop / "models/tiktok/tiktok_audience_best_profile.sql"
    path.write_text(path.read_text() + "\n-- a comment\n")
    answer(shop)
    after = known(shop)
    assert len(before["views"]) == len(after["views"]) == 4
    assert len(before["views"].keys() & after["views"].keys()) == 3
    monkeypatch.setattr("pusher.lint._judged", lambda *_: pytest.fail("judged again"))
    monkeypatch.setattr("pusher.lint.context.Context._view", lambda *_: pytest.fail("followed again"))
    assert answer(shop)["exit_code"] == 0


@pytest.mark.parametrize("content", [b"", b"{", b"null", b"\xff\xfe", b"[" * 100_000])
def test_a_damaged_cache_is_none(shop: Path, content: bytes) -> None:
    """It is not believed, and it is replaced."""
    cold = answer(shop, "--no-cache")
    cache_of(shop).parent.mkdir()
    cache_of(shop).write_bytes(content)
    assert answer(shop) == cold
    assert known(shop)["versions"] == kept.versions()


def planted(shop: Path) -> bytes:
    """Let a view send raw ids, and return what a cache would hold that finds nothing wrong with any view."""
    view = shop / "models/tiktok/tiktok_web_events.sql"
    view.write_text(view.read_text().replace("{{ hashed_external_id('orders.customer_id') }}", "orders.customer_id"))
    assert answer(shop)["exit_code"] == 1
    return json.dumps({**known(shop), "views": {key: [] for key in known(shop)["views"]}}).encode()


@pytest.mark.parametrize("seal", [b"", b"0" * 64, None], ids=["none", "wrong", "that of another content"])
def test_a_cache_that_came_with_the_project_is_not_believed(shop: Path, seal: bytes | None) -> None:
    """Whoever can write to the project, as a pull request does, could say so that nothing is wrong with it."""
    content = planted(shop)
    if seal is None:
        seal = cache_of(shop).read_bytes().partition(b"\n")[0]
    cache_of(shop).write_bytes(seal + b"\n" + content)
    assert answer(shop)["exit_code"] == 1


def test_a_cache_with_the_seal_of_this_user_is_believed(shop: Path) -> None:
    """Or the test above would say nothing."""
    content = planted(shop)
    key = sealed.user_key()
    assert key is not None
    sealed.write(cache_of(shop), key, json.loads(content), most_bytes=kept.MOST_BYTES)
    assert answer(shop)["exit_code"] == 0


def test_without_a_key_of_the_user_nothing_is_kept(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There would be no telling who wrote it."""
    cold = answer(shop, "--no-cache")
    monkeypatch.setattr("pusher.compile.sealed.user_key", lambda: None)
    assert (answer(shop), cache_of(shop).exists()) == (cold, False)


def test_a_cache_of_another_version_is_none(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have been found by other rules."""
    answer(shop)
    before = known(shop)["versions"]
    monkeypatch.setattr(kept, "FORMAT", kept.FORMAT + 1)
    found = kept.Cache.open(cache_of(shop))
    assert found is not None
    assert [found.view(key) for key in known(shop)["views"]] == [None] * 4
    answer(shop)
    assert known(shop)["versions"] != before


def test_a_file_that_is_too_large_is_not_read(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody wrote that much."""
    answer(shop)
    (key, *_) = known(shop)["views"]
    for most_bytes, is_known in ((kept.MOST_BYTES, True), (10, False)):
        monkeypatch.setattr(kept, "MOST_BYTES", most_bytes)
        found = kept.Cache.open(cache_of(shop))
        assert found is not None
        assert (found.view(key) is not None) == is_known


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
