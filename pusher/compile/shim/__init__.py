"""Macros that many projects call: those of dbt itself, and those of dbt_utils."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import resources
from types import CodeType
from typing import Any

from jinja2.runtime import Macro

from pusher.compile.shim import columns, queries
from pusher.config import suggest

_OWN = re.findall(r"macro (\w+)", resources.files(__package__).joinpath("dbt.sql").read_text("utf-8"))
PACKAGES = frozenset({"dbt", "dbt_utils"})
"""Packages that are here."""
NAMES = frozenset((*PACKAGES, *_OWN))
"""What a template may call: the packages, and dbt's own macros without its name."""
_NO_LETTERS = re.compile(r"[ -]+")
_OTHER = re.compile(r"[^a-z0-9_]+")


class UnsupportedMacro(Exception):
    """A template calls a macro that its package does not have here.

    Attributes:
        macro: Name of the macro.
        fix: What to do.
    """

    def __init__(self, package: str, macro: str, known: Iterable[str]) -> None:
        super().__init__(f"`{package}.{macro}` is not supported.")
        near = suggest(macro, known)
        self.macro = macro
        self.fix = f"Did you mean `{near}`?" if near else f"Known: {', '.join(sorted(known))}."


class Package:
    """Macros of a package, reached as `package.macro(...)`.

    Args:
        name: Name of the package.
        macros: Its macros by name.
    """

    def __init__(self, name: str, macros: Mapping[str, Any]) -> None:
        self._name, self._macros = name, macros

    def __getattr__(self, macro: str) -> Any:
        """Return a macro, or for a name that is none what says so when it is called."""
        if macro.startswith("_"):
            raise AttributeError(macro)

        def refuse(*_: Any, **__: Any) -> Any:
            raise UnsupportedMacro(self._name, macro, list(self._macros))

        return self._macros.get(macro, refuse)

    def overridden(self, macro: str, replacement: Callable[..., Any]) -> Package:
        """Return the package with another macro in place of one."""
        return Package(self._name, {**self._macros, macro: replacement})


def slugify(text: str) -> str:
    """Return a text as a name: lower case, underscores for blanks, and no digit first."""
    slug = _OTHER.sub("", _NO_LETTERS.sub("_", str(text).lower()))
    return f"_{slug}" if slug[:1].isdigit() else slug


def is_named_in(code: CodeType) -> bool:
    """Whether the code of a template looks any of these names up."""
    return not NAMES.isdisjoint(_looked_up(code))


def _looked_up(code: CodeType) -> Iterator[str]:
    """Yield the names of a template's variables: Jinja calls them `l_0_name`; the names of filters are constants."""
    for variable in (*code.co_varnames, *code.co_cellvars, *code.co_freevars):
        if variable.startswith("l_"):
            yield variable.partition("_")[2].partition("_")[2]
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _looked_up(constant)


def names(
    load: Callable[..., dict[str, Macro]], columns_of: columns.Columns, run_query: Callable[[Any], Any]
) -> dict[str, Any]:
    """Return the names that templates get: the packages, and dbt's own macros by themselves as well.

    Args:
        load: Returns the macros of a file of this package, given its path and further names that it knows.
        columns_of: Returns the columns of a relation.
        run_query: dbt's word.
    """
    dbt = load("shim/dbt.sql")
    written = load("shim/dbt_utils.sql", {"slugify": slugify})
    utils = {**written, **columns.macros(columns_of), **queries.macros(run_query), "slugify": slugify}
    return {**dbt, "dbt": Package("dbt", dbt), "dbt_utils": Package("dbt_utils", utils)}
