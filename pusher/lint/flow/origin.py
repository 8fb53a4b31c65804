"""The expression that makes a column: through models, CTEs and renames up to the first SQL that does more than pass on.

Unlike `Flow`, which asks what a column may hold, this asks one question: where would a person have to look?
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import Scope, build_scope

from pusher.lint.flow.project import Failure, Flow

_MOST_STEPS = 64


@dataclass(frozen=True, slots=True)
class Made:
    """Where a column is made.

    Attributes:
        model: Model whose SQL it is.
        projection: The expression with its name.
    """

    model: str
    projection: exp.Expr


def origin_of(flow: Flow, model_of: Callable[[exp.Table], str | None], model: str, column: str) -> Made | None:
    """Return what makes a model's column, or None where that cannot be told.

    Args:
        flow: The project's parsed models.
        model_of: The model that a table of the SQL is, if it is one.
        model: Name of the model.
        column: Name of its column, any case.
    """
    return _Descent(flow, model_of).into_model(model, column.lower(), _MOST_STEPS)


class _Descent:
    def __init__(self, flow: Flow, model_of: Callable[[exp.Table], str | None]) -> None:
        self._flow, self._model_of = flow, model_of

    def into_model(self, model: str, column: str, steps: int) -> Made | None:
        tree = self._flow.tree(model)
        if isinstance(tree, Failure):
            return None
        try:
            scope = build_scope(tree)
        except SqlglotError:
            return None
        return None if scope is None else self._into(scope, model, column, steps)

    def _into(self, scope: Scope, model: str, column: str, steps: int) -> Made | None:
        while scope.set_operation_scopes:
            scope = scope.set_operation_scopes[0]
        projections = scope.expression.selects if isinstance(scope.expression, exp.Query) else []
        for projection in projections:
            if projection.is_star:
                found = self._through_star(scope, model, column, projection, steps)
                if found is not None:
                    return found
            elif projection.alias_or_name.lower() == column:
                made = projection.unalias()
                deeper = self._through(scope, model, made, steps) if isinstance(made, exp.Column) else None
                return deeper or Made(model, projection)
        return None

    def _through(self, scope: Scope, model: str, column: exp.Column, steps: int) -> Made | None:
        """Follow a column that is only passed on."""
        named = [column.table] if column.table else list(scope.selected_sources)
        # Without a table's name, the one source that has the column is meant.
        found = [self._source(scope, model, name, column.name.lower(), steps) for name in named]
        known = [made for made in found if made is not None]
        return known[0] if len(known) == 1 else None

    def _through_star(self, scope: Scope, model: str, column: str, projection: exp.Expr, steps: int) -> Made | None:
        table = projection.table if isinstance(projection, exp.Column) else ""
        star = projection.this if isinstance(projection, exp.Column) else projection
        left_out = {one.name.lower() for one in star.args.get("except_") or []}
        if column in left_out:
            return None
        for replaced in star.args.get("replace") or []:
            if replaced.alias_or_name.lower() == column:
                return Made(model, replaced)
        names = [table] if table else list(scope.selected_sources)
        found = (self._source(scope, model, name, column, steps) for name in names)
        return next((made for made in found if made is not None), None)

    def _source(self, scope: Scope, model: str, name: str, column: str, steps: int) -> Made | None:
        source = scope.sources.get(name)
        if steps == 0 or source is None:
            return None
        if isinstance(source, Scope):
            return self._into(source, model, column, steps - 1)
        behind = self._model_of(source)
        return None if behind is None else self.into_model(behind, column, steps - 1)
