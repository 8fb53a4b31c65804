"""PU404."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context
from pusher.lint.finding import Finding, Fix
from pusher.lint.flow.identifiers import looks_like, source_columns
from pusher.lint.rules.base import Rule
from pusher.lint.rules.privacy import article, word


class UntaggedSource(Rule):
    """A source column looks like an identifier and does not say so.

    ## What it does
    Finds columns of sources behind the destination views that are called like an e-mail address or a phone number
    and have no `pii` in their meta. They are followed as if they were tagged.

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
        """Yield untagged columns of the sources in use."""
        readers = {key: model.name for model in reversed(context.behind_views) for key in model.sources}
        for key, reader in sorted(readers.items()):
            source = context.manifest.sources[key]
            for column in source_columns(source, context.source_columns.get(key, ())):
                kind = looks_like(column)
                if kind is None:
                    continue
                line, noun = column.line or source.line, word(kind)
                label = ".".join(key)
                message = f"`{column.name}` of source {label} is called like {article(noun)} {noun} and has no `pii`."
                fix = Fix(f"Add `config: {{meta: {{pii: {kind}}}}}`, or `pii: none` when it holds no identifier.")
                yield Finding(
                    self.code,
                    self.name,
                    self.severity,
                    reader,
                    column.name,
                    source.file,
                    line,
                    1,
                    line,
                    1,
                    message,
                    fix,
                )
