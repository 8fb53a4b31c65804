"""profiles.yml: which warehouse, and which account at each destination.

Found as dbt finds it: `--profiles-dir`, `DBT_PROFILES_DIR`, the project's folder, `~/.dbt`.
Only the chosen target is rendered, so a missing variable of another target never stops a run.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pusher.config.profile_text import NotForProfiles, render
from pusher.config.strict_yaml import Document, KeyPath, load_yaml, suggest
from pusher.errors import ConfigError, Problem

PROFILES_FILE = "profiles.yml"
_TOKEN = "access_token"  # noqa: S105 -- the name of a key
_AS_EXAMPLE = "Write it as in profiles.yml.example."
MOST_THREADS = 256
"""DuckDB starts as many as it is told, whatever the machine can bear."""
_OUTPUT_KEYS = {"type", "path", "schema", "threads", "settings", "memory_limit"}
_OUTPUT_KEYS_REFUSED = {"extensions", "attach", "secrets", "plugins", "filesystems", "is_ducklake", "remote"}
# What a model run may tune; everything else would loosen the hardening of the connection.
ALLOWED_ENGINE_SETTINGS = {
    "memory_limit",
    "threads",
    "timezone",
    "preserve_insertion_order",
    "temp_directory",
}


class Secret:
    """A value that never shows itself by accident."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value, for the one place that sends it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(****)"

    __str__ = __repr__

    def __bool__(self) -> bool:
        return bool(self._value)


@dataclass(frozen=True, slots=True)
class DestinationSettings:
    """The `pusher:` block of one destination for the chosen target.

    Attributes:
        name: Destination, such as `tiktok`.
        base_url: `sandbox`, a URL up to and including the version, or None for the real API.
        access_token: Token from the profile, if it gives one.
        values: The destination's other settings, as written; a token inside one of them is a `Secret`.
        document: The file, for messages.
        path: Key path of the block in the file.
    """

    name: str
    base_url: str | None
    access_token: Secret | None
    values: Mapping[str, Any]
    document: Document
    path: KeyPath


@dataclass(frozen=True, slots=True)
class Profile:
    """The chosen target.

    Attributes:
        name: Profile name.
        target: Target name.
        database: DuckDB file, absolute, or `:memory:`.
        schema: Schema for relations.
        threads: DuckDB threads, or None for its default.
        engine_settings: Further DuckDB settings.
        ledger_id: Expected ledger, if the profile pins one.
        destinations: Settings by destination name.
    """

    name: str
    target: str
    database: str
    schema: str
    threads: int | None
    engine_settings: Mapping[str, str]
    ledger_id: str | None
    destinations: Mapping[str, DestinationSettings]


def find_profiles_file(project_root: Path, profiles_dir: Path | None) -> Path:
    """Return the profiles.yml that counts.

    Raises:
        ConfigError: There is none; the message names every place that was looked at.
    """
    if profiles_dir is not None:
        places = [profiles_dir]
    elif os.environ.get("DBT_PROFILES_DIR"):
        places = [Path(os.environ["DBT_PROFILES_DIR"])]
    else:
        places = [project_root, Path.home() / ".dbt"]
    for place in places:
        if (place / PROFILES_FILE).is_file():
            return place / PROFILES_FILE
    looked = ", ".join("the project's folder" if place == project_root else str(place) for place in places)
    raise ConfigError(
        Problem(
            "no-profile",
            f"No {PROFILES_FILE} found; looked in {looked}.",
            fix=f"Copy profiles.yml.example to {PROFILES_FILE}, or pass --profiles-dir.",
        )
    )


def _render(value: Any, document: Document, path: KeyPath) -> Any:
    if isinstance(value, dict):
        return {key: _render(item, document, (*path, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_render(item, document, (*path, number)) for number, item in enumerate(value)]
    if not isinstance(value, str) or "{" not in value:
        return value
    from jinja2 import TemplateError

    def env_var(name: str, default: str | None = None) -> str:
        value = os.environ.get(name, default)
        if value is None:
            fix = f"Set it: export {name}=..., or give a default: env_var('{name}', '...')."
            if path[-1:] == (_TOKEN,):
                fix = "Set it, or leave `access_token` out and authorise with `pusher auth login`."
            raise ConfigError(document.problem("no-env-var", f"Environment variable {name} is not set.", path, fix))
        return value

    try:
        return render(value, env_var)
    except (
        NotForProfiles,
        TemplateError,
        RecursionError,
        TypeError,
        ValueError,
        ArithmeticError,
        LookupError,
    ) as error:
        # None of them quotes a value: names and defaults of variables are written in the file.
        message = f"Cannot render this setting: {str(error).rstrip('.')}."
        raise ConfigError(document.problem("jinja", message, path, "Profiles know only env_var().")) from None


def _section(document: Document, holder: Mapping[str, Any], path: KeyPath, what: str) -> dict[str, Any]:
    key = str(path[-1])
    if key not in holder:
        # The block `pusher` at the top is ours, and no profile.
        known = sorted(str(name) for name in holder if len(path) > 1 or name != "pusher")
        near = suggest(key, known)
        fix = f"Did you mean `{near}`?" if near else f"Known: {', '.join(known) or 'none'}."
        raise ConfigError(document.problem("no-profile", f"{what} `{key}` is not in {document.file}.", path[:-1], fix))
    value = holder[key]
    if not isinstance(value, dict):
        raise ConfigError(document.problem("wrong-type", f"{what} `{key}` must be a mapping.", path, _AS_EXAMPLE))
    return value


def _output(document: Document, output: Mapping[str, Any], path: KeyPath) -> None:
    problems = [
        document.problem(
            "unsupported-key", f"`{key}` is not supported.", (*path, key), "Models run without extensions."
        )
        for key in sorted(_OUTPUT_KEYS_REFUSED & output.keys())
    ]
    problems += document.unknown_keys(output, _OUTPUT_KEYS | _OUTPUT_KEYS_REFUSED, path)
    if output.get("type") != "duckdb":
        problems.append(
            document.problem("wrong-value", "`type` must be duckdb.", (*path, "type"), "Write type: duckdb.")
        )
    problems += _check_threads(document, output, path)
    for key in ("path", "schema"):
        if key in output and not isinstance(output[key], str):
            problems.append(document.problem("wrong-type", f"`{key}` must be text.", (*path, key), "Quote it."))
    settings = output.get("settings") or {}
    if not isinstance(settings, dict):
        known = ", ".join(sorted(ALLOWED_ENGINE_SETTINGS))
        message, fix = "`settings` must be a mapping.", f"Known settings: {known}."
        problems.append(document.problem("wrong-type", message, (*path, "settings"), fix))
    else:
        problems += document.unknown_keys(settings, ALLOWED_ENGINE_SETTINGS, (*path, "settings"))
        # DuckDB takes numbers as text too.
        given = settings.get("threads")
        number = int(given) if isinstance(given, str) and given.isdecimal() else given
        problems += _check_threads(document, {"threads": number}, (*path, "settings"))
    if problems:
        raise ConfigError(*problems)


def _check_threads(document: Document, found: Mapping[str, Any], path: KeyPath) -> list[Problem]:
    threads = found.get("threads")
    if threads is None or (isinstance(threads, int) and not isinstance(threads, bool) and 1 <= threads <= MOST_THREADS):
        return []
    message, fix = f"`threads` must be a whole number from 1 to {MOST_THREADS}.", "Write threads: 4, or leave it out."
    return [document.problem("wrong-type", message, (*path, "threads"), fix)]


def _destinations(document: Document, target: str) -> tuple[dict[str, DestinationSettings], str | None]:
    block = document.value.get("pusher") or {}
    if not isinstance(block, dict):
        message = "`pusher` must be a mapping of targets."
        raise ConfigError(document.problem("wrong-type", message, ("pusher",), _AS_EXAMPLE))
    path: KeyPath = ("pusher", target)
    mine = _render(block.get(target) or {}, document, path)
    if not isinstance(mine, dict):
        raise ConfigError(document.problem("wrong-type", f"`{target}` must be a mapping.", path, _AS_EXAMPLE))
    ledger_id = mine.pop("ledger_id", None)
    if ledger_id is not None and not isinstance(ledger_id, str):
        raise ConfigError(
            document.problem("wrong-type", "`ledger_id` must be text.", (*path, "ledger_id"), "Quote it.")
        )
    found = {}
    for name, given in mine.items():
        here = (*path, name)
        if not isinstance(given, dict):
            raise ConfigError(document.problem("wrong-type", f"`{name}` must be a mapping.", here, _AS_EXAMPLE))
        values = {key: _hidden(document, value, (*here, key)) for key, value in given.items()}
        base_url, token = values.pop("base_url", None), values.pop(_TOKEN, None)
        for key, value in (("base_url", base_url), (_TOKEN, token)):
            _check_text(document, value, (*here, key))
        found[name] = DestinationSettings(
            name=name,
            base_url=base_url,
            access_token=Secret(token) if token else None,
            values=values,
            document=document,
            path=here,
        )
    return found, ledger_id


def _hidden(document: Document, value: Any, path: KeyPath) -> Any:
    """Return a value whose access token, if it is a part of the block and has one, shows itself nowhere."""
    if not isinstance(value, dict) or value.get(_TOKEN) is None:
        return value
    token = value[_TOKEN]
    _check_text(document, token, (*path, _TOKEN))
    return {**value, _TOKEN: Secret(token) if token else None}


def _check_text(document: Document, value: Any, path: KeyPath) -> None:
    if value is not None and not isinstance(value, str):
        raise ConfigError(document.problem("wrong-type", f"`{path[-1]}` must be text.", path, "Quote it."))


def load_profile(*, project_root: Path, profile_name: str, profiles_dir: Path | None, target: str | None) -> Profile:
    """Read the chosen target of the project's profile.

    Raises:
        ConfigError: No file, no such profile or target, an unset variable, or a wrong key.
    """
    path = find_profiles_file(project_root, profiles_dir)
    document = load_yaml(path, PROFILES_FILE)
    if not isinstance(document.value, dict):
        raise ConfigError(document.problem("wrong-type", "The file must be a mapping of profiles.", (), _AS_EXAMPLE))
    profile = _section(document, document.value, (profile_name,), "Profile")
    chosen = target or _render(profile.get("target", "default"), document, (profile_name, "target"))
    outputs = _section(document, profile, (profile_name, "outputs"), "Key")
    here: KeyPath = (profile_name, "outputs", chosen)
    output = _render(_section(document, outputs, here, "Target"), document, here)
    _output(document, output, here)
    database = output.get("path", ":memory:")
    if database != ":memory:":
        database = str((project_root / Path(database).expanduser()).resolve())
    settings = {key: str(value) for key, value in (output.get("settings") or {}).items()}
    if "memory_limit" in output:
        settings["memory_limit"] = str(output["memory_limit"])
    destinations, ledger_id = _destinations(document, chosen)
    return Profile(
        name=profile_name,
        target=chosen,
        database=database,
        schema=output.get("schema", "main"),
        threads=output.get("threads"),
        engine_settings=settings,
        ledger_id=ledger_id,
        destinations=destinations,
    )
