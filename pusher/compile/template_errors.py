"""What a template that failed is told as: code, words, place and remedy."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import NamedTuple

from jinja2 import TemplateSyntaxError, UndefinedError
from jinja2.exceptions import SecurityError, TemplateError

from pusher.compile import shim
from pusher.compile.budget import RenderLimit
from pusher.compile.environment import MacroReturn
from pusher.compile.query_answers import NeedsWarehouse
from pusher.compile.template_places import last_template_line, locate_word
from pusher.compile.word_values import Raised
from pusher.config import suggest
from pusher.errors import Problem

# An error can quote a whole text.
_LONGEST_TEXT = 500
# Tags of dbt that are left out, with what to do instead.
_LEFT_OUT: Mapping[str, str] = {
    "snapshot": "Build the history outside pusher and declare it as a source.",
    "docs": "Doc blocks stand in .md files.",
    "materialization": "Remove it; models are view, table, incremental or ephemeral.",
}
# A call of a function of Python's, whose name may begin with those of what it stands in.
_CALL = re.compile(
    r"^(?:[\w<>]+\.)*_*(?P<name>\w+|<lambda>)\(\) (?:missing \d+ required (?:positional|keyword-only) arguments?: "
    r"(?P<lacks>.+)|takes (?:no|from|\d+).*|got an unexpected keyword argument '(?P<unknown>\w+)'.*|got multiple .*)$",
    re.DOTALL,
)
# What templates call those whose name there is another.
_CALLED = {
    "columns_in": "adapter.get_columns_in_relation",
    "dispatch": "adapter.dispatch",
    "identifier": "adapter.quote",
    "raise": "exceptions.raise_compiler_error",
    "warn": "exceptions.warn",
}
_UNDEFINED = re.compile(r"^'([^']+)' is undefined$")
_ARGUMENTS = re.compile(r"^macro '([^']+)' (takes (?:no keyword|not more than) .+)$", re.DOTALL)
_PARAMETER = re.compile(r"^parameter '([^']+)' was not provided$")
_OF_WORD = re.compile(r"^'types\.SimpleNamespace object' has no attribute '(\w+)'\.$")
_ATTRIBUTE = re.compile(r"has no (?:attribute|element) '?([^']+)'?$")


class _Description(NamedTuple):
    """How an exception is shown.

    Attributes:
        code: Code of the problem.
        message: What is wrong.
        fix: What to do.
        pattern: What to look for in the line, for the column.
    """

    code: str
    message: str
    fix: str
    pattern: str = r"\S"


_RANGE = _Description(
    "render-limit", "range() is limited to 100,000 items.", "Use SQL's range() for many rows.", r"\brange\b"
)
_OTHER_FILES = _Description(
    "unsupported-feature",
    "Templates read no other files: include, import and extends are not supported.",
    "Write a macro in macros/; every template knows it.",
    r"\{%[-+]?\s*(?:include|import|from|extends)\b",
)
_DESCRIPTIONS: Mapping[type[Exception], _Description] = {
    RecursionError: _Description("render-limit", "A macro calls itself without an end.", "Give the recursion an end."),
    NeedsWarehouse: _Description(
        "query-not-here", "run_query() works in models only.", "Call it in the file of a model.", r"\brun_query\b"
    ),
    MacroReturn: _Description("jinja", "return() works inside macros only.", "Remove it.", r"\breturn\b"),
}


def problem_of(
    error: Exception, path: str, *, texts: Mapping[str, str], names: Collection[str], filters: Collection[str]
) -> Problem:
    """Return what is wrong with a template that raised an error.

    Args:
        error: What was raised.
        path: File of the template.
        texts: Texts of all files, by path.
        names: Names that the template may use.
        filters: Filters that it may use.
    """
    if isinstance(error, Raised):
        return error.problem
    if isinstance(error, TemplateSyntaxError):
        return _syntax_problem(error, path, texts, filters)
    file, line = last_template_line(error.__traceback__) or (path, 1)
    found = _describe(error, names)
    text = texts.get(file, "")
    line, column = locate_word(text, line, found.pattern)
    return Problem(found.code, _with_holder(found.message, text, line), file, line, column, found.fix)


def _with_holder(message: str, text: str, line: int) -> str:
    """Return a message about an attribute with what has none of it as the template calls that."""
    lacks = _OF_WORD.match(message)
    lines = text.split("\n")[line - 1 : line]
    holder = re.search(rf"(\w+(?:\.\w+)*)\.{lacks[1]}\b", lines[0][:_LONGEST_TEXT]) if lacks and lines else None
    return f"`{holder[1]}` has no `{lacks[1]}`." if lacks and holder else message


def _syntax_problem(
    error: TemplateSyntaxError, path: str, texts: Mapping[str, str], filters: Collection[str]
) -> Problem:
    file = error.filename or path
    message = (error.message or "Jinja syntax error").rstrip(".")
    quoted = re.findall(r"'([^']+)'", message)
    fix = "Fix the Jinja at this place."
    if message.startswith("expected token") and quoted:
        # It says what it wants, then what stands there.
        quoted = quoted[-1:]
    elif message.startswith("Unexpected end of template") and quoted:
        fix, quoted = f"Write {{% end{quoted[-1]} %}} where the block ends.", quoted[-1:]
    word = rf"(?<!\w){re.escape(quoted[0])}(?!\w)" if quoted else r"\S"
    line, column = locate_word(texts.get(file, ""), error.lineno, word)
    if message.startswith("Encountered unknown tag") and quoted[0] in _LEFT_OUT:
        message = f"`{{% {quoted[0]} %}}` is not supported."
        return Problem("unsupported-feature", message, file, line, column, _LEFT_OUT[quoted[0]])
    if message.startswith("No filter named") and quoted:
        near = suggest(quoted[0], filters)
        fix = f"Did you mean `{near}`?" if near else fix
    return Problem("jinja-syntax", f"{message}.", file, line, column, fix)


def _describe(error: Exception, names: Collection[str]) -> _Description:
    text = str(error)[:_LONGEST_TEXT].rstrip(".")
    if isinstance(error, UndefinedError):
        return _undefined(text, names)
    if isinstance(error, RenderLimit):
        return _Description("render-limit", f"{text}.", "Make loops and texts smaller; let SQL do the work.")
    if isinstance(error, SecurityError):
        return _Description("jinja-unsafe", f"{text}.", "Templates may use values, macros and dbt's words only.")
    if isinstance(error, shim.UnsupportedMacro):
        return _Description("unsupported-feature", str(error), error.fix, rf"\b{error.macro}\b")
    if isinstance(error, OverflowError) and text.startswith("Range too big"):
        return _RANGE
    for kind, description in _DESCRIPTIONS.items():
        if isinstance(error, kind):
            return description
    found = _wrong_use(text) if isinstance(error, TypeError) else None
    if found is not None:
        return found
    name = "" if isinstance(error, TemplateError) else f"{type(error).__name__}: "
    return _Description("jinja", f"Jinja failed: {name}{text}.", "Fix the Jinja at this place.", r"\{[{%]")


def _wrong_use(text: str) -> _Description | None:
    """Return how a TypeError is shown that says more than what Python found."""
    if text == "no loader for this environment specified":
        return _OTHER_FILES
    call = _CALL.match(text)
    if call:
        return _wrong_call(call)
    macro = _ARGUMENTS.match(text)
    if macro:
        wrong = f"Macro `{macro[1]}` {macro[2]}.".replace("argument(s)", "arguments").replace("'", "`")
        fix = "Call it with the arguments that its {% macro %} line names."
        return _Description("macro-arguments", wrong, fix, rf"\b{re.escape(macro[1])}\b")
    return None


def _wrong_call(call: re.Match[str]) -> _Description:
    name = _CALLED.get(call["name"], call["name"])
    what, pattern = ("This call", r"\{[{%]") if name == "<lambda>" else (f"`{name}()`", rf"\b{re.escape(name)}\b")
    message = f"{what} is given too many values."
    if call["lacks"]:
        message = f"{what} needs {call['lacks']}.".replace("'", "`")
    elif call["unknown"]:
        message = f"{what} takes no `{call['unknown']}`."
    return _Description("wrong-call", message, "Correct what stands in its brackets.", pattern)


def _undefined(text: str, names: Collection[str]) -> _Description:
    found = _UNDEFINED.match(text)
    if found:
        name = found.group(1)
        near = suggest(name, names)
        fix = f"Did you mean `{near}`?" if near else "Define it with {% set %}, as a macro in macros/, or as a var."
        return _Description("undefined-name", f"`{name}` is not defined.", fix, rf"\b{re.escape(name)}\b")
    parameter = _PARAMETER.match(text)
    if parameter:
        name = parameter[1]
        message, fix = f"The call of this macro gives no `{name}`.", f"Pass `{name}` where the macro is called."
        return _Description("macro-arguments", message, fix, rf"\b{re.escape(name)}\b")
    attribute = _ATTRIBUTE.search(text)
    pattern = rf"\b{re.escape(attribute.group(1))}\b" if attribute else r"\{[{%]"
    return _Description("undefined-name", f"{text[:1].upper()}{text[1:]}.", "Check the name.", pattern)
