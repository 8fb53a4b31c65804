"""PU404."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pusher.compile import ColumnDoc
from pusher.lint.context import Context
from pusher.lint.finding import Finding, Fix
from pusher.lint.flow.identifiers import looks_like, seed_columns, source_columns
from pusher.lint.rules.base import Rule
from pusher.lint.rules.privacy import article, word


class UntaggedSource(Rule):
    """A column of a source or seed looks like an identifier and does not say so.

    ## What it does
    Finds columns of sources and seeds behind the destination views that are called like an e-mail address or a phone
    number and have no `pii` in their meta. They are followed as if they were tagged.

    ## Why is this bad
    Tags decide what is masked in previews and reports. A name is a guess: say `pii: none` when the column holds no
    identifier.

    ## Example
    ```yaml
    columns:
      - {name: email, data_type: varchar}
    ```

    ## Use instead
    ```yaml
    columns:
      - name: email
        data_type: varchar
        config: {meta: {pii: email}}
    ```
    """

    code = "PU404"
    name = "privacy.untagged-source"
    severity = "warning"

    def check(self, context: Context) -> Iterator[Finding]:
        """Yield untagged columns of the sources and seeds in use."""
        for seed in (model for model in context.behind_views if model.seed is not None):
            file, first = seed.patch or (seed.path, 1)
            columns = seed_columns(seed, context.columns.get(seed.name, ()))
            yield from self._untagged(columns, seed.name, f"seed {seed.name}", file, first)
        readers = {key: model.name for model in reversed(context.behind_views) for key in model.sources}
        for key, reader in sorted(readers.items()):
            source = context.manifest.sources[key]
            if context.manifest.seed_behind(source) is None or source.columns:
                columns = source_columns(source, context.source_columns.get(key, ()))
                yield from self._untagged(columns, reader, f"source {'.'.join(key)}", source.file, source.line)

    def _untagged(
        self, columns: Iterable[ColumnDoc], model: str, label: str, file: str, first: int
    ) -> Iterator[Finding]:
        for column in columns:
            kind = looks_like(column)
            if kind is None:
                continue
            line, noun = column.line or first, word(kind)
            message = f"`{column.name}` of {label} is called like {article(noun)} {noun} and has no `pii`."
            fix = Fix(f"Add `config: {{meta: {{pii: {kind}}}}}`, or `pii: none` when it holds no identifier.")
            yield Finding(self.code, self.name, self.severity, model, column.name, file, line, 1, line, 1, message, fix)
