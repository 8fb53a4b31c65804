"""Gives each identifier of a query to the project's macros, and says what the query did to it."""

from __future__ import annotations

from sqlglot import exp

from pusher.importer.draft import Draft
from pusher.importer.identities import HASHED, Identity, Peeled, Peeling
from pusher.importer.tables import Sources
from pusher.payload.model import Field

# The country of a calling code; of +1 the one where most of its numbers are. Others are asked for.
_COUNTRIES = {"1": "US"}


class Identifying:
    """Takes the columns of identifiers.

    Args:
        draft: The query.
        sources: Its tables.
        identities: How columns become digests, by name; added to.
        pii: Kinds of identifier by table and column; added to.
        country: Country of phone numbers in national form, or None.
        audience: The view is one of an audience.
    """

    def __init__(
        self, draft: Draft, sources: Sources, identities: dict[str, Identity], pii: dict[tuple[str, str], str],
        *, country: str | None, audience: bool,
    ) -> None:  # fmt: skip
        self._draft, self._sources, self._identities, self._pii = draft, sources, identities, pii
        self._country, self._audience = country, audience

    def identify(self, target: Field, projection: exp.Expr) -> None:
        """Rewrite a projection to the identifier itself, and note how it becomes a digest.

        Args:
            target: The contract's field.
            projection: The projection, with its name.
        """
        draft, kind = self._draft, str(target.pii)
        written = draft.words(projection.unalias())
        peeling = Peeling(draft, self._sources)
        found = peeling.peel(projection)
        self._refuse_compared(peeling.unhashed)
        if self._is_refused(target, projection, found):
            return
        state = "sha256" if found.is_digest else "raw"
        country = self._country_of(target, projection, found.prefix) if kind == "phone" and state == "raw" else None
        identity = Identity(HASHED[kind], state, country)
        if self._identities.setdefault(target.column, identity) != identity:
            message = f"`{target.column}` is made in two ways."
            draft.refuse("import-identity", projection, message, "Import the parts one by one.")
        for column in found.columns:
            for table, name in self._sources.roots(column):
                self._pii[table.key, name] = f"{kind}_sha256" if state == "sha256" else kind
        shown = draft.words(found.columns[0]) if found.columns else target.column
        new = identity.call(shown, audience=self._audience)
        draft.told("hash" if found.hashes else "identity", projection, written, new, _why(found, state))

    def _refuse_compared(self, unhashed: set[tuple[str, str]]) -> None:
        """Refuse conditions on columns that held digests: they hold identifiers now."""
        for column in self._draft.tree.find_all(exp.Column):
            key = (str(column.meta.get("pusher_query")), column.name.lower())
            clause = column.find_ancestor(exp.Select, exp.Join, exp.Where, exp.Having, exp.Qualify, exp.Window)
            if key in unhashed and not isinstance(clause, exp.Select):
                message = f"`{self._draft.words(column)}` is a digest that something is compared with."
                fix = "Compare the identifier itself, or give the digest that is compared a column of its own."
                self._draft.refuse("import-hash", column, message, fix)

    def _is_refused(self, target: Field, projection: exp.Expr, found: Peeled) -> bool:
        draft = self._draft
        if found.literal is not None:
            message = f"`{target.column}` is the text {draft.words(found.literal)}: every row would be the same person."
            fix = "Name the column that holds the identifier."
        elif found.is_weak_digest:
            message = f"`{target.column}` comes from a column of MD5 digests, which TikTok does not match."
            fix = "Name a column of the identifier itself, or of its SHA-256."
        else:
            return False
        draft.refuse("import-identity", projection, message, fix)
        return True

    def _country_of(self, target: Field, place: exp.Expr, prefix: str | None) -> str | None:
        if self._country is not None or prefix is None:
            return self._country
        country = _COUNTRIES.get(prefix)
        if country is None:
            message = f"`{target.column}` puts +{prefix} before every number; which country that is has to be said."
            self._draft.refuse("import-country", place, message, "Say it with --country, such as --country GB.")
        return country


def _why(found: Peeled, state: str) -> str:
    """Return why an identifier is treated otherwise than in the query."""
    if state == "sha256":
        why = "The column holds digests by its name: they are taken as they are, in lower case"
        return f"{why}; the query hashed them again." if found.hashes else f"{why}."
    why = "The project's macro normalises and hashes the column itself, once, in lower-case hexadecimal."
    if not found.hashes:
        why = "The platform hashed it on its way to TikTok; the project's macro normalises and hashes it."
    elif found.weak:
        why = f"MD5 and SHA-1 match nobody: TikTok takes SHA-256. {why}"
    elif found.hashes > 1:
        why = f"It was hashed {found.hashes} times. {why}"
    if found.prefix is not None:
        why += f" +{found.prefix} stood before every number, also before none and before those that had one."
    return why
