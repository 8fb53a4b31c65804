"""Which commands keep what templates rendered to, and for whom."""

from __future__ import annotations

import pytest

from pusher.compile.kept import FILE
from pusher.settings.access import USER_VARIABLE
from tests.cli.conftest import Shop

ROLES = """\
roles:
  engineers: {users: [ana], orchestrations: [tiktok]}
  analysts: {users: [ben], orchestrations: [tiktok], restrict_pii: true}
"""


def test_a_compile_keeps_what_the_next_command_takes(shop: Shop) -> None:
    """The project is the same; a command that only shows something keeps nothing of its own."""
    kept = shop.root / "target" / FILE
    first = shop("ls", "--json").json
    assert not kept.exists()

    assert shop("compile").code == 0
    content = kept.read_bytes()

    assert shop("ls", "--json").json == first
    assert shop("compile").code == 0
    assert kept.read_bytes() == content


def test_lint_without_its_cache_keeps_nothing(shop: Shop) -> None:
    """Nor does it take what another command kept."""
    kept = shop.root / "target" / FILE

    without = shop("lint", "--no-cache", "--json").json
    assert not kept.exists()
    found = shop("lint", "--json").json

    assert kept.exists()
    assert found == without


def test_who_may_see_no_personal_data_keeps_no_texts_of_models(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A literal in one may be a person's; what such a user writes is screened, and this would not be."""
    (shop.root / "pusher.yml").write_text(ROLES, encoding="utf-8")

    monkeypatch.setenv(USER_VARIABLE, "ben")
    assert shop("compile").code == 0
    assert [path.name for path in (shop.root / "target").glob("*.json")] == ["manifest.json"]

    monkeypatch.setenv(USER_VARIABLE, "ana")
    assert shop("compile").code == 0
    assert (shop.root / "target" / FILE).exists()
