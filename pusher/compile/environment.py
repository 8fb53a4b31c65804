"""The Jinja sandbox: no way out, and no template that never ends or fills the memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from types import CodeType
from typing import Any

from jinja2 import StrictUndefined, TemplateSyntaxError, nodes, pass_context
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.runtime import Context, Macro, str_join
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from pusher.compile.asked import Asked
from pusher.compile.bounds import FILTERS, check_call, check_filter, check_operation, check_spread, safe_dict
from pusher.compile.budget import Budget, check_input

TEST_PREFIX = "test_"
_STEP, _MADE, _INPUT, _JOINED = "budget step", "budget made", "budget input", "budget joined"
# What Jinja passes beside the arguments that a template writes.
_OF_JINJA = {"_block_vars", "_loop_vars"}
_MOST_KEYS = 1_000


class MacroReturn(Exception):
    """Carries the value of `return()` to the caller of the macro.

    Attributes:
        value: What the macro returns.
    """

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


def _check_test(_name: str, subject: Any, args: Sequence[Any], named: Mapping[str, Any]) -> int:
    check_input(subject, *args, *named.values())
    return 1


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
        return self._filter(_JOINED, nodes.List(node.nodes, lineno=node.lineno))

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Expr:  # noqa: N802 -- the visitor's naming
        self.generic_visit(node)
        if isinstance(node.arg, nodes.Slice):
            return self._filter(_MADE, node)
        node.arg = self._input(node.arg)
        return node

    def visit_Dict(self, node: nodes.Dict) -> nodes.Dict:  # noqa: N802 -- the visitor's naming
        self.generic_visit(node)
        check_spread([pair.key.value for pair in node.items if isinstance(pair.key, nodes.Const)])
        if sum(not isinstance(pair.key, nodes.Const) for pair in node.items) > _MOST_KEYS:
            message = f"A mapping may have {_MOST_KEYS:,} keys that are worked out."
            raise TemplateSyntaxError(message, node.lineno)
        for pair in node.items:
            pair.key = self._input(pair.key)
        return node

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


class _Names(Context):
    """Names of a template, which notes those that are looked up."""

    def resolve_or_missing(self, key: str) -> Any:
        """Return the value of a name."""
        found = super().resolve_or_missing(key)
        if isinstance(self.environment, Sandbox):
            self.environment.asked.look_up(key, found)
        return found


# Filters that give back what they are given, and tests that ask of which type it is.
_SAME, _OF_TYPE = {"d", "default", "safe", "string"}, {"defined", "mapping", "none", "number", "string", "undefined"}
# A project is rendered twice, for the build and for checks without data; its templates are compiled once.
_COMPILED: dict[tuple[str, str], CodeType] = {}
MOST_COMPILED = 4_096


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja as models may use it.

    Args:
        asked: Takes what templates ask.

    Attributes:
        asked: What the render that runs asked so far.
        budget: What the render that runs may still use.
        passing: Functions that only pass on what they are given.
    """

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})
    context_class = _Names

    def __init__(self, asked: Asked | None = None) -> None:
        self.asked = asked or Asked()
        self.passing: Sequence[Callable[..., Any]] = ()
        self.budget = budget = Budget()
        super().__init__(
            undefined=StrictUndefined, autoescape=False, extensions=["jinja2.ext.do", TestTag], finalize=self._output
        )
        safe_range = self.globals["range"]
        self.globals = {"range": safe_range, "dict": safe_dict, "namespace": self.globals["namespace"]}
        filters: dict[str, Any] = self.filters
        self.filters = {name: self._counted(name, filters[name], check_filter) for name in sorted(FILTERS)}
        tests: dict[str, Any] = self.tests
        self.tests = {name: self._counted(name, function, _check_test) for name, function in tests.items()}
        self.known_filters = tuple(self.filters)
        # With a context, so that Jinja does not work them out while it compiles.
        self.filters[_STEP] = pass_context(lambda _, made: budget.step(made))
        self.filters[_MADE] = pass_context(lambda _, value: budget.take(value))
        self.filters[_INPUT] = pass_context(lambda _, value: self._looked_at(value))
        self.filters[_JOINED] = pass_context(lambda _, values: budget.take(self._joined(values)))

    def _looked_at(self, value: Any) -> Any:
        check_input(value)
        self.asked.look(value)
        return value

    def _joined(self, values: Sequence[Any]) -> str:
        """Return values as one text."""
        check_input(values)
        if self.asked.moment is None:
            return str_join(values)
        return self.asked.joined(map(self._as_text, values))

    def _as_text(self, value: Any) -> str:
        """Return a value as text, with the moment of the run known for what it is."""
        if self.asked.moment is None:
            return str(value)
        if not self.asked.is_of_moment(value):
            # A list may hold it.
            self.asked.look(value)
        return str(self.asked.written(value))

    def concat(self, parts: Iterable[str]) -> str:
        """Return the parts of a template's text as one."""
        return self.asked.joined(parts)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return an attribute of a value."""
        if self.asked.moment is not None and self.asked.is_of_moment(obj):
            self.asked.look(obj)
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Return an item of a value."""
        if self.asked.moment is not None and self.asked.is_of_moment(obj):
            self.asked.look(obj)
        return super().getitem(obj, argument)

    def add_filter(self, name: str, function: Callable[[Any], Any]) -> None:
        """Let templates use one more filter of one value."""
        self.filters[name] = self._counted(name, function, check_filter)

    def _counted(
        self,
        name: str,
        function: Callable[..., Any],
        check: Callable[[str, Any, Sequence[Any], Mapping[str, Any]], int],
    ) -> Callable[..., Any]:
        """Return a filter or test that asks the budget before and after.

        Args:
            name: Its name.
            function: Jinja's function.
            check: Returns its steps, given the name, the subject and further arguments; raises for what is too much.
        """
        budget, asked = self.budget, self.asked
        # Filters marked with pass_context and the like get one more argument in front.
        shift = 1 if hasattr(function, "jinja_pass_arg") else 0

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            steps = 1 if len(args) <= shift else check(name, args[shift], args[shift + 1 :], kwargs)
            budget.step(steps=steps)
            if asked.moment is not None and len(args) > shift:
                known = self._of_moment(name, check is check_filter, args[shift:], kwargs)
                if known is not None:
                    return budget.take(known)
            return budget.take(function(*args, **kwargs))

        return call

    def _of_moment(self, name: str, is_filter: bool, args: Sequence[Any], named: Mapping[str, Any]) -> Any:  # noqa: FBT001 -- which of two lists
        """Return what a filter makes of the moment where that can be followed, else None after noting it."""
        asked, subject = self.asked, args[0]
        if not asked.is_of_moment(subject) or not is_filter:
            if is_filter or name not in _OF_TYPE:
                asked.look(*args, *named.values())
            return None
        if name in _SAME and len(args) == 1 and not named:
            return asked.written(subject) if name == "string" else subject
        if name == "replace" and len(args) == 3 and not named:  # noqa: PLR2004 -- the subject, the old and the new
            found = asked.replaced(asked.written(subject), *args[1:])
            if found is not None:
                return found
        asked.look(*args, *named.values())
        return None

    @staticmethod
    @pass_context
    def _output(context: Context, value: Any) -> str:
        """Turn the value of an expression into text."""
        check_input(value)
        environment = context.environment
        if not isinstance(environment, Sandbox):
            return str(value)
        text = environment._as_text(value)  # noqa: SLF001 -- our own, which Jinja hands in
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
        self.asked.look(left, right)
        check_operation(operator, left, right)
        return self.budget.take(super().call_binop(context, operator, left, right))

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call a macro or function; a macro may `return()` a value."""
        self.budget.step()
        if isinstance(obj, Macro):
            return self._call_macro(context, obj, *args, **kwargs)
        check_call(obj, args, {name: value for name, value in kwargs.items() if name not in _OF_JINJA})
        if self.asked.moment is not None and obj not in self.passing:
            self.asked.look(*args, *kwargs.values())
        return self.budget.take(super().call(context, obj, *args, **kwargs))

    def _call_macro(self, context: Context, macro: Macro, /, *args: Any, **kwargs: Any) -> Any:
        try:
            return self.budget.take(super().call(context, macro, *args, **kwargs))
        except MacroReturn as returned:
            # A call block has no name; return() in it ends the macro that called it, as in dbt.
            if macro.name is None:
                raise
            return returned.value
