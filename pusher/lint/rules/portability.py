"""What the rules on portability share: each looks at the SQL of one model at a time, node by node."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlglot import exp

from pusher.lint.context import Context
from pusher.lint.finding import Finding, Fix
from pusher.lint.flow.project import Failure
from pusher.lint.flow.relations import span
from pusher.lint.flow.values import Place
from pusher.lint.rules.base import Rule


@dataclass(frozen=True, slots=True)
class Difference:
    """What another engine does with the same SQL.

    Attributes:
        message: One sentence.
        instead: The form that all engines read alike, one sentence.
    """

    message: str
    instead: str


class PortabilityRule(Rule):
    """A rule about SQL that other engines read differently; off until pusher.yml asks for it."""

    severity = "off"
    looks_at_all = True

    def check(self, context: Context) -> Iterator[Finding]:
        """Yield what differs in the models."""
        for model in context.models:
            tree = context.flow.tree(model.name)
            if isinstance(tree, Failure):
                continue
            for node in tree.walk():
                for found in self.differences(node):
                    place = place_of(node, model.name)
                    yield context.finding(self, model.name, place, found.message, Fix(found.instead))

    @abstractmethod
    def differences(self, node: exp.Expr) -> Iterator[Difference]:
        """Yield how other engines read a node differently."""


def place_of(node: exp.Expr, model: str) -> Place | None:
    """Return where a node stands, or what is around it when it has no name of its own."""
    found = span(node, model)
    while found is None and node.parent is not None:
        node = node.parent
        found = span(node, model)
    return found


DOUBLES = frozenset({exp.DataType.Type.DOUBLE, exp.DataType.Type.FLOAT})
_PASSES_ON = (
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Neg, exp.Coalesce, exp.Nullif, exp.Greatest, exp.Least, exp.Paren,
)  # fmt: skip


def holds(node: exp.Expr | None, is_such: Callable[[exp.Expr], bool]) -> bool:
    """Whether a number, or one of those that it is calculated from, is such a one."""
    if node is None:
        return False
    return is_such(node) or (
        isinstance(node, _PASSES_ON) and any(holds(child, is_such) for child in node.iter_expressions())
    )


def is_double(node: exp.Expr) -> bool:
    """Whether a number is a DOUBLE for certain."""
    made = isinstance(node, exp.Div | exp.Avg | exp.Median | exp.PercentileCont)
    return made or (isinstance(node, exp.Cast) and node.to.this in DOUBLES)


def part_of(node: exp.Expr) -> str | None:
    """Return which part of a time `extract()` or `date_part()` gives, in lower case; None for anything else."""
    if isinstance(node, exp.Extract):
        return node.name.lower()
    if isinstance(node, exp.Anonymous) and node.name.lower() in {"date_part", "datepart"} and node.expressions:
        part = text_of(node.expressions[0])
        return None if part is None else part.lower()
    return None


def text_of(node: exp.Expr | None) -> str | None:
    """Return what stands in a text literal, or None."""
    return str(node.this) if isinstance(node, exp.Literal) and node.is_string else None


def bare(node: exp.Expr | None) -> exp.Expr | None:
    """Return an expression without the brackets around it."""
    return node.unnest() if isinstance(node, exp.Paren) else node
