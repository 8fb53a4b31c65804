"""The page of exit codes, from the error tree and what commands return without an error."""

from __future__ import annotations

from collections.abc import Iterator

from pusher import errors

_INTRODUCTION = """\
# Exit codes

This page is generated from the error tree of `pusher/errors.py` by `python -m docs.generate`.

| code | meaning | what a scheduler should do |
|---|---|---|
| 0 | Everything is settled. | Go on. |
| 1 | Finished with findings: lint errors, rows that were refused, new conflicts. | Tell a person; nothing is pending. |
| 2 | A setting, a file or a model is wrong; nothing was sent. | Tell a person; running again does not help. |
| 3 | TikTok refused us: token, permission or configuration. | Tell a person; correct it, then run again. |
| 4 | Not finished, safe to run again. | Run again later. |
| 5 | Rows are parked: their outcome is unknown and too old to send again safely. | Tell a person. |
| 6 | Another run holds the lock of this ledger. | Wait, then run again. |
| 70 | An internal error: a defect of `pusher`, shown with its traceback. | Report it. |
| 130, 143 | Stopped by SIGINT or SIGTERM, a push after requests in flight have ended; 129: SIGHUP. | Run again later. |

When several apply, the highest-ranked of 70, 3, 5, 4 and 1 wins.
"""

_BY_COMMAND = """\
## By command

| command | codes beside 0 and 2 |
|---|---|
| `lint` | 1 when there is at least one finding of severity `error`; warnings and notes do not count. |
| `build` | 1 when a test fails or a view holds fewer identifiers than a floor, 2 also when one cannot run; signals. |
| `test` | 1 when a test fails, 2 also when one cannot run, and the signals. |
| `push` | 1, 3, 4, 5, 6 and the signals, as counted below. |
| `push --dry-run` | 1 when rows are `invalid`, conflicts are new or a guard holds back; what waits does not count. |
| `doctor` | 1 when something is due within `--days`, 3 when TikTok refuses, 4 when it is silent, and the signals. |
| `forget` | 1 when a line or lock file cannot be read, 3 and 4 as of `push`, 4 while a run holds the lock; signals. |
| `status RUN --do N` | The code of the command that it runs; 1 for an action of a person, whose steps it shows. |
| `debug` | 2 when a check fails, or a trial alert is not sent. |
| all that tell TikTok nothing, dry runs too | 4 instead of 0 when their output cannot be written: a full disk. |
| `status --fail-if-pending` | 4 when rows or audiences are pending, 5 when rows are parked. |

## Which count raises which code

The counts are those of the receipt; [formats.md](formats.md#receipt) defines them.

| count | code |
|---|---|
| `accepted`, `already_sent`, `enriched`, `duplicate`, `no_identity`, `expired`, `suppressed` | 0 at any number |
| `invalid`, `dead` | 1 |
| `conflicting` | 1 in the run that first sees the conflict, later 0; never with `on_change: ignore` in `pusher.yml` |
| `pending`, `held_elsewhere` | 4; 1 when the run stopped because TikTok refused too many of its first rows |
| `parked` | 5 |
"""


def _tree(error: type[errors.PusherError], depth: int = 0) -> Iterator[str]:
    first_line = (error.__doc__ or "").partition("\n")[0]
    if error is not errors.PusherError:
        yield f"{'  ' * (depth - 1)}- `{error.__name__}`, exit code {error.exit_code}: {first_line}"
    for kind in error.__subclasses__():
        yield from _tree(kind, depth + 1)


def page() -> str:
    """Return the page."""
    lines = [
        _INTRODUCTION,
        _BY_COMMAND,
        "## Errors",
        "",
        "An error for a person says what is wrong, where, and what to do next.",
        "Each of these ends the command with the code of its kind:",
        "",
        *_tree(errors.PusherError),
    ]
    return "\n".join(lines) + "\n"
