"""Shows rows of models and of queries, with what identifies a person masked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from pusher.account import Account
from pusher.compile import INLINE, Manifest, Model
from pusher.compile.columns import infer_all
from pusher.engines.duckdb import DuckDBEngine
from pusher.lint.personal import personal_outputs
from pusher.masking import mask, personal_columns, without_identifiers
from pusher.outcomes import Shown
from pusher.warehouse import first_rows, rows_of_query


@dataclass(frozen=True, slots=True)
class Showing:
    """What rows are shown of.

    Attributes:
        manifest: The compiled project.
        account: The destination with the settings of the target.
        open_warehouse: Opens the warehouse.
    """

    manifest: Manifest
    account: Account
    open_warehouse: Callable[[], DuckDBEngine]

    def model(self, model: Model, *, limit: int) -> Shown:
        """Return some rows of a built model.

        Raises:
            BuildError: The model is not in the warehouse.
        """
        with closing(self.open_warehouse()) as engine:
            names, rows = first_rows(engine, model, limit=limit)
        return Shown(names, self._masked(model, names, rows))

    def query(self, sql: str, *, limit: int) -> Shown:
        """Return some rows of a query.

        What a column is made of decides what is masked, whatever its name is; one that cannot be followed is masked.

        Raises:
            CompileError: The query does not render or bind.
            BuildError: What it reads is not in the warehouse, or it fails.
        """
        manifest = self.manifest.with_inline(sql)
        model = manifest.models[INLINE]
        with closing(DuckDBEngine.in_memory(allowed_paths=manifest.source_paths())) as empty:
            inference = infer_all(manifest, empty, [INLINE])
        hidden = personal_outputs(manifest, INLINE, columns=inference.models, source_columns=inference.sources)
        with closing(self.open_warehouse()) as engine:
            names, rows = rows_of_query(engine, manifest, model, limit=limit)
        return Shown(names, self._masked(model, names, rows, hidden))

    def _masked(
        self, model: Model, names: Sequence[str], rows: Sequence[Sequence[Any]], known: Collection[str] = ()
    ) -> list[tuple[Any, ...]]:
        """Return rows without what identifies a person; `known` columns hold it, whatever they are called."""
        hidden = personal_columns(self.manifest, model, names, self.account.payload_of(model)).union(known)
        hide = [mask if name.lower() in hidden else without_identifiers for name in names]
        return [tuple(show(value) for show, value in zip(hide, row, strict=True)) for row in rows]
