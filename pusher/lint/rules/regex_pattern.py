"""PU804."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot import exp

from pusher.lint.rules.portability import Difference, PortabilityRule, text_of

_WITH_PATTERN = (
    exp.RegexpLike, exp.RegexpReplace, exp.RegexpExtract, exp.RegexpExtractAll, exp.RegexpFullMatch, exp.RegexpILike,
)  # fmt: skip
# A backslash that is itself behind a backslash is a letter.
_BEHIND = r"(?<!\\)(?:\\\\)*"
_IN_PATTERN = (
    (
        r"\\[dDsSwW]",
        "stands for more characters elsewhere",
        "a class that names them: [0-9], [A-Za-z0-9_], [ ]",
    ),
    (r"\\[bB]", "is no boundary of a word in PostgreSQL", "(^|[^A-Za-z0-9_]) around the word"),
    (
        r"\\(?:[pPx]|[AzZQEC])",
        "fails in PostgreSQL",
        "a class that names the characters, or ^ and $",
    ),
    (r"\[:\^?[a-z]+:\]", "is a class of these very letters on Spark", "the characters: [0-9] or [ ]"),
)
_COMPILED = tuple((re.compile(_BEHIND + f"({pattern})"), what, instead) for pattern, what, instead in _IN_PATTERN)
_END = re.compile(_BEHIND + r"(\$)(?=$|[)|])")


class RegexPattern(PortabilityRule):
    r"""A regular expression means something else elsewhere.

    ## What it does
    Finds `\d`, `\w`, `\s`, `\b`, `\p{...}` and `[[:digit:]]` in patterns, a `$` that ends one, and `\1` or `$1` in
    replacements. A `$` is fine where line ends were replaced before.

    ## Why is this bad
    To DuckDB `\w` is ASCII, to PostgreSQL the letters of all scripts, and so is `\d` to some. Behind `$` Spark lets a
    line end by: `12` with one is a number there and none here. In a replacement `\1` is a group here and the number 1
    on Spark.

    ## Example
    ```sql
    case when regexp_matches(code, '^\d+$') then code end
    ```

    ## Use instead
    ```sql
    case when regexp_matches(replace(code, chr(10), ' '), '^[0-9]+$') then code end
    ```
    """

    code = "PU804"
    name = "portability.regex-pattern"

    def differences(self, node: exp.Expr) -> Iterator[Difference]:
        """Yield parts of a pattern and of a replacement."""
        if not isinstance(node, _WITH_PATTERN):
            return
        pattern = text_of(node.args.get("expression")) or ""
        for part, what, instead in _COMPILED:
            if found := part.search(pattern):
                yield Difference(f"`{found[1]}` in a pattern {what}.", f"Write {instead}.")
        if _END.search(pattern) and not _is_one_line(node.this):
            message = "`$` in a pattern lets a line end by on Spark."
            yield Difference(message, "Replace line ends first: replace(x, chr(10), ' ').")
        replacement = text_of(node.args.get("replacement")) or ""
        if found := re.search(r"\$[0-9{]|\\[0-9]", replacement):
            message = f"`{found[0]}` in a replacement is a group on one engine and a text on another."
            yield Difference(message, "Replace what is not to stay by '', with one call for each side of the rest.")


def _is_one_line(text: exp.Expr | None) -> bool:
    """Whether something replaces line ends in a text before it is looked at."""
    if text is None:
        return False
    for node in text.find_all(exp.Replace, exp.RegexpReplace):
        if isinstance(node, exp.RegexpReplace):
            if _takes_line_ends(text_of(node.args.get("expression")) or ""):
                return True
        elif _is_line_end(node.args.get("expression")):
            return True
    return False


def _is_line_end(node: exp.Expr | None) -> bool:
    if isinstance(node, exp.Chr):
        return [one.name for one in node.expressions] == ["10"]
    return text_of(node) == "\n"


def _takes_line_ends(pattern: str) -> bool:
    try:
        return re.fullmatch(pattern, "\n") is not None
    except re.error:
        return False
