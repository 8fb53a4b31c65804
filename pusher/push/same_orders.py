"""Finds orders that stand in a web view and in an offline view: TikTok counts them twice, under two event sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pusher.contracts import Engine, EngineError
from pusher.errors import PlanError, Problem
from pusher.payload.sql import identifier
from pusher.push.plan import View, view_columns

ORDER = "order_id"


@dataclass(frozen=True, slots=True)
class SameOrders:
    """Orders that two views hold.

    Attributes:
        web: The web view.
        offline: The offline view.
        orders: How many.
    """

    web: View
    offline: View
    orders: int

    @property
    def message(self) -> str:
        """What is wrong, one sentence."""
        noun = "order stands" if self.orders == 1 else "orders stand"
        return (
            f"{self.orders:,} {noun} in {self.web.model} and in {self.offline.model}: TikTok removes duplicates within "
            "one event source only, so each counts twice."
        )

    @property
    def fix(self) -> str:
        """What to do."""
        return f"Leave them out of one view, for example by their channel; both name them in the column {ORDER}."


def same_orders(engine: Engine, views: Sequence[View], others: Sequence[View] = ()) -> list[SameOrders]:
    """Compare each web view with each offline view that names its orders.

    Args:
        engine: The warehouse.
        views: The views that are pushed.
        others: Views that another push sends; they are compared with the former, those that are built.

    Raises:
        PlanError: A view fails, or one that is pushed is not built.
    """
    pushed = {view.model for view in views}
    known = [*views, *(view for view in others if _is_built(engine, view))]
    named = {view.model: column for view in known if (column := _order_column(engine, view)) is not None}
    found = []
    for web in (view for view in known if view.model in named and view.payload.event_source == "web"):
        for offline in (view for view in known if view.model in named and view.payload.event_source == "offline"):
            if pushed.isdisjoint({web.model, offline.model}):
                continue
            orders = _count(engine, web, named[web.model], offline, named[offline.model])
            if orders:
                found.append(SameOrders(web, offline, orders))
    return found


def _is_built(engine: Engine, view: View) -> bool:
    try:
        engine.columns(f"select * from {view.relation}")
    except EngineError as error:
        return error.kind != "catalog"
    return True


def _order_column(engine: Engine, view: View) -> str | None:
    field = view.payload.field(ORDER)
    names = () if field is None else field.names
    return next((column for column in view_columns(engine, view) if column.lower() in names), None)


def _count(engine: Engine, web: View, web_column: str, offline: View, offline_column: str) -> int:
    sql = (
        f"select count(*) from (select cast({identifier(web_column)} as varchar) as {ORDER} from {web.relation} "
        f"intersect select cast({identifier(offline_column)} as varchar) from {offline.relation}) as both_have "
        f"where {ORDER} is not null"
    )
    try:
        return int(engine.rows(sql)[0][0])
    except EngineError as error:
        message = f"{web.model} and {offline.model} cannot be compared: {error.message}"
        raise PlanError(Problem("view-failed", message, web.file, fix=error.fix or "Correct the models.")) from error
