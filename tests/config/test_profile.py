"""profiles.yml: where it is found, what the chosen target says, and every problem with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from pusher.config import Profile, Secret, load_profile
from pusher.errors import ConfigError
from tests.conftest import ProjectFactory

Told = tuple[str, str, str, str | None]
TWO_TARGETS = """\
shop:
  target: "{{ env_var('SHOP_TARGET', 'dev') }}"
  outputs:
    dev: {type: duckdb, path: data/shop.duckdb, threads: 4, schema: sales, memory_limit: 1GB}
    prod:
      type: duckdb
      path: "{{ env_var('SHOP_DATABASE') }}"
      settings: {timezone: UTC, threads: 2}
pusher:
  dev:
    tiktok: {base_url: sandbox, event_set_id: "7654321098765432109"}
  prod:
    ledger_id: l-1
    tiktok:
      access_token: "{{ env_var('SHOP_TOKEN') }}"
      advertiser_ids: ["{{ env_var('SHOP_ADVERTISER', '1111111111111111111') }}"]
"""


def load(root: Path, *, profiles_dir: Path | None = None, target: str | None = None) -> Profile:
    """Load the profile `shop`."""
    return load_profile(project_root=root, profile_name="shop", profiles_dir=profiles_dir, target=target)


def refused(root: Path, *, profiles_dir: Path | None = None, target: str | None = None) -> list[Told]:
    """Return code, place, message and fix of every problem."""
    with pytest.raises(ConfigError) as caught:
        load(root, profiles_dir=profiles_dir, target=target)
    return [(one.code, one.place, one.message, one.fix) for one in caught.value.problems]


def shown(profile: Profile) -> tuple[object, ...]:
    """Return a profile's plain values."""
    return (
        profile.target,
        profile.database,
        profile.schema,
        profile.threads,
        dict(profile.engine_settings),
        profile.ledger_id,
        {name: (one.base_url, bool(one.access_token), dict(one.values)) for name, one in profile.destinations.items()},
    )


def test_the_default_target_is_read(project: ProjectFactory) -> None:
    """Paths are relative to the project, and a variable that only another target needs may be unset."""
    root = project({"profiles.yml": TWO_TARGETS})
    assert shown(load(root)) == (
        "dev",
        str(root / "data/shop.duckdb"),
        "sales",
        4,
        {"memory_limit": "1GB"},
        None,
        {"tiktok": ("sandbox", False, {"event_set_id": "7654321098765432109"})},
    )


def test_a_chosen_target_is_rendered(project: ProjectFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables and their defaults are filled in, at every depth; the token stays hidden."""
    root = project({"profiles.yml": TWO_TARGETS})
    monkeypatch.setenv("SHOP_DATABASE", "/data/shop.duckdb")
    monkeypatch.setenv("SHOP_TOKEN", "secret-token")
    monkeypatch.setenv("SHOP_TARGET", "prod")
    expected = (
        "prod",
        "/data/shop.duckdb",
        "main",
        None,
        {"timezone": "UTC", "threads": "2"},
        "l-1",
        {"tiktok": (None, True, {"advertiser_ids": ["1111111111111111111"]})},
    )
    profile = load(root)
    token = profile.destinations["tiktok"].access_token
    assert (shown(profile), shown(load(root, target="prod"))) == (expected, expected)
    assert (token is not None and token.reveal(), "secret-token" in repr(profile)) == ("secret-token", False)


def test_a_secret_never_shows_itself() -> None:
    """Text, representation and formatting all hide it."""
    secret = Secret("value")
    assert (str(secret), repr(secret), f"{secret}", f"{[secret]}", bool(secret), bool(Secret(""))) == (
        "Secret(****)",
        "Secret(****)",
        "Secret(****)",
        "[Secret(****)]",
        True,
        False,
    )


def test_an_unset_variable_is_named_with_its_place(project: ProjectFactory) -> None:
    """Only for the chosen target, with the line of the setting."""
    assert refused(project({"profiles.yml": TWO_TARGETS}), target="prod") == [
        (
            "no-env-var",
            "profiles.yml:7:7",
            "Environment variable SHOP_DATABASE is not set.",
            "Set it: export SHOP_DATABASE=..., or give a default: env_var('SHOP_DATABASE', '...').",
        )
    ]


def test_profiles_are_found_as_dbt_finds_them(
    project: ProjectFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The option wins over the variable, that over the project's folder, that over ~/.dbt."""
    root = project({})
    monkeypatch.setenv("HOME", str(tmp_path))
    places = {"option": tmp_path / "option", "variable": tmp_path / "variable", "home": tmp_path / ".dbt"}
    for schema, place in places.items():
        place.mkdir()
        text = f"shop: {{target: dev, outputs: {{dev: {{type: duckdb, schema: {schema}}}}}}}"
        (place / "profiles.yml").write_text(text, encoding="utf-8")
    found = [load(root).schema]
    (root / "profiles.yml").unlink()
    found.append(load(root).schema)
    monkeypatch.setenv("DBT_PROFILES_DIR", str(places["variable"]))
    found += [load(root).schema, load(root, profiles_dir=places["option"]).schema]
    assert found == ["main", "home", "variable", "option"]


def test_a_missing_profile_names_every_place(
    project: ProjectFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where an option or a variable names a folder, no other place is tried."""
    root = project({})
    (root / "profiles.yml").unlink()
    monkeypatch.setenv("HOME", str(tmp_path))
    fix = "Copy profiles.yml.example to profiles.yml, or pass --profiles-dir."
    places = f"the project's folder, {tmp_path}/.dbt"
    assert refused(root) == [("no-profile", "", f"No profiles.yml found; looked in {places}.", fix)]
    nowhere = tmp_path / "nowhere"
    assert refused(root, profiles_dir=nowhere) == [
        ("no-profile", "", f"No profiles.yml found; looked in {nowhere}.", fix)
    ]


OUTPUT = "shop:\n  target: dev\n  outputs:\n    dev:\n"
AS_EXAMPLE = "Write it as in profiles.yml.example."
SETTINGS = "memory_limit, preserve_insertion_order, temp_directory, threads, timezone"
MOST = "`threads` must be a whole number from 1 to 256."
NO_EXTENSIONS = "Models run without extensions."
CASES: dict[str, tuple[str, list[Told]]] = {
    "a list": ("[a]", [("wrong-type", "profiles.yml:1:1", "The file must be a mapping of profiles.", AS_EXAMPLE)]),
    "no such profile": (
        "shopp: {}\n",
        [("no-profile", "profiles.yml:1:1", "Profile `shop` is not in profiles.yml.", "Did you mean `shopp`?")],
    ),
    "only others": (
        "mart: {}\npusher: {dev: {}}\n",
        [("no-profile", "profiles.yml:1:1", "Profile `shop` is not in profiles.yml.", "Known: mart.")],
    ),
    "no profile at all": (
        "",
        [("no-profile", "profiles.yml:1:1", "Profile `shop` is not in profiles.yml.", "Known: none.")],
    ),
    "profile of text": (
        "shop: dev\n",
        [("wrong-type", "profiles.yml:1:1", "Profile `shop` must be a mapping.", AS_EXAMPLE)],
    ),
    "no outputs": (
        "a: 1\nshop:\n  output: {}\n",
        [("no-profile", "profiles.yml:2:1", "Key `outputs` is not in profiles.yml.", "Did you mean `output`?")],
    ),
    "no such target": (
        "shop:\n  target: prdo\n  outputs:\n    prod: {type: duckdb}\n",
        [("no-profile", "profiles.yml:3:3", "Target `prdo` is not in profiles.yml.", "Did you mean `prod`?")],
    ),
    "all of an output": (
        OUTPUT + "      type: postgres\n      thread: 4\n      path: 5\n      schema: NO\n      threads: 0\n"
        "      extensions: [httpfs]\n      settings: {enable_external_access: true}\n",
        [
            ("unsupported-key", "profiles.yml:10:7", "`extensions` is not supported.", NO_EXTENSIONS),
            ("unknown-key", "profiles.yml:6:7", "Unknown key `thread`.", "Did you mean `threads`?"),
            ("wrong-value", "profiles.yml:5:7", "`type` must be duckdb.", "Write type: duckdb."),
            (
                "wrong-type",
                "profiles.yml:9:7",
                MOST,
                "Write threads: 4, or leave it out.",
            ),
            ("wrong-type", "profiles.yml:7:7", "`path` must be text.", "Quote it."),
            ("wrong-type", "profiles.yml:8:7", "`schema` must be text.", "Quote it."),
            (
                "unknown-key",
                "profiles.yml:11:18",
                "Unknown key `enable_external_access`.",
                "Known keys: memory_limit, preserve_insertion_order, temp_directory, threads, timezone.",
            ),
        ],
    ),
    "more threads than a machine can bear": (
        OUTPUT + "      {type: duckdb, threads: 257, settings: {threads: '0'}}\n",
        [
            ("wrong-type", "profiles.yml:5:22", MOST, "Write threads: 4, or leave it out."),
            ("wrong-type", "profiles.yml:5:47", MOST, "Write threads: 4, or leave it out."),
        ],
    ),
    "settings of text": (
        OUTPUT + "      {type: duckdb, settings: fast}\n",
        [("wrong-type", "profiles.yml:5:22", "`settings` must be a mapping.", f"Known settings: {SETTINGS}.")],
    ),
    "destinations of text": (
        OUTPUT + "      {type: duckdb}\npusher: sandbox\n",
        [("wrong-type", "profiles.yml:6:1", "`pusher` must be a mapping of targets.", AS_EXAMPLE)],
    ),
    "target's destinations of text": (
        OUTPUT + "      {type: duckdb}\npusher:\n  dev: sandbox\n",
        [("wrong-type", "profiles.yml:7:3", "`dev` must be a mapping.", AS_EXAMPLE)],
    ),
    "destination of text": (
        OUTPUT + "      {type: duckdb}\npusher:\n  dev:\n    tiktok: sandbox\n",
        [("wrong-type", "profiles.yml:8:5", "`tiktok` must be a mapping.", AS_EXAMPLE)],
    ),
    "token of digits": (
        OUTPUT + "      {type: duckdb}\npusher:\n  dev:\n    tiktok:\n      access_token: 12345\n",
        [("wrong-type", "profiles.yml:9:7", "`access_token` must be text.", "Quote it.")],
    ),
    "ledger of digits": (
        OUTPUT + "      {type: duckdb}\npusher:\n  dev:\n    ledger_id: 12345\n",
        [("wrong-type", "profiles.yml:8:5", "`ledger_id` must be text.", "Quote it.")],
    ),
    "unknown function": (
        OUTPUT + "      type: duckdb\n      path: \"{{ evn_var('X') }}\"\n",
        [
            (
                "jinja",
                "profiles.yml:6:7",
                "Cannot render this setting: only env_var() can be called.",
                "Profiles know only env_var().",
            )
        ],
    ),
    "unfinished expression": (
        OUTPUT + '      type: duckdb\n      path: "{{ env_var("\n',
        [
            (
                "jinja",
                "profiles.yml:6:7",
                "Cannot render this setting: unexpected 'end of template'.",
                "Profiles know only env_var().",
            )
        ],
    ),
    "impossible expression": (
        OUTPUT + '      type: duckdb\n      path: "{{ 1 / 0 }}"\n',
        [
            (
                "jinja",
                "profiles.yml:6:7",
                "Cannot render this setting: Div is not for profiles.",
                "Profiles know only env_var().",
            )
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", list(CASES))
def test_a_wrong_profile_is_refused_with_all_its_problems(case: str, project: ProjectFactory) -> None:
    """Kind, place, message and remedy; nothing ends in a traceback."""
    text, expected = CASES[case]
    assert refused(project({"profiles.yml": text})) == expected


def test_an_error_does_not_show_a_variables_value(project: ProjectFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token is never the name of something that is not there."""
    monkeypatch.setenv("SHOP_TOKEN", "secret-token")
    text = OUTPUT + "      type: duckdb\n      path: \"{{ env_var(env_var('SHOP_TOKEN')) }}\"\n"
    ((code, _, message, _),) = refused(project({"profiles.yml": text}))
    said = "Cannot render this setting: env_var() takes a name and a default as they are written."
    assert (code, message) == ("jinja", said)


def test_a_profile_without_a_block_of_ours_has_no_destination(project: ProjectFactory) -> None:
    """A profile that is dbt's alone can be read; only what needs a destination asks for one."""
    profile = load(project({"profiles.yml": OUTPUT + "      {type: duckdb}\n"}))
    assert (profile.database, profile.destinations) == (":memory:", {})
