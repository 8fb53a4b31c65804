"""Templates are tried in a child process first: what breaks its limits never runs in the process of the user.

What the child found comes back as entries of kept renders, which are checked as those of an earlier run are. What no
entry stands for, such as a template with a mistake, runs in the parent too, once it has ended well in the child.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pusher.compile.child import ChildLimit, Limits, answer_of, can_fork
from pusher.compile.kept import KeptRenders
from pusher.errors import CompileError, Problem

_FIX = "Make its loops and texts smaller; let SQL do the work."


class Trial:
    """The one child of a compile.

    Args:
        kept: Takes what the child found.
        work: Renders everything, given what is to be called with the path of each template that runs.
        limits: What the child may use.
    """

    def __init__(
        self, kept: KeptRenders, work: Callable[[Callable[[str], None]], None], limits: Limits | None = None
    ) -> None:
        self._kept, self._work, self._limits = kept, work, limits or Limits()
        self._is_done = False

    def run(self, _path: str) -> None:
        """Try all templates, before the first that is not known runs.

        Raises:
            CompileError: A template broke a limit of the child.
        """
        if self._is_done or not can_fork():
            return
        self._is_done = True
        try:
            answer = answer_of(self._try, self._limits)
        except ChildLimit as error:
            message = f"The template {error}."
            raise CompileError(Problem("render-limit", message, error.about or None, 1, 1, _FIX)) from None
        for key, entry in (answer or {}).items():
            self._kept.keep(key, entry)

    def _try(self, about: Callable[[str], None]) -> dict[str, Any]:
        self._kept.fresh.clear()
        self._work(about)
        return {key: self._kept.renders[key][1] for key in self._kept.fresh}
