"""Words that are values with a behaviour of their own: `config`, `this`, and words of dbt that there are not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pusher.compile.model import Relation
from pusher.errors import Problem

if TYPE_CHECKING:
    from pusher.compile.words import Words

UNSUPPORTED_WORDS = (
    "statement",
    "load_result",
    "snapshot",
    "graph",
    "flags",
    "doc",
    "metric",
    "store_result",
    "builtins",
    "invocation_id",
    "dbt_version",
    "fromyaml",
    "toyaml",
    "selected_resources",
    "dbt_metadata_envs",
)

_ASKED_BY_JINJA = frozenset({"jinja_pass_arg", "unsafe_callable", "alters_data"})


class Raised(Exception):
    """A template gave up by itself; the problem has its place."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class ConfigWord:
    """`config(...)` and `config.get(...)`."""

    __slots__ = ("_words",)

    def __init__(self, words: Words) -> None:
        self._words = words

    def __call__(self, *positional: Any, **named: Any) -> str:
        """Set what the model says of itself."""
        if len(positional) > 1 or not all(isinstance(one, Mapping) for one in positional):
            message, fix = "`config()` takes settings with their names.", "Write config(materialized='table')."
            self._words.note(Problem("wrong-call", message, fix=fix), r"\bconfig\s*\(")
            return ""
        self._words.note_config({**(positional[0] if positional else {}), **named})
        return ""

    def get(self, key: str, default: Any = None) -> Any:
        """Return a setting of the model."""
        return self._words.render.merged().get(key, default)

    def require(self, key: str) -> Any:
        """Return a setting of the model; its absence is an error."""
        found = self._words.render.merged()
        if key not in found:
            message = f"The model does not set `{key}`, which config.require() asks for."
            self._words.note(Problem("missing-config", message, fix=f"Set it: config({key}=...)."), r"config\.require")
        return found.get(key, "")


class UnsupportedWord:
    """A word of dbt's that there is not: whatever a template does with it says so."""

    __slots__ = ("_word", "_words")

    def __init__(self, words: Words, word: str) -> None:
        self._words, self._word = words, word

    def __getattr__(self, name: str) -> Any:
        # What Python and Jinja ask of every value.
        if name.startswith("_") or name in _ASKED_BY_JINJA:
            raise AttributeError(name)
        return self()

    def __call__(self, *_: Any, **__: Any) -> Any:
        """Raise that there is no such word.

        Raises:
            Raised: Always.
        """
        problem = Problem(
            "unsupported-feature", f"`{self._word}` is not supported.", fix="Write it in SQL, or use vars."
        )
        raise Raised(self._words.placed(problem, rf"\b{self._word}\b"))

    def __str__(self) -> str:
        return str(self())

    def __iter__(self) -> Any:
        return self()

    __bool__ = __getitem__ = __eq__ = __call__
    __hash__ = object.__hash__


class ThisWord:
    """`this`: always the relation of the configuration as it stands at this line."""

    __slots__ = ("_words",)

    def __init__(self, words: Words) -> None:
        self._words = words

    def _now(self) -> Relation:
        render = self._words.render
        if render.this is not None:
            return render.this
        self._words.asks("this", dict(render.config))
        return self._words.relation(render.name, render.merged())

    def __str__(self) -> str:
        return str(self._now())

    @property
    def database(self) -> str:
        """Unquoted catalog."""
        return self._now().database

    @property
    def schema(self) -> str:
        """Unquoted schema."""
        return self._now().schema

    @property
    def identifier(self) -> str:
        """Unquoted name."""
        return self._now().identifier

    name = table = identifier
