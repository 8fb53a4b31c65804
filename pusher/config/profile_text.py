"""The few Jinja forms that profiles.yml may use: `env_var()`, a choice, and filters that change one value.

Checked on the parsed text: there is nothing in it that could loop, reach into an object or build a large text.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment, nodes

FILTERS = ("d", "default", "float", "int", "lower", "string", "trim", "upper")
MAX_CHARS = 10_000


class NotForProfiles(Exception):
    """A setting uses more of Jinja than a profile may."""


def render(text: str, env_var: Callable[..., str]) -> str:
    """Return a setting with its variables filled in.

    Args:
        text: The setting as the file has it.
        env_var: Returns the value of an environment variable, given its name and perhaps a default.

    Raises:
        NotForProfiles: It uses anything but `env_var()`, choices and simple filters.
        jinja2.TemplateError: It is not Jinja, or names something that is not there.
    """
    if len(text) > MAX_CHARS:
        raise NotForProfiles(f"it is longer than {MAX_CHARS:,} characters")
    environment = _environment()
    _check(environment.parse(text))
    return environment.from_string(text, globals={"env_var": env_var}).render()


@cache
def _environment() -> Environment:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False, extensions=[])
    environment.globals.clear()
    environment.filters = {name: environment.filters[name] for name in FILTERS}
    return environment


def _arguments(call: nodes.Call) -> list[nodes.Expr]:
    return [*call.args, *(keyword.value for keyword in call.kwargs), *filter(None, (call.dyn_args, call.dyn_kwargs))]


def _check(tree: nodes.Template) -> None:
    from jinja2 import nodes

    allowed = (
        nodes.And, nodes.Call, nodes.Compare, nodes.Concat, nodes.CondExpr, nodes.Const, nodes.Filter, nodes.If,
        nodes.Keyword, nodes.Name, nodes.Not, nodes.Operand, nodes.Or, nodes.Output, nodes.TemplateData,
    )  # fmt: skip
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, allowed):
            raise NotForProfiles(f"{type(node).__name__} is not for profiles")
        if isinstance(node, nodes.Call) and not (isinstance(node.node, nodes.Name) and node.node.name == "env_var"):
            raise NotForProfiles("only env_var() can be called")
        # A name that comes from another variable would stand in an error.
        if isinstance(node, nodes.Call) and not all(isinstance(one, nodes.Const) for one in _arguments(node)):
            raise NotForProfiles("env_var() takes a name and a default as they are written")
