"""The order of models: what depends on what, and circles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def order(depends_on: Mapping[str, Iterable[str]]) -> tuple[list[str], list[str]]:
    """Return names so that each stands after what it depends on, and one circle if there is any.

    Names with the same depth keep alphabetical order, so that the order never depends on the file system.
    """
    waiting = {name: {up for up in ups if up in depends_on} for name, ups in depends_on.items()}
    done: list[str] = []
    while waiting:
        ready = sorted(name for name, ups in waiting.items() if not ups)
        if not ready:
            return done, _circle(waiting)
        done += ready
        for name in ready:
            del waiting[name]
        for ups in waiting.values():
            ups.difference_update(ready)
    return done, []


def _circle(waiting: Mapping[str, set[str]]) -> list[str]:
    """Return one circle, starting and ending with its first name in alphabetical order."""
    path, at = [], min(waiting)
    while at not in path:
        path.append(at)
        at = min(waiting[at] & waiting.keys())
    circle = path[path.index(at) :]
    start = circle.index(min(circle))
    turned = circle[start:] + circle[:start]
    return [*turned, turned[0]]


def downstream(depends_on: Mapping[str, Iterable[str]]) -> dict[str, set[str]]:
    """Return for each name those that refer to it directly."""
    found: dict[str, set[str]] = {name: set() for name in depends_on}
    for name, ups in depends_on.items():
        for up in ups:
            found.setdefault(up, set()).add(name)
    return found


def reach(start: Iterable[str], edges: Mapping[str, Iterable[str]], steps: int | None = None) -> set[str]:
    """Return everything that can be reached from some names, themselves included, in at most so many steps."""
    found = set(start)
    border = set(found)
    while border and (steps is None or steps > 0):
        border = {after for name in border for after in edges.get(name, ())} - found
        found |= border
        steps = None if steps is None else steps - 1
    return found
