"""GROUP BY follows the columns that it means, whatever becomes of their places and expressions."""

from __future__ import annotations

from sqlglot import exp

from pusher.importer.draft import Draft


class Groups:
    """What the groups of a query are made of.

    Args:
        draft: The query, before anything in it is rewritten.
    """

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._links: list[tuple[exp.Select, list[exp.Expr]]] = []
        for select in draft.tree.find_all(exp.Select):
            group = select.args.get("group")
            if group is None:
                continue
            several = any(value for name, value in group.args.items() if name != "expressions")
            if several or any(isinstance(one, (exp.Rollup, exp.Cube, exp.GroupingSets)) for one in group.expressions):
                fix = "Write GROUP BY with the columns themselves."
                draft.refuse("import-clause", group, "ROLLUP, CUBE and the like are not carried over.", fix)
            self._links.append((select, [self._meant(select, one) for one in group.expressions]))

    @staticmethod
    def _meant(select: exp.Select, item: exp.Expr) -> exp.Expr:
        """Return the projection that an item of a GROUP BY means, or the item."""
        projections = select.expressions
        if isinstance(item, exp.Literal) and not item.is_string and item.name.isdigit():
            place = int(item.name)
            return projections[place - 1] if 0 < place <= len(projections) else item
        for one in projections:
            named = isinstance(item, exp.Column) and not item.table and one.alias_or_name.lower() == item.name.lower()
            if named or one.unalias() == item:
                return one  # type: ignore[no-any-return]
        return item

    def settle(self) -> None:
        """Write each GROUP BY anew, by what its columns are made of now."""
        for select, meant in self._links:
            items: dict[str, exp.Expr] = {}
            for one in meant:
                inner = one.unalias()
                if not isinstance(inner, (exp.Literal, exp.Null)):
                    items.setdefault(inner.sql("duckdb"), inner.copy())
            select.set("group", exp.Group(expressions=list(items.values())) if items else None)
