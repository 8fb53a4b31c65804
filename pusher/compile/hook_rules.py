"""Which statements hooks may run: those that leave alone what lint has proven, and do not leave the sandbox.

The engine's parser says what kind of statement it is. Its beginning must then have one of few forms, whose target is a
name in the text; what follows is a query that the engine takes for one that only reads, or expressions without a word
that could read or write in another way. Whatever has none of these forms is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pusher.contracts import Engine, EngineError, Statement
from pusher.payload.read_only import runs_or_shows

Refusal = tuple[str, str]
"""Half a sentence, and what to do."""
_PART = r'(?:"(?:[^"]|"")*"|[A-Za-z_][A-Za-z0-9_]*)'
_NAME = rf"(?P<name>{_PART}(?:\s*\.\s*{_PART}){{0,2}})(?=[\s(]|$)(?!\s*\.)"
_IF_NOT = r"(?:if\s+not\s+exists\s+)?"
_OWN = "Write to a table of your own, which no model, seed, source or test has the name of."
_USE = (
    "Hooks may select, analyze, checkpoint, comment on, create tables, views, indexes, sequences and schemas of their "
    "own, and insert, update, delete and drop there."
)
# Suffix and names of what a build itself makes beside a relation.
_MADE_BY_BUILDS = re.compile(r".*__pusher_\w+|pusher_.*", re.DOTALL)
_TOKEN = re.compile(r"--[^\n]*|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[A-Za-z_][A-Za-z0-9_]*|\s+|.", re.DOTALL)
# Words with which an expression would do more than name columns and call functions.
_WORDS = frozenset(
    {
        "with", "insert", "merge", "copy", "attach", "detach", "call", "execute", "pragma", "load", "install",
        "references", "pivot", "unpivot", "import", "export", "prepare",
    }
)  # fmt: skip


def _form(pattern: str) -> str:
    # Compiled when a hook needs it: most projects have none.
    return pattern.replace(" ", r"\s+")


_OR = r"(?:or\s+replace\s+)?(?:(?:temp|temporary)\s+)?"
_ANY = rf"{_PART}(?:\s*\.\s*{_PART}){{0,3}}"
_REST = r"(?P<rest>(?:[\s(].*)?)"
_COLUMNS = r"\s*(?:\((?P<columns>[^()']*)\))?\s*"
_INSERT = _form(rf"insert into {_NAME}{_COLUMNS}(?:by\s+(?:name|position)\s+)?(?P<query>.*)")
_TABLE = _form(rf"create {_OR}table {_IF_NOT}{_NAME}\s*(?:as\s+(?P<query>.*)|(?P<rest>\(.*\)))")
_VIEW = _form(rf"create {_OR}view {_IF_NOT}{_NAME}{_COLUMNS}as\s+(?P<query>.*)")
_OTHER = _form(rf"create (?:schema|sequence) {_IF_NOT}{_ANY}{_REST}")
_INDEX = _form(rf"create (?:unique\s+)?index {_IF_NOT}{_PART} on {_ANY}{_REST}")
_UPDATE = _form(rf"update {_NAME}(?P<rest>\s.*)")
_DELETE = _form(rf"(?:delete from|truncate(?:\s+table)?) {_NAME}{_REST}")
_DROP = _form(rf"drop (?:table|view) (?:if\s+exists\s+)?{_NAME}\s*(?:restrict\s*)?")
_DROP_OTHER = _form(rf"drop (?:index|sequence) (?:if\s+exists\s+)?{_ANY}\s*(?:restrict\s*)?")
_COMMENT = _form(rf"comment on (?:table|view|column|index|sequence|schema) {_ANY} is (?P<rest>.*)")
_ANALYZE = _form(rf"(?:vacuum|analyze|vacuum\s+analyze)(?:\s+{_ANY})?{_REST}")
_CHECKPOINT = _form(rf"checkpoint(?:\s+{_PART})?\s*")
_FORMS: Mapping[str, tuple[str, ...]] = {
    "INSERT": (_INSERT,),
    "CREATE": (_TABLE, _VIEW, _OTHER, _INDEX),
    "UPDATE": (_UPDATE,),
    "DELETE": (_DELETE,),
    "DROP": (_DROP, _DROP_OTHER),
    "ALTER": (_COMMENT,),
    "VACUUM": (_ANALYZE,),
    "CALL": (_CHECKPOINT,),
}


def refusal(statement: Statement, engine: Engine, protected: Mapping[str, str]) -> Refusal | None:
    """Return why a statement may not run in a hook, and what to do instead; None when it may.

    Args:
        statement: The statement.
        engine: Reads queries in it.
        protected: What each relation that no hook may change is, by its name in lower case.

    Raises:
        EngineError: A query in it does not parse.
    """
    sql = _without_comments_in_front(statement.sql).strip().rstrip(";").rstrip()
    if statement.kind == "SELECT":
        return _of_query(sql, engine)
    tried = (re.fullmatch(form, sql, re.IGNORECASE | re.DOTALL) for form in _FORMS.get(statement.kind, ()))
    found = next((one for one in tried if one is not None), None)
    if found is None:
        first = " ".join(re.findall(r"[A-Za-z_]+", sql)[:2]).upper() or statement.kind
        return f"may not run this {first}", _USE
    groups = found.groupdict()
    if groups.get("name") is not None:
        wrong = _of_target(groups["name"], protected)
        if wrong is not None:
            return wrong
    if groups.get("query") is not None:
        return _of_query(groups["query"], engine)
    return _of_expressions(" ".join(groups[key] for key in ("columns", "rest") if groups.get(key)))


def _without_comments_in_front(sql: str) -> str:
    """Return a statement from its first word on; other comments than those of whole lines stay, and match no form."""
    while (found := re.match(r"\s*(?:--[^\n]*(?:\n|$)|;)", sql)) is not None:
        sql = sql[found.end() :]
    return sql


def _of_target(name: str, protected: Mapping[str, str]) -> Refusal | None:
    last = re.findall(_PART, name)[-1]
    known = (last[1:-1].replace('""', '"') if last.startswith('"') else last).lower()
    if known in protected:
        return f"would change `{known}`, which is {protected[known]}", _OWN
    if _MADE_BY_BUILDS.fullmatch(known):
        return f"would change `{known}`, a name that builds use themselves", _OWN
    return None


def _of_query(sql: str, engine: Engine) -> Refusal | None:
    if re.fullmatch(r"default\s+values", sql.strip(), re.IGNORECASE):
        return None
    try:
        engine.check_is_query(sql)
    except EngineError as error:
        reason = error.message.removesuffix(".")
        if reason.startswith("A model "):
            return f"holds a query that {reason.removeprefix('A model ')}", error.fix or _USE
        return f"holds a query that is none: {reason}", error.fix or "Correct its SQL."
    return None


def _of_expressions(sql: str) -> Refusal | None:
    """Return why expressions may not run: each of their words is looked at, those in quotes too."""
    tokens = _TOKEN.findall(sql)
    for before, one in zip(["", *tokens], tokens, strict=False):
        word = (one[1:-1].replace('""', '"') if one.startswith('"') and len(one) > 1 else one).lower()
        if word in _WORDS or runs_or_shows(word):
            return f"may not use `{word}` there", _USE
        if one.startswith("--"):
            return "holds a comment in the midst of its statement", "Write it on a line of its own in front: -- ..."
        if one in {"$", ";"} or (one.startswith("'") and re.fullmatch(r"\w+", before)):
            return "holds a text that is not written in plain quotes", "Write it as '...'."
    if "/*" in sql:
        return "holds a comment in the midst of its statement", "Write it on a line of its own in front: -- ..."
    return None
