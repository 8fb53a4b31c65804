"""From an expression to what its value may be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import product

from sqlglot import exp

from pusher.lint.flow import digests, functions, taken_digests
from pusher.lint.flow.arithmetic import DIVISIONS, FLOAT, ROUNDED, calculated, divided, multiplied
from pusher.lint.flow.changed import put_together
from pusher.lint.flow.epochs import scaled
from pusher.lint.flow.guards import Guard, is_guarded, looks_at
from pusher.lint.flow.marks import NUMBERED, marked
from pusher.lint.flow.relations import Relation, Scope, span
from pusher.lint.flow.times import converted
from pusher.lint.flow.values import MOMENT, NULL, UNKNOWN, Constant, Place, Unstable, Value, join, struct_of

# The value of COLUMNS(...) while a projection is read for one column; no SQL name can collide with it.
COLUMNS = "\0columns"
_MAX_FOLDED = 64
# What a condition around it can make right.
_GUARDED = (*DIVISIONS, exp.Concat, exp.SHA2)
_WITHOUT_ZONE = {exp.DataType.Type.TIMESTAMP, exp.DataType.Type.TIMESTAMPNTZ, exp.DataType.Type.DATE}
_FOLDS: dict[str, Callable[[str], str]] = {"upper": str.upper, "lower": str.lower, "trim": str.strip}

Query = Callable[[exp.Expr, Scope], Relation]


class Expressions:
    """Reads the expressions of one model.

    Args:
        model: Name of the model.
        query: Reads a subquery.
        moment: The moment of the run, as templates write it.
    """

    def __init__(self, model: str, query: Query, moment: str) -> None:
        self._model, self._query, self._moment = model, query, moment
        self._guards: list[Guard] = []
        # Conditions on the rows of the result: what is calculated over many rows comes before them.
        self._later: list[Guard] = []
        self._handlers: dict[type[exp.Expr], Callable[..., Value]] = {
            exp.Abs: self._same_zero,
            exp.Alias: self._inner,
            exp.Array: self._array,
            exp.AtTimeZone: self._at_time_zone,
            exp.Boolean: self._unknown,
            exp.Bracket: self._bracket,
            exp.Case: self._case,
            exp.Cast: self._cast,
            exp.Column: self._column,
            exp.Columns: self._columns,
            exp.Comprehension: self._comprehension,
            exp.Concat: self._concat,
            exp.DPipe: self._concat,
            exp.DataType: self._unknown,
            exp.Div: self._division,
            exp.Dot: self._dot,
            exp.Identifier: self._identifier,
            exp.If: self._case,
            exp.IntDiv: self._division,
            exp.Lambda: self._lambda,
            exp.Kwarg: self._keyword,
            exp.Literal: self._literal,
            exp.Lower: self._fold,
            exp.Mod: self._division,
            exp.Mul: self._product,
            exp.Neg: self._same_zero,
            exp.Null: self._null,
            exp.PositionalColumn: self._position,
            exp.PropertyEQ: self._keyword,
            exp.SHA2: self._sha256,
            exp.Star: self._star,
            exp.Sum: self._same_zero,
            exp.StrToTime: self._parsed_time,
            exp.Struct: self._struct,
            exp.StructExtract: self._extract,
            exp.Transform: self._transform,
            exp.Trim: self._fold,
            exp.TryCast: self._cast,
            exp.Upper: self._fold,
            exp.Window: self._window,
        }

    def value(self, node: exp.Expr, scope: Scope) -> Value:
        """Return what an expression may hold."""
        handler = self._handlers.get(type(node))
        if handler is not None:
            found: Value = handler(node, scope)
            return found
        if isinstance(node, exp.Query):
            return self._subquery(node, scope)
        return calculated(node, marked(node, self._function(node, scope), self._model), self._model)

    def place(self, node: exp.Expr) -> Place | None:
        """Return where an expression stands."""
        return span(node, self._model)

    # -- leaves

    def _unknown(self, _node: exp.Expr, _scope: Scope) -> Value:
        return UNKNOWN

    def _null(self, _node: exp.Expr, _scope: Scope) -> Value:
        return NULL

    def _literal(self, node: exp.Literal, _scope: Scope) -> Value:
        constant = Constant(str(node.this), span(node, self._model), is_text=bool(node.is_string))
        if constant.is_text and self._moment in constant.text:
            return Value(unstable=frozenset({Unstable(MOMENT, "clock", constant.place)}))
        return Value(constants=frozenset({constant}), is_open=False, may_be_zero=_is_zero(constant))

    def _unresolved(self, name: str, node: exp.Expr, scope: Scope) -> Value:
        return scope.everything().weakened("opaque", f"the name `{name}`", self.place(node))

    def _column(self, node: exp.Column, scope: Scope) -> Value:
        parts = [part.name for part in node.parts]
        if isinstance(node.this, exp.Star):
            relation = scope.relation(parts[0]) if len(parts) > 1 else None
            return self._star(node, scope) if relation is None else relation.row()
        found = scope.path(parts)
        return self._unresolved(".".join(parts), node, scope) if found is None else found

    def _identifier(self, node: exp.Identifier, scope: Scope) -> Value:
        found = scope.name(node.name)
        return self._unresolved(node.name, node, scope) if found is None else found

    def _star(self, _node: exp.Expr, scope: Scope) -> Value:
        return scope.everything()

    def _position(self, node: exp.PositionalColumn, scope: Scope) -> Value:
        return scope.everything().weakened("opaque", f"the position #{node.name}", self.place(node))

    def _columns(self, node: exp.Columns, scope: Scope) -> Value:
        bound = scope.parameters.get(COLUMNS)
        return scope.everything().weakened("opaque", "COLUMNS(...)", self.place(node)) if bound is None else bound

    # -- structure

    def _inner(self, node: exp.Expr, scope: Scope) -> Value:
        return self.value(node.this, scope)

    def _subquery(self, node: exp.Query, scope: Scope) -> Value:
        # Names may mean something else in there.
        guards, later, self._guards, self._later = self._guards, self._later, [], []
        relation = self._query(node, scope)
        self._guards, self._later = guards, later
        if len(relation.outputs) == 1 and not relation.uncertain:
            return relation.outputs[0].value
        return relation.everything()

    def _array(self, node: exp.Array, scope: Scope) -> Value:
        return digests.either(node, [self.value(child, scope) for child in node.expressions], self._model)

    def _struct(self, node: exp.Struct, scope: Scope) -> Value:
        fields = {}
        for number, child in enumerate(node.expressions):
            name = child.this.name if isinstance(child, exp.PropertyEQ) else child.alias_or_name or str(number)
            fields[name.lower()] = self.value(child, scope)
        return struct_of(fields)

    def _keyword(self, node: exp.Expr, scope: Scope) -> Value:
        value = self.value(node.expression, scope)
        # The key of a map is an expression; the name of a field or an argument is not.
        key = node.this
        return (
            value if isinstance(key, (exp.Identifier, exp.Literal, exp.Var)) else join((value, self.value(key, scope)))
        )

    def _extract(self, node: exp.StructExtract, scope: Scope) -> Value:
        key = node.expression
        value = self.value(node.this, scope)
        return value.field(key.name) if isinstance(key, exp.Literal) and key.is_string else value.flat()

    def _bracket(self, node: exp.Bracket, scope: Scope) -> Value:
        value = self.value(node.this, scope)
        key = node.expressions[0] if len(node.expressions) == 1 else None
        if isinstance(key, exp.Literal) and key.is_string:
            return value.field(str(key.this))
        # An element of a list of structs keeps its fields; a slice of a text is no longer the text.
        value = value.remade() if isinstance(key, exp.Slice) else value
        value = value.decided_by(self.decides(iter(node.expressions), scope))
        return replace(value, constants=frozenset(), is_open=True)

    def _dot(self, node: exp.Dot, scope: Scope) -> Value:
        right = node.expression
        if isinstance(right, exp.Func):
            # `email.lower()` is lower(email).
            arguments = [node.this.copy(), *(child.copy() for child in right.iter_expressions())]
            name = functions.function_name(right)
            return self.value(exp.func(name, *arguments, dialect="duckdb"), scope)
        parts = _identifiers(node)
        found = scope.path(parts) if parts else None
        if found is not None:
            return found
        value = self.value(node.this, scope)
        return value.flat() if isinstance(right, exp.Star) else value.field(right.name)

    # -- functions

    def decides(self, nodes: Iterator[exp.Expr], scope: Scope) -> Value:
        """Return what conditions tell: whether they differ from run to run, and of which identifiers they tell."""
        return join(self.value(node, scope).told() for node in nodes)

    def _case(self, node: exp.Expr, scope: Scope) -> Value:
        cases = node.args.get("ifs", [node])
        default = node.args.get("default") or node.args.get("false")
        conditions = [case.this for case in cases]
        is_searched = not isinstance(node, exp.Case) or node.this is None
        if not is_searched:
            conditions.append(node.this)
        results: list[Value] = []
        no_digests = NULL
        for condition, result in [*((case.this, case.args["true"]) for case in cases), (None, default)]:
            if result is None:
                continue
            subject = taken_digests.tested(condition) if is_searched and condition is not None else None
            taken = self.value(subject, scope) if subject is not None else NULL
            # What differs from one reading to the next was not the value that was tested.
            if subject is not None and taken_digests.is_same(result, subject) and not taken.unstable:
                results.append(taken.as_digest(self.place(result)))
            else:
                value = self._under(node, cases, result, scope)
                results.append(value.without_digests_of(no_digests))
            if subject is not None:
                no_digests = join((no_digests, taken))
        return join(results).decided_by(self.decides(iter(conditions), scope))

    def _under(self, node: exp.Expr, cases: list[exp.Expr], result: exp.Expr, scope: Scope) -> Value:
        """Return a branch's value, which holds only where its condition does and those before it do not."""
        guards: list[Guard] = []
        if result.find(*_GUARDED) is not None:
            for case in cases:
                condition = case.this
                if isinstance(node, exp.Case) and node.this is not None:
                    condition = exp.EQ(this=node.this.copy(), expression=case.this.copy())
                guards.append((condition, case.args["true"] is result))
                if case.args["true"] is result:
                    break
        with self.holding(guards):
            return self.value(result, scope)

    @contextmanager
    def holding(self, guards: Iterable[Guard], returned: Iterable[exp.Expr] = ()) -> Iterator[None]:
        """Read expressions where some conditions are known, and others hold for the rows that are returned."""
        known, later = len(self._guards), self._later
        self._guards += guards
        self._later = [*later, *((condition, True) for condition in returned)]
        yield
        del self._guards[known:]
        self._later = later

    def _cast(self, node: exp.Cast, scope: Scope) -> Value:
        value = self.value(node.this, scope)
        if value is NULL:
            return NULL
        if value.fields is None and node.to.this in exp.DataType.TEXT_TYPES:
            return value.written()
        if node.to.this in _WITHOUT_ZONE and isinstance(node.this, exp.Column):
            return value.flat().read_as_time()
        flat = value.flat() if value.may_be_zero else replace(value.flat(), may_be_zero=False)
        if node.to.this in exp.DataType.FLOAT_TYPES:
            place = self.place(node)
            return flat.marked(FLOAT, "the cast", place).marked(ROUNDED, node.to.sql("duckdb"), place)
        return flat.without(FLOAT) if node.to.this in exp.DataType.NUMERIC_TYPES else flat

    def _division(self, node: exp.Expr, scope: Scope) -> Value:
        sides = [self.value(side, scope) for side in (node.this, node.expression)]
        guards = self._guards if functions.is_over_rows(node) else [*self._guards, *self._later]
        kept = sides[1].may_be_zero and is_guarded(node.expression, guards)
        return divided(node, sides, scaled(join([UNKNOWN, *sides]).flat()), self.place(node), is_guarded=kept)

    def _same_zero(self, node: exp.Expr, scope: Scope) -> Value:
        value = self._all_of(node, scope).flat()
        return value if self.value(node.this, scope).may_be_zero else replace(value, may_be_zero=False)

    def _product(self, node: exp.Expr, scope: Scope) -> Value:
        sides = [self.value(side, scope) for side in (node.this, node.expression)]
        return multiplied(scaled(join([UNKNOWN, *sides]).flat()), sides)

    def _at_time_zone(self, node: exp.AtTimeZone, scope: Scope) -> Value:
        return converted(self.value(node.this, scope), node.args["zone"])

    def _parsed_time(self, node: exp.StrToTime, scope: Scope) -> Value:
        return self._all_of(node, scope).flat().read_as_time()

    def _fold(self, node: exp.Expr, scope: Scope) -> Value:
        if isinstance(node, exp.Trim) and node.args.get("expression") is not None:
            return self._all_of(node, scope).flat().stepped("strip")
        value = self.value(node.this, scope)
        step = {"upper": "upper", "lower": "lower"}.get(node.key, "trim")
        constants = (_folded(constant, _FOLDS[step](constant.text)) for constant in value.constants)
        return digests.folded(node, replace(value, constants=frozenset(constants)).stepped(step), self._model)

    def _concat(self, node: exp.Expr, scope: Scope) -> Value:
        values = [self.value(child, scope) for child in node.iter_expressions()]
        whole = digests.beside(node, join(values).flat().remade(), values, self._model)
        if whole.leaks:
            is_guarded = looks_at(node, [*self._guards, *self._later])
            whole = digests.joined(node, whole, values, self._model, is_guarded=is_guarded)
            whole = put_together(node, whole, values, self._model)
        texts = [[constant for constant in value.constants if not value.is_open] for value in values]
        size = 1
        for text in texts:
            size *= len(text)
        if not 0 < size <= _MAX_FOLDED:
            return whole
        folded = (_folded(parts[0], "".join(part.text for part in parts)) for parts in product(*texts))
        return replace(whole, constants=frozenset(folded), is_open=False)

    def _sha256(self, node: exp.SHA2, scope: Scope) -> Value:
        value = self.value(node.this, scope)
        return digests.hashed(node, value, self._model, is_guarded=looks_at(node, [*self._guards, *self._later]))

    def _window(self, node: exp.Window, scope: Scope) -> Value:
        value = self.value(node.this, scope)
        order = node.args.get("order")
        groups = self.decides(iter(node.args.get("partition_by") or []), scope)
        # Which rows go together tells no identifier, their order does.
        value = value.decided_by(replace(groups, hints=frozenset()))
        value = value.decided_by(self.decides(iter([order] if order is not None else []), scope))
        if isinstance(node.this, functions.NUMBERS_ROWS) and order is None and not node.args.get("alias"):
            name = f"{functions.function_name(node.this)}() without ORDER BY"
            value = replace(value, unstable=value.unstable | {Unstable(name, "order", self.place(node.this))})
        elif isinstance(node.this, functions.PLACES_ROWS) and not (node.args.get("partition_by") or node.alias):
            value = value.marked(NUMBERED, functions.function_name(node.this), self.place(node.this))
        return value

    def _function(self, node: exp.Expr, scope: Scope) -> Value:
        if functions.is_a(node, functions.REVEALS_NOTHING, functions.REVEALS_NOTHING_BY_NAME):
            told = join([UNKNOWN, self.decides(node.iter_expressions(), scope)])
            return replace(told, hints=frozenset()) if functions.tells_nothing(node) else told
        if functions.is_a(node, functions.PASSES_ON, functions.PASSES_ON_BY_NAME):
            return self._passed_on(node, scope)
        if functions.is_a(node, (), functions.CONVERTS_BY_NAME) and len(node.expressions) > 1:
            return converted(self.value(node.expressions[1], scope), node.expressions[0])
        if functions.is_a(node, functions.ONE_OF, functions.ONE_OF_BY_NAME):
            return digests.either(node, [self.value(child, scope) for child in node.iter_expressions()], self._model)
        return self._marked(node, self._all_of(node, scope).flat())

    def _marked(self, node: exp.Expr, value: Value) -> Value:
        """Return the value with what a function does to everything that goes into it."""
        if functions.is_a(node, (), functions.READS_TIME_BY_NAME):
            return value.read_as_time()
        if functions.is_a(node, functions.WEAK_HASHES, functions.WEAK_HASHES_BY_NAME):
            return value.weakened("weak", functions.function_name(node), self.place(node))
        if isinstance(node, functions.STRIPS):
            return value.stepped("strip") if functions.only_removes(node) else value.remade().stepped("strip")
        value = value.remade()
        kind = functions.instability(node)
        if kind is None:
            return value
        call = Unstable(f"{functions.function_name(node)}()", kind, self.place(node))
        return replace(value, unstable=value.unstable | {call})

    def _passed_on(self, node: exp.Expr, scope: Scope) -> Value:
        children = list(node.iter_expressions())
        if not children:
            return UNKNOWN
        first = node.this if isinstance(node.this, exp.Expr) else children[0]
        others = [child for child in children if child is not first]
        value = self.value(first, scope)
        if isinstance(node, functions.FIRST_ARGUMENT_ONLY):
            if isinstance(node, exp.Filter) and first.find(*DIVISIONS) is not None:
                with self.holding((other, True) for other in others):
                    value = self.value(first, scope)
            return value.decided_by(self.decides(iter(others), scope))
        given = (child for child in others if not isinstance(child, (exp.Lambda, exp.Boolean)) and not child.is_number)
        kept = join(self._applied(child, value, scope).told() for child in others if isinstance(child, exp.Lambda))
        return join([value, *(self.value(child, scope) for child in given)]).decided_by(kept)

    def _all_of(self, node: exp.Expr, scope: Scope) -> Value:
        """Return everything that is in the arguments; lambdas see the elements of the others."""
        children = list(node.iter_expressions())
        plain = [self.value(child, scope) for child in children if not isinstance(child, exp.Lambda)]
        elements = join(plain)
        lambdas = [self._applied(child, elements, scope) for child in children if isinstance(child, exp.Lambda)]
        return join([UNKNOWN, *plain, *lambdas])

    # -- lambdas

    def _applied(self, node: exp.Expr, element: Value, scope: Scope) -> Value:
        parameters = {parameter.name.lower(): element for parameter in node.expressions}
        return self.value(node.this, scope.with_parameters(parameters))

    def _lambda(self, node: exp.Lambda, scope: Scope) -> Value:
        return self._applied(node, scope.everything(), scope)

    def _transform(self, node: exp.Transform, scope: Scope) -> Value:
        elements = self.value(node.this, scope)
        if isinstance(node.expression, exp.Lambda):
            applied = self._applied(node.expression, elements, scope)
            return replace(applied, marks=applied.marks | elements.marks) if elements.marks else applied
        return elements.flat()

    def _comprehension(self, node: exp.Comprehension, scope: Scope) -> Value:
        elements = self.value(node.args["iterator"], scope)
        variable = node.args["expression"]
        inner = scope.with_parameters({variable.name.lower(): elements})
        condition = node.args.get("condition")
        return self.value(node.this, inner).decided_by(self.decides(iter([condition] if condition else []), inner))


def _is_zero(constant: Constant) -> bool:
    try:
        return float(constant.text) == 0
    except ValueError:
        return True


def _folded(constant: Constant, text: str) -> Constant:
    return constant if text == constant.text else replace(constant, text=text, as_written=False)


def _identifiers(node: exp.Expr) -> list[str]:
    """Return the names of `a.b.c`, or nothing when an expression stands among them."""
    if isinstance(node, exp.Identifier):
        return [node.name]
    if isinstance(node, exp.Column) and not isinstance(node.this, exp.Star):
        return [part.name for part in node.parts]
    if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Identifier):
        left = _identifiers(node.this)
        return [*left, node.expression.name] if left else []
    return []
