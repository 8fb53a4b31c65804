"""The Jinja sandbox: no way out, and no template that never ends or fills the memory."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from types import CodeType
from typing import Any

from jinja2 import StrictUndefined, nodes, pass_context
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.runtime import Context, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from pusher.compile.budget import (
    MAX_ITEMS,
    MAX_NUMBER,
    Budget,
    check_amplifier,
    check_input,
    check_product,
    too_large,
)

# Filters that need no SQL: they are random, write HTML, or build lists of any length.
_DROPPED_FILTERS = ("random", "urlize", "xmlattr", "pprint", "batch", "slice", "filesizeformat", "striptags")
TEST_PREFIX = "test_"
_STEP, _MADE, _INPUT = "budget step", "budget made", "budget input"


class MacroReturn(Exception):
    """Carries the value of `return()` to the caller of the macro.

    Attributes:
        value: What the macro returns.
    """

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


def _checked(value: Any) -> Any:
    check_input(value)
    return value


class _AskBudget(NodeTransformer):
    """Put the budget's questions into a parsed template, where Jinja has no hook of its own.

    Their names hold a blank, so that no template can write them.
    """

    def _step(self, node: nodes.Node, made: int = 0) -> nodes.ExprStmt:
        number = nodes.Const(made, lineno=node.lineno)
        return nodes.ExprStmt(self._filter(_STEP, number), lineno=node.lineno)

    def _filter(self, name: str, node: nodes.Expr) -> nodes.Filter:
        return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)

    def _input(self, node: nodes.Expr) -> nodes.Expr:
        return node if isinstance(node, nodes.Const) else self._filter(_INPUT, node)

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802 -- the visitor's naming
        self.generic_visit(node)
        node.body.insert(0, self._step(node))
        return node

    def visit_Output(self, node: nodes.Output) -> nodes.Node | list[nodes.Node]:  # noqa: N802 -- the visitor's naming
        self.generic_visit(node)
        made = sum(len(one.data) for one in node.nodes if isinstance(one, nodes.TemplateData))
        return [self._step(node, made), node] if made else node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Filter:  # noqa: N802 -- the visitor's naming
        self.generic_visit(node)
        node.nodes = [self._input(one) for one in node.nodes]
        return self._filter(_MADE, node)

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Expr:  # noqa: N802 -- the visitor's naming
        self.generic_visit(node)
        return self._filter(_MADE, node) if isinstance(node.arg, nodes.Slice) else node

    def visit_Compare(self, node: nodes.Compare) -> nodes.Compare:  # noqa: N802 -- the visitor's naming
        self.generic_visit(node)
        node.expr = self._input(node.expr)
        for operand in node.ops:
            operand.expr = self._input(operand.expr)
        return node


class TestTag(Extension):
    """`{% test name(model, ...) %}`: a macro under the name that dbt gives it, `test_name`."""

    tags = {"test", "data_test"}  # noqa: RUF012 -- Jinja reads it as it is

    def parse(self, parser: Parser) -> nodes.Node:
        """Read one block."""
        tag = next(parser.stream)
        node = nodes.Macro(lineno=tag.lineno)
        node.name = f"{TEST_PREFIX}{parser.parse_assign_target(name_only=True).name}"
        parser.parse_signature(node)
        node.body = parser.parse_statements((f"name:end{tag.value}",), drop_needle=True)
        return node


# A project is rendered twice, for the build and for checks without data; its templates are compiled once.
_COMPILED: dict[tuple[str, str], CodeType] = {}
MOST_COMPILED = 4_096


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja as models may use it.

    Attributes:
        budget: What the render that runs may still use.
    """

    intercepted_binops = frozenset({"*", "**", "+", "%"})

    def __init__(self) -> None:
        self.budget = budget = Budget()
        super().__init__(
            undefined=StrictUndefined, autoescape=False, extensions=["jinja2.ext.do", TestTag], finalize=self._output
        )
        safe_range = self.globals["range"]
        self.globals = {"range": safe_range, "dict": dict, "namespace": self.globals["namespace"]}
        for name in _DROPPED_FILTERS:
            del self.filters[name]
        self.filters = {name: self._counted(name, function) for name, function in self.filters.items()}
        tests: dict[str, Any] = self.tests
        self.tests = {name: self._counted(name, function) for name, function in tests.items()}
        self.known_filters = tuple(self.filters)
        # With a context, so that Jinja does not work them out while it compiles.
        self.filters[_STEP] = pass_context(lambda _, made: budget.step(made))
        self.filters[_MADE] = pass_context(lambda _, value: budget.take(value))
        self.filters[_INPUT] = pass_context(lambda _, value: _checked(value))

    def _counted(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a filter or test that asks the budget before and after."""
        budget = self.budget
        # Filters marked with pass_context and the like get one more argument in front.
        shift = 1 if hasattr(function, "jinja_pass_arg") else 0

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            budget.step()
            check_input(*args[shift:], *kwargs.values())
            if len(args) > shift:
                check_amplifier(name, args[shift], (*args[shift + 1 :], *kwargs.values()))
            return budget.take(function(*args, **kwargs))

        return call

    @staticmethod
    @pass_context
    def _output(context: Context, value: Any) -> str:
        """Turn the value of an expression into text."""
        check_input(value)
        text = str(value)
        environment = context.environment
        if isinstance(environment, Sandbox):
            environment.budget.take(text)
        return text

    def compile_source(
        self, source: str, file: str, rewrite: Callable[[nodes.Template], None] | None = None
    ) -> CodeType:
        """Return the code of a template, compiled once for each text.

        Args:
            source: Template text.
            file: Path for messages.
            rewrite: Changes the parsed template first; then nothing is kept.
        """
        if rewrite is None and (source, file) in _COMPILED:
            return _COMPILED[source, file]
        tree = self.parse(source, file, file)
        _AskBudget().visit(tree)
        if rewrite is not None:
            rewrite(tree)
            return self.compile(tree, file, file)
        if len(_COMPILED) >= MOST_COMPILED:
            _COMPILED.clear()
        _COMPILED[source, file] = self.compile(tree, file, file)
        return _COMPILED[source, file]

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Do arithmetic on small operands only."""
        self.budget.step()
        if operator == "**" and (abs(left) > MAX_ITEMS or abs(right) > MAX_ITEMS**0.5):
            raise too_large()
        if operator == "*":
            check_product(left, right)
        if operator == "%" and isinstance(left, str):
            check_input(right)
            check_amplifier("format", left, ())
        result = super().call_binop(context, operator, left, right)
        if isinstance(result, int) and abs(result) > MAX_NUMBER:
            raise too_large()
        return self.budget.take(result)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call a macro or function; a macro may `return()` a value."""
        self.budget.step()
        if isinstance(obj, Macro):
            return self._call_macro(context, obj, *args, **kwargs)
        check_input(*args, *kwargs.values())
        subject = getattr(obj, "__self__", None)
        if isinstance(subject, str):
            check_amplifier(obj.__name__, subject, args)
        return self.budget.take(super().call(context, obj, *args, **kwargs))

    def _call_macro(self, context: Context, macro: Macro, /, *args: Any, **kwargs: Any) -> Any:
        try:
            return self.budget.take(super().call(context, macro, *args, **kwargs))
        except MacroReturn as returned:
            # A call block has no name; return() in it ends the macro that called it, as in dbt.
            if macro.name is None:
                raise
            return returned.value
