"""PU406."""

from __future__ import annotations

from collections.abc import Iterator

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding, Fix
from pusher.lint.flow.identifiers import holds_digests
from pusher.lint.flow.relations import Output
from pusher.lint.flow.values import EVERY_STEP, Hashed, Place
from pusher.lint.rules.base import ViewRule
from pusher.lint.rules.privacy import HASHED


class HashOfHash(ViewRule):
    """An identity is hashed twice.

    ## What it does
    Finds identity columns whose value went through `sha256()` more than once, or through `md5()` or another hash before
    it. The MD5 of a customer's number is a number like any other. A column that is tagged as an identifier and whose
    name says that it arrives hashed, such as `email_hash`, is a warning.

    ## Why is this bad
    TikTok hashes an address once. The hash of a hash is accepted and matches nobody.

    ## Example
    ```sql
    select {{ hashed_email('email_sha256') }} as email
    ```

    ## Use instead
    ```sql
    select {{ hashed_email('email_sha256', 'sha256') }} as email
    ```

    `'sha256'` takes digests as they are, `'auto'` takes digests and hashes anything else.
    """

    code = "PU406"
    name = "privacy.hash-of-hash"
    severity = "error"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield identities that are hashed twice."""
        for output, _ in view.identities():
            twice = sorted(
                (one for one in output.value.hashed if one.times > 1), key=lambda one: (one.column, str(one.place))
            )
            if twice:
                columns = ", ".join(dict.fromkeys(one.column for one in twice))
                message = f"`{output.name}` holds the hash of a hash of {columns}."
                fix = Fix(
                    "Hash once: remove one sha256(), or give the macro the state of its column, 'sha256' or 'auto'."
                )
                place = _place(context, view, output, twice[0])
                yield context.finding(self, view.model.name, place, message, fix, column=output.name)
            yield from self._by_name(context, view, output)

    def _by_name(self, context: Context, view: View, output: Output) -> Iterator[Finding]:
        # A CASE that takes digests as they are has seen to it; so has whoever hashed it before.
        taken = {one.column for one in output.value.hashed if one.steps == EVERY_STEP or one.times > 1}
        once = {one.column: one for one in sorted(output.value.hashed, key=lambda one: str(one.place))}
        for column, one in sorted(once.items()):
            if column in taken or one.kind not in HASHED or not holds_digests(column):
                continue
            message = f"`{output.name}` hashes {column}, whose name says that it holds digests."
            fix = Fix(f"Tag the column `pii: {one.kind}_sha256`, and give the macro the state 'sha256' or 'auto'.")
            place = _place(context, view, output, one)
            yield context.finding(self, view.model.name, place, message, fix, column=output.name, severity="warning")


def _place(context: Context, view: View, output: Output, hashed: Hashed) -> Place:
    """Return where the mistake is: who calls a macro gives it the wrong column, and the macro hashes."""
    is_own = hashed.place is not None and context.is_in_model(hashed.place)
    return hashed.place if is_own and hashed.place is not None else context.place_in(view, output)
