"""Where in the user's files a template is while it runs, or was when it failed."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from types import FrameType, TracebackType

from jinja2 import Template

EVERYWHERE = "shim/"
"""How the files of the macros begin that every project has."""
_NEEDLE_LINES = 60
# Patterns look no further, because some of them look ahead from each place in a line.
_NEEDLE_CHARS, _LONGEST_NEEDLE = 10_000, 1_000


def locate_word(text: str, line: int, *patterns: str) -> tuple[int, int]:
    """Return line and column of the first pattern that is at or soon after a line; the line itself if none is."""
    lines = text.split("\n")
    for pattern in (one for one in patterns if len(one) <= _LONGEST_NEEDLE):
        left = _NEEDLE_CHARS
        for number in range(line, min(line + _NEEDLE_LINES, len(lines) + 1)):
            found = re.search(pattern, lines[number - 1][:left])
            left = max(0, left - len(lines[number - 1]))
            if found:
                return number, found.start() + 1
    return line, 1


def template_lines() -> Iterator[tuple[str, int]]:
    """Yield file and line of the template code that is running, the innermost one first."""
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 -- the only way to the caller's template line
    while frame is not None:
        template = frame.f_globals.get("__jinja_template__")
        if isinstance(template, Template):
            yield str(template.filename), template.get_corresponding_lineno(frame.f_lineno)
        frame = frame.f_back


def template_line() -> tuple[str, int] | None:
    """Return file and line of the template code that is running, the innermost one."""
    return next(template_lines(), None)


def last_template_line(traceback: TracebackType | None) -> tuple[str, int] | None:
    """Return file and line of the innermost template frame; Jinja has already mapped the lines."""
    found = None
    while traceback is not None:
        frame = traceback.tb_frame
        template = frame.f_globals.get("__jinja_template__")
        if isinstance(template, Template):
            here = str(template.filename), template.get_corresponding_lineno(traceback.tb_lineno)
        elif frame.f_code.co_filename.endswith(".sql"):
            here = frame.f_code.co_filename, traceback.tb_lineno
        else:
            here = None
        # Nobody can edit the macros that every project has: what is wrong there is what they were given.
        if here is not None and (found is None or not here[0].startswith(EVERYWHERE)):
            found = here
        traceback = traceback.tb_next
    return found
