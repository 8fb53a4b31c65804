"""DuckDB's exceptions as EngineError: position and candidates kept, values from the data removed."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from pusher.contracts import EngineError

_KINDS = {
    "parser": "parser",
    "syntax": "parser",
    "binder": "binder",
    "catalog": "catalog",
    "dependency": "catalog",
    "conversion": "conversion",
    "invalid input": "conversion",
    "out of range": "conversion",
    "constraint": "conversion",
    "mismatch type": "conversion",
    "invalid type": "conversion",
    "out of memory": "out-of-memory",
    "io": "io",
    "permission": "permission",
    "invalid": "permission",
}
_PREFIX = re.compile(r"^([A-Za-z ]+?)(?: Error)?: ", re.DOTALL)
# What to do about an error that names no candidate, by a part of DuckDB's message.
_FIXES = (
    (r"not utf-8 encoded", "Save the file as UTF-8, or name its encoding: read_csv('...', encoding = 'latin-1')."),
    (
        r"Column .* is being converted as type",
        "Correct the line, or declare the column as varchar and cast it in staging.",
    ),
    (r"^CSV Error", "Correct the line: quotes, delimiter and number of fields must fit the header."),
    (
        r"^Error when sniffing file",
        "Look for a line with too few or too many fields, and for a quote that is not closed or not doubled.",
    ),
    (
        r"^COLUMN_TYPES error",
        "Compare the first line of the file with the declared columns; all lines need as many fields.",
    ),
    (r"not found|does not have a column|does not exist on|FROM clause is missing", "Name a column of a table in FROM."),
    (r"must appear in the GROUP BY", "Add the column to GROUP BY, or aggregate it, with any_value() for example."),
    (r"WHERE clause cannot contain|cannot be nested", "Compute the inner result in a CTE of its own first."),
    (r"No function matches the given name", "Check number and types of the arguments; cast the one that does not fit."),
    (r"Ambiguous reference to column", "Put the name or alias of its table before the column."),
    (r"same number of result columns", "Give both sides of the set operation the same columns in the same order."),
    (r"Cannot mix values|Unimplemented type for cast", "Cast one side to the type of the other."),
)
_DETAILS = re.compile(r"\s*Either add it to the GROUP BY.*| You might need to add explicit type casts.*", re.DOTALL)
# The token at a syntax error: an open text or comment goes to the end of the SQL.
_NEAR = re.compile(r'(?<=at or near ").*(?="$)', re.DOTALL)
_MOST_NEAR = 60
_LONGEST_MESSAGE = 5_000
_LINE_QUOTE = re.compile(r"\n+LINE \d+:.*", re.DOTALL)
_ADVICE = re.compile(
    r"\s*(?:Candidate bindings:|Did you mean|Candidate functions:|\n\s*\n|Use \"SET|Use try\().*", re.DOTALL
)
_QUOTED_CANDIDATES = re.compile(r"(?:Candidate bindings:|Did you mean)(.*)", re.DOTALL)
# What may be said about a value: the forms in which DuckDB quotes one are known and rebuilt without it.
_SAFE_FORMS = (
    (
        re.compile(
            r"Could not convert string ['\"].*['\"] to (\S+?)(?: when casting from source column (\S+))?$", re.DOTALL
        ),
        "A text cannot be converted to {0}{1: in column {}}",
    ),
    (re.compile(r"invalid (\w+) field format", re.DOTALL), "A text is not a {0}"),
    (
        re.compile(r"Type (\S+) with value .* can't be cast .* destination type (\S+)", re.DOTALL),
        "A {0} is out of range for {1:{}}",
    ),
    (re.compile(r"Overflow in (\w+) of (\w+)"), "Overflow in {0} of {1:{}}"),
    (
        re.compile(r"Could not parse string \".*\" according to format", re.DOTALL),
        "A text does not follow the format of strptime",
    ),
    (re.compile(r"Malformed JSON"), "A text is not JSON"),
    (re.compile(r"Division by zero"), "Division by zero; use nullif() for the divisor"),
    (
        re.compile(r"More than one row returned by a subquery"),
        "A subquery used as an expression returned more than one row",
    ),
    (re.compile(r"NOT NULL constraint failed: (\S+)"), "Column {0} may not be null"),
    (re.compile(r"Could not cast value .* to (\S+)$", re.DOTALL), "A value cannot be converted to {0}"),
    (re.compile(r"Invalid unicode|not valid UTF-?8|invalid UTF8", re.IGNORECASE), "A text is not UTF-8"),
)
_SNIFFED = re.compile(r'^Error when sniffing file "(.*)"')
_NOT_IN_FILE = re.compile(r"^COLUMN_TYPES error: Columns with names: (.*) do not exist in the CSV File")
_REFUSED_FILE = re.compile(r'Cannot access (?:file|directory) "(.*)" - file system operations are disabled')
_SETTING = re.compile(r"Cannot change configuration option")


def _shown(template: str, groups: tuple[str | None, ...]) -> str:
    text = template.replace("{0}", groups[0] or "" if groups else "")
    second = groups[1] if len(groups) > 1 else None
    return re.sub(r"\{1:(.*?)\{\}\}", lambda found: f"{found[1]}{second}" if second else "", text)


def _bad_csv_line(message: str) -> str:
    # The line itself comes first in the message, so what follows it is read from the end.
    line = re.match(r"CSV Error on Line: (\d+)", message)
    file = re.findall(r"^  file = (.*)$", message, re.MULTILINE)[-1:]
    column = re.findall(r"^Column (.*) is being converted as type (\w+)$", message, re.MULTILINE)[-1:]
    where = f"Line {line[1] if line else '?'} of {PurePath(file[0]).name if file else 'a CSV file'}"
    if "not utf-8 encoded" in message:
        return f"{where} is not UTF-8"
    fields = re.findall(r"^Expected Number of Columns: (\d+) Found: (\d+)$", message, re.MULTILINE)[-1:]
    if fields:
        return f"{where} has another number of fields than the header: {fields[0][1]}, not {fields[0][0]}"
    return f"{where}: column {column[0][0]} is no {column[0][1]}" if column else f"{where} cannot be read"


def _without_values(message: str) -> str:
    if message.startswith("CSV Error"):
        return _bad_csv_line(message)
    sniffed = _SNIFFED.match(message)
    if sniffed:
        return f"The lines of {PurePath(sniffed[1]).name} do not have one form"
    for pattern, template in _SAFE_FORMS:
        found = pattern.search(message)
        if found:
            return _shown(template, found.groups())
    return "A value in the data cannot be processed"


def _out_of_disk(message: str) -> bool:
    lowered = message.lower()
    return "no space left" in lowered or "max_temp_directory_size" in lowered or "disk full" in lowered


def _few_words(found: re.Match[str]) -> str:
    text = " ".join(found[0].split())
    return text if len(text) <= _MOST_NEAR else f"{text[:_MOST_NEAR]}..."


def _candidates(details: dict[str, Any], message: str) -> list[str]:
    listed = details.get("candidates")
    if isinstance(listed, str) and listed:
        return [part.strip() for part in listed.split(",")]
    found = _QUOTED_CANDIDATES.search(message)
    return re.findall(r'"([^"]+)"', found[1].split("\n")[0]) if found else []


def _details(text: str) -> tuple[str, dict[str, Any]]:
    """Return DuckDB's name of the error and what it says about it."""
    prefix = _PREFIX.match(text)
    kind, rest = (prefix[1], text[prefix.end() :]) if prefix else ("", text)
    start = text.find("{")
    if start >= 0 and '"exception_type"' in text[start : start + 30]:
        try:
            details = json.loads(text[start:])
        except ValueError:
            return kind, {"exception_message": rest}
        return str(details.get("exception_type", kind)), details
    return kind, {"exception_message": _LINE_QUOTE.sub("", rest)}


def _unwrapped(message: str) -> str:
    """Return the words of an error that a thread of DuckDB's met, which quotes it whole and as JSON."""
    start = message.find('{"exception_type"')
    if start < 0:
        return message
    try:
        return str(json.loads(message[start:])["exception_message"])
    except (ValueError, KeyError, TypeError):
        return message[:start].rstrip(" :")


def engine_error(error: Exception, statement: str = "", *, prefix: int = 0, length: int | None = None) -> EngineError:
    """Return what a person may read of a DuckDB exception.

    Args:
        error: The exception.
        statement: The statement that ran; DuckDB counts positions in its bytes.
        prefix: Characters in front of the caller's SQL in that statement.
        length: Length of the caller's SQL; positions outside are dropped.
    """
    name, details = _details(str(error))
    # Tokens and names may be as long as the SQL, and the patterns below take their time with long ones.
    message = _NEAR.sub(_few_words, _unwrapped(str(details.get("exception_message", ""))))[:_LONGEST_MESSAGE]
    kind = _KINDS.get(name.lower(), "other")
    if _out_of_disk(message):
        return EngineError("The disk is full: no space for the database or its temporary files.", kind="io")
    # DuckDB's word for a CTE and for a subquery, which says nothing to a reader.
    message = message.replace('Values list "', 'Table "')
    candidates = _candidates(details, message)
    fix = next((fix for pattern, fix in _FIXES if re.search(pattern, message)), None)
    undeclared = _NOT_IN_FILE.search(message)
    if undeclared:
        listed = ", ".join(sorted(undeclared[1].replace('"', "").split(",")))
        message = f"Declared columns are not in the CSV file: {listed}"
    if kind == "conversion" and _SETTING.search(message):
        kind = "permission"
    elif kind in {"conversion", "other"}:
        message = _without_values(message)
    elif kind == "out-of-memory":
        message = "The query needs more memory than memory_limit allows"
    message = _DETAILS.sub("", _ADVICE.sub("", message)).strip().rstrip(".!")
    offset = _offset(str(details.get("position", "")), statement, prefix, length)
    return EngineError(f"{message[:1].upper()}{message[1:]}.", kind=kind, offset=offset, candidates=candidates, fix=fix)


def _offset(position: str, statement: str, prefix: int, length: int | None) -> int | None:
    if not position.isdigit():
        return None
    before = statement.encode()[: int(position)].decode(errors="ignore")
    offset = len(before) - prefix
    return offset if 0 <= offset <= (len(statement) - prefix if length is None else length) else None


def as_declared(error: EngineError, declared: Sequence[str]) -> EngineError:
    """Return an error as it is for a person: a refused file is undeclared, or declared and absent.

    Args:
        error: What a query met.
        declared: Files that queries may read.
    """
    refused = _REFUSED_FILE.match(error.message)
    if error.kind != "permission" or refused is None:
        return error
    for path in declared:
        # A missing file is tried as a folder of Parquet files.
        if refused[1] == path or refused[1].startswith(f"{path}/"):
            fix = "Put the file there, or correct external_location of the source."
            return EngineError(f'No file "{path}" is there.', kind="io", offset=error.offset, fix=fix)
    message = f'File "{refused[1]}" is not declared; models read files through source() only.'
    fix = "Declare the file as a source with external_location."
    return EngineError(message, kind="permission", offset=error.offset, fix=fix)


def opening_error(error: Exception, path: str | PurePath) -> EngineError:
    """Return why a database cannot be opened."""
    text = str(error)
    name = PurePath(path).name
    if "Could not set lock" in text:
        holder = re.search(r"\(PID (\d+)\)", text)
        who = f" (process {holder[1]})" if holder else ""
        message = f"{name} is in use by another process{who}; close it first."
        return EngineError(message, kind="io", fix="Close the other program that holds it.")
    if "not a valid DuckDB database file" in text:
        fix = "Correct `path` in profiles.yml, or move the file away."
        return EngineError(f"{name} is not a DuckDB database.", kind="io", fix=fix)
    if "different configuration" in text:
        return EngineError(f"{name} is already open in this process.", kind="io")
    return engine_error(error)
