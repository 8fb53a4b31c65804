"""What the functions of a platform that cut, join, search and hash text mean, and how DuckDB says the same."""

from __future__ import annotations

import re

from sqlglot import exp

from pusher.importer.draft import Draft, Handlers
from pusher.importer.layout import expression

_BEYOND_RE2 = re.compile(r"\(\?(?:[=!]|<[=!])|\\[1-9]|[*+?}]\+")
_JAVA_GROUP = re.compile(r"\$(\d)")


def _substring(draft: Draft, node: exp.Expr) -> exp.Expr | None:
    start = node.args.get("start")
    # Of Snowflake sqlglot knows it.
    if draft.dialect == "snowflake" or not (isinstance(start, exp.Literal) and start.name == "0"):
        return None
    if draft.dialect == "presto":
        # It is always an empty text there, which nobody means.
        return draft.no_equal(node)
    old = draft.words(node)
    node.set("start", exp.Literal.number(1))
    why = "A text begins at 1, and 0 is taken for that, as before; DuckDB would give one character less."
    draft.told("text", node, old, expression(node), why)
    return None


def _position(draft: Draft, node: exp.Expr) -> exp.Expr | None:
    """Carry the place of the first match; DuckDB looks for no other, and from no other place."""
    given = (node.args.get(name) for name in ("position", "occurrence"))
    return draft.no_equal(node) if any(one is not None and one.name != "1" for one in given) else None


def _like(draft: Draft, node: exp.Expr) -> exp.Expr | None:
    pattern = node.expression
    if draft.dialect not in {"bigquery", "spark"} or isinstance(node.parent, exp.Escape):
        return None
    if not isinstance(pattern, exp.Literal | exp.RawString) or "\\" not in pattern.name:
        return None
    node.set("expression", exp.Literal.string(pattern.name))
    escaped = exp.Escape(this=node.copy(), expression=exp.Literal.string("\\"))
    why = "The sign behind a backslash stands for itself, as before; DuckDB takes the backslash for a sign of its own."
    draft.told("text", node, node, expression(escaped), why)
    return escaped


def _split_part(draft: Draft, node: exp.Expr) -> exp.Expr | None:
    if draft.dialect != "presto":
        return None
    parts = exp.Anonymous(this="string_split", expressions=[node.this.copy(), node.args["delimiter"].copy()])
    part = exp.Anonymous(this="array_extract", expressions=[parts, node.args["part_index"].copy()])
    why = "A part that is not there is NULL, as before; DuckDB's split_part would give an empty text."
    draft.told("nulls", node, node, expression(part), why)
    return part


def _regexp_extract(draft: Draft, node: exp.Expr) -> exp.Expr | None:
    _pattern(draft, node)
    if draft.dialect != "presto":
        return None
    found = exp.RegexpLike(this=node.this.copy(), expression=node.expression.copy())
    first = exp.Case(ifs=[exp.If(this=found, true=node.copy())])
    why = "Without a match it is NULL, as before; DuckDB would give an empty text."
    draft.told("nulls", node, node, expression(first), why)
    return first


def _regexp_replace(draft: Draft, node: exp.Expr) -> exp.Expr | None:
    old = draft.words(node)
    given = [node.args.get(name) for name in ("position", "occurrence")]
    if any(one is not None and one.name not in {"0", "1"} for one in given) or (
        given[1] is not None and given[1].name == "1"
    ):
        return draft.no_equal(node)
    _pattern(draft, node)
    replacement = node.args.get("replacement")
    if replacement is None:
        node.set("replacement", exp.Literal.string(""))
    elif draft.dialect in {"presto", "spark"} and isinstance(replacement, exp.Literal):
        node.set("replacement", exp.Literal.string(_JAVA_GROUP.sub(r"\\\1", str(replacement.this))))
    for name in ("position", "occurrence", "single_replace"):
        node.set(name, None)
    flags = node.args.get("modifiers")
    node.set("modifiers", exp.Literal.string("g" + (flags.name.replace("g", "") if flags is not None else "")))
    why = "All matches are replaced, as before: without the option `g` DuckDB would replace the first only."
    draft.told("regexp", node, old, expression(node), why)
    return None


def _pattern(draft: Draft, node: exp.Expr) -> None:
    pattern = node.expression
    if isinstance(pattern, exp.RawString):
        pattern = exp.Literal.string(str(pattern.this))
        node.set("expression", pattern)
    if not isinstance(pattern, exp.Literal):
        draft.refuse("import-regexp", node, "The pattern is no text that could be read.", "Write the pattern itself.")
    elif _BEYOND_RE2.search(str(pattern.this)):
        message = f"The pattern `{pattern.this}` looks around or back, which DuckDB's expressions (RE2) cannot."
        draft.refuse("import-regexp", node, message, "Write a pattern without it.")


def _regexp(draft: Draft, node: exp.Expr) -> exp.Expr | None:
    _pattern(draft, node)
    return None


def _digest(draft: Draft, node: exp.Expr) -> exp.Expr | None:
    """Carry a digest of something that identifies nobody, in the same letters."""
    length = node.args.get("length")
    bits = 256 if length is None else int(length.name) if length.name.isdigit() else -1
    is_sha = isinstance(node, (exp.SHA2, exp.SHA2Digest))
    if (is_sha and bits not in {0, 256}) or isinstance(node, (exp.SHA, exp.SHA1Digest)):
        return draft.no_equal(node)
    inner = node.this.this if isinstance(node.this, exp.Encode) else node.this
    called = exp.Anonymous(this="sha256" if is_sha else "md5", expressions=[inner.copy()])
    if isinstance(node, (exp.SHA2Digest, exp.MD5Digest)) and not isinstance(node.parent, (exp.Hex, exp.LowerHex)):
        return draft.no_equal(node)
    return called


def _hex(draft: Draft, node: exp.Expr) -> exp.Expr | None:
    if not (isinstance(node.this, exp.Anonymous) and node.this.name in {"sha256", "md5"}):
        return draft.no_equal(node)
    is_upper = not isinstance(node, exp.LowerHex)
    new = exp.Upper(this=node.this.copy()) if is_upper else node.this.copy()
    why = "DuckDB's digest is hexadecimal text already" + (
        "; the platform wrote it in upper case." if is_upper else "."
    )
    draft.told("hash", node, node, expression(new), why)
    return new


def _encoded(draft: Draft, node: exp.Expr) -> exp.Expr | None:
    return None if isinstance(node.parent, (exp.SHA2Digest, exp.MD5Digest, exp.SHA1Digest)) else draft.no_equal(node)


def _concat(draft: Draft, node: exp.Expr) -> exp.Expr | None:
    parts = [
        one if isinstance(one, exp.Literal) and one.is_string else exp.cast(one.copy(), "varchar")
        for one in node.expressions
    ]
    joined: exp.Expr = parts[0].copy()
    for part in parts[1:]:
        joined = exp.DPipe(this=joined, expression=part.copy())
    why = "With one part NULL the whole is NULL, as before; DuckDB's concat would leave that part out."
    draft.told("nulls", node, node, expression(joined), why)
    return exp.paren(joined)


def _concat_ws(draft: Draft, node: exp.Expr) -> None:
    # The others leave out what is NULL, as DuckDB does.
    node.set("coalesce", draft.dialect != "snowflake")
    if draft.dialect == "snowflake":
        why = "With one part NULL the whole is NULL, as before; DuckDB's concat_ws would leave that part out."
        draft.told("nulls", node, node, expression(node), why)


TEXT_HANDLERS: Handlers = (
    ((exp.RegexpReplace,), _regexp_replace),
    ((exp.RegexpExtract,), _regexp_extract),
    ((exp.RegexpLike,), _regexp),
    ((exp.SHA, exp.SHA2, exp.SHA1Digest, exp.SHA2Digest, exp.MD5, exp.MD5Digest), _digest),
    ((exp.Hex, exp.LowerHex), _hex),
    ((exp.Encode,), _encoded),
    ((exp.ConcatWs,), _concat_ws),
    ((exp.Concat,), _concat),
    ((exp.Substring,), _substring),
    ((exp.StrPosition,), _position),
    ((exp.Like, exp.ILike), _like),
    ((exp.SplitPart,), _split_part),
)
