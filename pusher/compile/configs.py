"""The configuration of a model: which keys exist, and how its three places merge."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple

from pusher.compile import hooks
from pusher.config import Document, ProjectFile, suggest
from pusher.errors import Problem

MATERIALIZATIONS = ("view", "table", "incremental", "ephemeral")
STRATEGIES = ("append", "delete+insert", "merge")
SCHEMA_CHANGES = ("ignore", "fail", "append_new_columns", "sync_all_columns")
_REFUSED_MATERIALIZATIONS = (
    "materialized_view",
    "external",
    "snapshot",
    "seed",
    "test",
    "dynamic_table",
)
KNOWN_KEYS = frozenset(
    {
        "materialized", "alias", "schema", "tags", "enabled", "meta", "description", "docs", "persist_docs", "contract",
        "full_refresh", "incremental_strategy", "unique_key", "on_schema_change",
        *hooks.SPELLINGS,
    }
)  # fmt: skip
REFUSED_KEYS = frozenset(
    {
        "on_configuration_change", "sql_header", "database", "grants", "group", "access", "freshness",
        "event_time", "batch_size", "lookback", "begin", "location", "format", "options", "partition_by", "indexes",
        "packages", "plugin", "quoting", "strategy", "updated_at", "check_cols", "incremental_predicates", "predicates",
        "merge_update_columns", "merge_exclude_columns",
    }
)  # fmt: skip


def place(document: Document, path: tuple[str | int, ...], *further: int) -> Problem:
    """Return a problem that says nothing, with the place of an entry."""
    return document.problem("", "", (*path, *further))


def check_key(key: str) -> Problem | None:
    """Return what is wrong with a configuration key, without a place, or None."""
    if key in KNOWN_KEYS:
        return None
    if key in REFUSED_KEYS:
        return Problem(
            "unsupported-config",
            f"`{key}` is not supported.",
            fix=f"Remove it; models are {_listed(MATERIALIZATIONS)}.",
        )
    near = suggest(key, KNOWN_KEYS)
    fix = f"Did you mean `{near}`?" if near else "Put settings of your own under `meta`."
    return Problem("unknown-config", f"Unknown configuration key `{key}`.", fix=fix)


def check(key: str, value: Any) -> Problem | None:
    """Return what is wrong with a key or its value, without a place, or None."""
    return check_key(key) or check_value(key, value)


def check_value(key: str, value: Any) -> Problem | None:
    """Return what is wrong with the value of a known key, without a place, or None."""
    return _check_choice(key, value) if key in _CHOICES else check_type(key, value)


def check_type(key: str, value: Any) -> Problem | None:
    """Return what is wrong with the type of a value, without a place, or None."""
    if key not in _TYPES or _TYPES[key][0](value):
        return None
    _, wanted, fix = _TYPES[key]
    return Problem("wrong-type", f"`{key}` must be {wanted}.", fix=fix)


def _listed(words: tuple[str, ...]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"


class _Choice(NamedTuple):
    """The words that a key takes.

    Attributes:
        what: Name of the key in a sentence.
        words: Those that work.
        refused: Those of dbt that do not.
        optional: Whether the key may be null.
    """

    what: str
    words: tuple[str, ...]
    refused: tuple[str, ...] = ()
    optional: bool = True


_CHOICES = {
    "materialized": _Choice("Materialization", MATERIALIZATIONS, _REFUSED_MATERIALIZATIONS, optional=False),
    "incremental_strategy": _Choice("Strategy", STRATEGIES, ("microbatch", "insert_overwrite")),
    "on_schema_change": _Choice("Value of on_schema_change", SCHEMA_CHANGES),
}


def _check_choice(key: str, value: Any) -> Problem | None:
    choice = _CHOICES[key]
    if value in choice.words or (value is None and choice.optional):
        return None
    use = f"Use {_listed(choice.words)}."
    if value in choice.refused:
        return Problem("unsupported-config", f"{choice.what} `{value}` is not supported.", fix=use)
    near = suggest(str(value), choice.words)
    what = f"{choice.what[:1].lower()}{choice.what[1:]}"
    return Problem("unknown-config", f"Unknown {what} `{value}`.", fix=f"Did you mean `{near}`?" if near else use)


def check_together(config: Mapping[str, Any]) -> Problem | None:
    """Return what is wrong with a model's merged configuration as a whole, without a place, or None."""
    strategy = config.get("incremental_strategy")
    if config.get("materialized") != "incremental" or strategy in {None, "append"} or config.get("unique_key"):
        return None
    # dbt would add all rows, as append does; a project that says merge does not mean that.
    message = f"Strategy `{strategy}` needs `unique_key`: without one it would only add rows."
    return Problem("missing-config", message, fix="Give unique_key, or write incremental_strategy='append'.")


def _is_text(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _is_texts(value: Any) -> bool:
    several = isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value)
    return several or isinstance(value, str)


_HOOKS = "a statement, a mapping with `sql`, or a list of these"
_TYPES: Mapping[str, tuple[Callable[[Any], bool], str, str]] = {
    **dict.fromkeys(hooks.SPELLINGS, (hooks.is_written, _HOOKS, "Write post_hook='analyze {{ this }}'.")),
    "meta": (lambda value: isinstance(value, Mapping), "a mapping", "Write meta={'pusher': {...}}."),
    "enabled": (lambda value: isinstance(value, bool), "true or false", "Remove the quotes."),
    "alias": (_is_text, "text", "Quote it."),
    "schema": (_is_text, "text", "Quote it."),
    "tags": (_is_texts, "text or a list of texts", "Write tags=['a', 'b']."),
    "unique_key": (
        lambda value: value is None or _is_texts(value),
        "a column or a list of columns",
        "Write unique_key='order_id' or unique_key=['order_id', 'day'].",
    ),
    "contract": (
        lambda value: (
            isinstance(value, Mapping)
            and value.keys() <= {"enforced", "alias_types"}
            and all(isinstance(one, bool) for one in value.values())
        ),
        "a mapping with `enforced`",
        "Write contract: {enforced: true}.",
    ),
    "full_refresh": (lambda value: value is None or isinstance(value, bool), "true or false", "Remove the quotes."),
}


class Keys(NamedTuple):
    """The settings of one kind of file.

    Attributes:
        known: Those that exist.
        refused: Those of dbt that do not.
        check: Says what is wrong with a key and its value, without a place.
    """

    known: frozenset[str]
    refused: frozenset[str]
    check: Callable[[str, Any], Problem | None]


MODEL_KEYS = Keys(KNOWN_KEYS, REFUSED_KEYS, check)


def merge(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Merge configurations as dbt does: tags and hooks add up, meta merges by key, the rest is overridden."""
    merged: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            if key == "tags":
                new = [value] if isinstance(value, str) else list(value)
                merged["tags"] = sorted({*merged.get("tags", []), *new})
            elif key == "meta":
                merged["meta"] = {**merged.get("meta", {}), **value}
            elif key in hooks.SPELLINGS:
                merged[key] = [*merged.get(key, []), *value]
            else:
                merged[key] = value
    return merged


class FolderConfigs:
    """The `models:` or `seeds:` tree of dbt_project.yml.

    Args:
        project: The file.
        top: Key of the tree.
        tree: What stands there.
        keys: The settings that it may give.
        name: Name of the project or package that the settings are for.
        others: Names of all others, whose settings stand there too.
        folders: Folder tuples with names of files, to find entries that configure nothing.
        render: Renders Jinja in a value.
    """

    def __init__(
        self,
        project: ProjectFile,
        top: str,
        tree: Mapping[str, Any],
        keys: Keys,
        *,
        name: str,
        others: Collection[str],
        folders: Iterable[tuple[str, ...]],
        render: Callable[[Any, Document, tuple[str | int, ...]], Any],
    ) -> None:
        self.problems: list[Problem] = []
        self._document = project.document
        self._render, self._keys = render, keys
        self._paths = {path[:depth] for path in folders for depth in range(len(path) + 1)}
        self._configs: dict[tuple[str, ...], dict[str, Any]] = {}
        everywhere: dict[str, Any] = {}
        for key, value in tree.items():
            if str(key).startswith("+"):
                everywhere[str(key)] = value
            elif key == name and isinstance(value, Mapping):
                self._read(value, (), (top, key))
            elif key not in others:
                near = suggest(str(key), [name, *others])
                fix = f"Did you mean `{near}`?" if near else f"Settings go under `{project.name}`, the project's name."
                self.problems.append(
                    self._document.problem("unknown-key", f"Unknown project `{key}`.", (top, key), fix)
                )
        self._everywhere = self._settings(everywhere, (top,))

    def _settings(self, given: Mapping[str, Any], path: tuple[str | int, ...]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, raw in given.items():
            name = key.removeprefix("+")
            is_hook = name in hooks.SPELLINGS
            # A hook is rendered with its model.
            value = raw if is_hook else self._render(raw, self._document, (*path, key))
            problem = self._keys.check(name, value)
            if problem is None and is_hook:
                more = hooks.written(value, partial(place, self._document, (*path, key)))
                found = merge(found, {hooks.SPELLINGS[name]: more})
            elif problem is None:
                found[name] = value
            else:
                self.problems.append(self._document.problem(problem.code, problem.message, (*path, key), problem.fix))
        return found

    def _read(self, tree: Mapping[str, Any], folder: tuple[str, ...], path: tuple[str | int, ...]) -> None:
        settings: dict[str, Any] = {}
        for raw_key, value in tree.items():
            key = str(raw_key)
            known = key in self._keys.known | self._keys.refused and (*folder, key) not in self._paths
            if key.startswith("+") or known:
                settings[key] = value
            elif isinstance(value, Mapping) and (*folder, key) in self._paths:
                self._read(value, (*folder, key), (*path, key))
            else:
                siblings = [
                    entry[-1] for entry in self._paths if entry[:-1] == folder and len(entry) == len(folder) + 1
                ]
                near = suggest(key, [*siblings, *self._keys.known])
                fix = (
                    f"Did you mean `{near}`?"
                    if near
                    else f"Folders and files here: {', '.join(sorted(siblings)) or 'none'}."
                )
                message = f"`{key}` is neither a folder, a file nor a setting."
                self.problems.append(self._document.problem("unknown-key", message, (*path, key), fix))
        self._configs[folder] = self._settings(settings, path)

    def of(self, fqn: tuple[str, ...]) -> dict[str, Any]:
        """Return the merged settings for a model, by its folders and name."""
        layers = [self._configs.get(fqn[:depth], {}) for depth in range(len(fqn) + 1)]
        return merge(self._everywhere, *layers)
