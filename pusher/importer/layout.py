"""SQL in the house style: lower case, four spaces, one column a line, macros where markers stood."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlglot import exp

_QUOTED = re.compile(r"""('(?:[^']|'')*'|"(?:[^"]|"")*")""")
_JINJA = re.compile(r"\{[{%#]")
_TEXT = re.compile(r"(?<=\bas )text\b")
_MARKER = re.compile(r"\bpusher_marker_(\d+)\b")
_CALL = re.compile(r"\{\{ (.*?) \}\}")
_WIDTH = 96
_INDENT = " " * 4
_KNOWN = {
    "expressions", "from_", "joins", "where", "group", "having", "qualify", "order", "limit", "distinct", "with_",
    "kind", "laterals",
}  # fmt: skip


def unknown_parts(select: exp.Select) -> list[str]:
    """Return the clauses of a SELECT that are not written here."""
    return [name for name, value in select.args.items() if value and name not in _KNOWN]


def query(node: exp.Expr) -> str:
    """Return a query with each clause on lines of its own."""
    if isinstance(node, exp.SetOperation):
        kind = {exp.Union: "union", exp.Except: "except", exp.Intersect: "intersect"}[type(node)]
        every = "" if node.args.get("distinct") else " all"
        return f"{query(node.left)}\n\n{kind}{every}\n\n{query(node.right)}"
    if isinstance(node, exp.Subquery) and not node.alias:
        return query(node.this)
    if not isinstance(node, exp.Select):
        return expression(node)
    distinct = node.args.get("distinct")
    lines = ["select distinct" if distinct else "select", _listed([_projection(one) for one in node.expressions])]
    if node.args.get("from_"):
        lines.append(f"from {_relation(node.args['from_'].this)}")
    lines += [_join(one) for one in node.args.get("joins") or ()]
    for name in ("where", "having", "qualify"):
        if node.args.get(name):
            lines.append(_condition(name, node.args[name].this))
        if name == "where" and node.args.get("group"):
            lines.append("group by " + ", ".join(expression(one) for one in node.args["group"].expressions))
    if node.args.get("order"):
        lines.append("order by " + ", ".join(expression(one) for one in node.args["order"].expressions))
    if node.args.get("limit"):
        lines.append(expression(node.args["limit"]).strip())
    return "\n".join(lines)


def _projection(node: exp.Expr) -> str:
    is_same = isinstance(node, exp.Alias) and isinstance(node.this, exp.Column) and node.this.name == node.alias
    return expression(node.this if is_same else node)


def _listed(items: Sequence[str]) -> str:
    return ",\n".join(indented(item) for item in items)


def indented(text: str, by: str = _INDENT) -> str:
    """Return lines moved to the right."""
    return "\n".join(by + line if line else line for line in text.split("\n"))


def _relation(node: exp.Expr) -> str:
    if isinstance(node, exp.Subquery):
        alias = f" as {expression(node.args['alias'])}" if node.alias else ""
        return f"(\n{indented(query(node.this))}\n){alias}"
    return expression(node)


def _join(join: exp.Join) -> str:
    method, side, kind = (str(join.args.get(name) or "").lower() for name in ("method", "side", "kind"))
    # Elsewhere a LEFT ANTI JOIN, here an ANTI JOIN.
    words = (method, "" if kind in {"anti", "semi"} else side, "" if kind == "outer" else kind, "join")
    head = " ".join(word for word in words if word)
    text = f"{head} {_relation(join.this)}"
    if join.args.get("on") is not None:
        return f"{text} on {expression(join.args['on'])}"
    if join.args.get("using"):
        return f"{text} using ({', '.join(expression(one) for one in join.args['using'])})"
    return text if head != "join" else f"cross {text}"


def _condition(word: str, node: exp.Expr) -> str:
    parts = [expression(one) for one in node.flatten(unnest=False)] if isinstance(node, exp.And) else [expression(node)]
    if len(parts) == 1:
        return f"{word} {parts[0]}"
    return f"{word}\n" + "\n".join(indented(("and " if number else "") + part) for number, part in enumerate(parts))


def expression(node: exp.Expr) -> str:
    """Return an expression in DuckDB's SQL, with the project's macros."""
    calls: list[str] = []

    def marked(one: exp.Expr) -> exp.Expr:
        call = _macro(one)
        if call is None:
            return one
        calls.append(call)
        return exp.var(f"pusher_marker_{len(calls) - 1}")

    tree = node.copy().transform(marked)
    text = tree.sql("duckdb", comments=False, normalize_functions="lower")
    if len(text) > _WIDTH:
        text = tree.sql(
            "duckdb", comments=False, normalize_functions="lower", pretty=True, indent=4, pad=4, max_text_width=_WIDTH
        )
    parts = enumerate(_QUOTED.split(text))
    text = "".join(_safe(part) if number % 2 else _TEXT.sub("varchar", part.lower()) for number, part in parts)
    return _MARKER.sub(lambda found: calls[int(found[1])], text)


def escaped(text: str) -> str:
    """Return SQL whose texts Jinja does not read."""
    return "".join(_safe(part) if number % 2 else part for number, part in enumerate(_QUOTED.split(text)))


def _safe(quoted: str) -> str:
    """Return a text or a quoted name that Jinja does not read."""
    return _JINJA.sub(lambda found: "{{ '" + found[0] + "' }}", quoted)


def _macro(node: exp.Expr) -> str | None:
    if not isinstance(node, exp.Anonymous) or not node.name.startswith("pusher_"):
        return None
    arguments = node.expressions
    match node.name:
        case "pusher_as_of":
            return "{{ as_of() }}"
        case "pusher_lookback":
            return f"{{{{ lookback({argument(arguments[0])}, {arguments[1].name}) }}}}"
        case "pusher_utc_timestamp":
            return f"{{{{ utc_timestamp({argument(arguments[0])}) }}}}"
        case "pusher_utc_from_local":
            return f"{{{{ utc_from_local({argument(arguments[0])}, '{arguments[1].name}') }}}}"
        case _:
            value = expression(arguments[0])
            distinct = "distinct " if arguments[1].args["this"] else ""
            return f"list_sort(list({distinct}{value}) filter (where {value} is not null))"


def argument(node: exp.Expr) -> str:
    """Return an expression as the text that a macro takes; macros in it are called where they stand."""
    parts = _CALL.split(expression(node))
    given = [part if number % 2 else _text(part) for number, part in enumerate(parts) if part]
    return " ~ ".join(given)


def _text(part: str) -> str:
    part = part.replace("\\", "\\\\")
    return f"'{part}'" if "'" not in part else '"' + part.replace('"', '\\"') + '"'


def model(ctes: Sequence[tuple[str, str]], config: str = "") -> str:
    """Return a model of CTEs whose last one is what it gives."""
    head, *others = [f"{name} as (\n\n{indented(body)}\n\n)" for name, body in ctes]
    text = "with " + ",\n\n".join([head, *others]) + f"\n\nselect * from {ctes[-1][0]}\n"
    return f"{config}\n\n{text}" if config else text


def columns(names: Sequence[str], relation: str, more: str = "") -> str:
    """Return a SELECT of some columns."""
    return f"select\n{_listed(list(names))}\nfrom {relation}" + (f"\n{more}" if more else "")
