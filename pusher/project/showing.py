"""Shows rows of models and of queries, with what identifies a person masked."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from pusher.compile import INLINE, Manifest, Model
from pusher.compile.columns import infer_all
from pusher.engines.duckdb import DuckDBEngine
from pusher.errors import BuildError, Problem
from pusher.lint.personal import personal_outputs
from pusher.masking import HIDDEN, identifies, mask, mask_whole, personal_columns, without_identifiers
from pusher.payload.model import Payload
from pusher.project.outcomes import Shown
from pusher.project.warehouse import first_rows, rows_of_query
from pusher.screening import screened, screened_value
from pusher.settings.account import Account


@dataclass(frozen=True, slots=True)
class Showing:
    """What rows are shown of.

    Attributes:
        manifest: The compiled project.
        account: The destination with the settings of the target.
        open_warehouse: Opens the warehouse.
        answer: Renders models of a project with the rows of the queries that they ask.
        hides: Whether the user may see no personal data, not even the first digits of a digest.
    """

    manifest: Manifest
    account: Account
    open_warehouse: Callable[[], DuckDBEngine]
    answer: Callable[[Manifest, Sequence[str]], None]
    hides: bool = False

    def model(self, model: Model, *, limit: int) -> Shown:
        """Return some rows of a built model.

        Raises:
            BuildError: The model is not in the warehouse.
        """
        # What somebody may see of it must not hang on the name of a column.
        if self.hides:
            self.answer(self.manifest, [model.name])
            model = self.manifest.models[model.name]
        known = self._made_of_personal_data(self.manifest, model) if self.hides else frozenset[str]()
        with closing(self.open_warehouse()) as engine:
            names, rows = first_rows(engine, model, limit=limit)
        return Shown(names, self._masked(model, names, rows, known))

    def query(self, sql: str, *, limit: int) -> Shown:
        """Return some rows of a query.

        What a column is made of decides what is masked, whatever its name is; one that cannot be followed is masked.

        Raises:
            CompileError: The query does not render or bind.
            BuildError: What it reads is not in the warehouse, or it fails.
        """
        manifest = self.manifest.with_inline(sql)
        # What its columns are made of decides what is shown.
        self.answer(manifest, [INLINE])
        model = manifest.models[INLINE]
        hidden = self._made_of_personal_data(manifest, model, strictly=self.hides)
        with closing(self.open_warehouse()) as engine:
            try:
                names, rows = rows_of_query(engine, manifest, model, limit=limit)
            except BuildError:
                if not self.hides:
                    raise
                # The words of an error can be made of the data.
                fix = "Try it on fewer columns; its words are not shown to users with restricted PII."
                raise BuildError(Problem("query-failed", "The query fails in the warehouse.", fix=fix)) from None
        if self.hides:
            # Who writes the query says what is NULL and how long a list is, which tells as much as a value.
            rows = [
                tuple(HIDDEN if name.lower() in hidden else value for name, value in zip(names, row, strict=True))
                for row in rows
            ]
        return Shown(names, self._masked(model, names, rows, hidden))

    @staticmethod
    def _made_of_personal_data(manifest: Manifest, model: Model, *, strictly: bool = False) -> frozenset[str]:
        """Return the columns that hold identifiers by what they are made of."""
        if model.seed is not None:
            return frozenset()
        with closing(DuckDBEngine.in_memory(allowed_paths=manifest.source_paths())) as empty:
            inference = infer_all(manifest, empty, [model.name])
        return personal_outputs(
            manifest,
            model.name,
            columns=inference.models,
            source_columns=inference.sources,
            strictly=strictly,
        )

    def _masked(
        self, model: Model, names: Sequence[str], rows: Sequence[Sequence[Any]], known: Collection[str] = ()
    ) -> list[tuple[Any, ...]]:
        """Return rows without what identifies a person; `known` columns hold it, whatever they are called."""
        payload = self.account.payload_of(model)
        hidden = personal_columns(self.manifest, model, names, payload, strictly=self.hides).union(known)
        whole = mask_whole if self.hides else mask
        hide = [whole if name.lower() in hidden else without_identifiers for name in names]
        return [tuple(show(value) for show, value in zip(hide, row, strict=True)) for row in rows]


def masked_body(body: bytes, payload: Payload) -> bytes:
    """Return a request's body, or lines of a file, without a value that identifies a person."""
    try:
        found = json.loads(body)
    except ValueError:
        return screened(body.decode("utf-8")).encode()
    for row in found.get("data", ()):
        for field in payload.fields:
            if identifies(payload, field):
                _hide(row, field.path.split("."))
    return json.dumps(screened_value(found), ensure_ascii=False, separators=(",", ":")).encode()


def _hide(row: Any, path: Sequence[str]) -> None:
    """Hide the value at a place of a row, if there is one."""
    *outer, last = path
    for name in outer:
        row = row.get(name) if isinstance(row, dict) else None
    if isinstance(row, dict) and row.get(last) is not None:
        row[last] = [HIDDEN] * len(row[last]) if isinstance(row[last], list) else HIDDEN
