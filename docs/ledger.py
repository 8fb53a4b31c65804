"""The page of the ledger's tables, from its migrations; every column must have its sentence here."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping

from pusher.ledger.opening import migrations

_INTRODUCTION = """\
# The ledger's tables

`pusher status --sql` runs one SELECT on a copy of the ledger.
The copy is made through SQLite's backup API, so a running push is not disturbed and nothing can be changed.
SELECTs are written in DuckDB's SQL.

This page is generated from `pusher/ledger/migrations/` by `python -m docs.generate`.
Where the files lie and what their columns mean in detail: [formats.md](formats.md).
"""

_CLOCK = """\
## A clock that ran ahead

A push whose clock is more than 24 hours behind the start of the newest run is refused: ages decide what is sent.
Mostly the clock of the machine is wrong now, and correcting it is all there is to do.

When the clock of that earlier run was the wrong one, its start has to be corrected.
Copy the state folder first, and let no push run meanwhile:

```text
sqlite3 .pusher/prod/ledger.sqlite "update run set started_at = '2026-11-23T08:00:00.000000+00:00' where id = '...'"
```
"""

TABLES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "run": (
        (
            "One row for each command that changed the ledger: a push that was no dry run, `audience reconcile`, "
            "`retry`, `resolve`, `clean`, `forget`; and for a push that a file, a setting or a model ended before it "
            "came so far."
        ),
        {
            "id": "Start time in UTC and six random hex digits, such as `20261123T065437-2553f2`.",
            "command": "Its name.",
            "started_at": "ISO 8601 with offset, as all times of these tables.",
            "finished_at": "NULL while it runs, and for ever when it was killed.",
            "exit_code": "Its exit code.",
            "version": "Version of `pusher`.",
            "base_url": "Where it sent to; `sandbox` for the embedded one.",
            "normaliser_version": "What the macro `normaliser_version` says; NULL when the project has none.",
            "test_event_code": "Code of a run with `--test-event-code`, else NULL.",
            "receipt": "The receipt as JSON, as `push --json` prints it; of other commands what `--json` prints.",
            "words": "What followed the command, as a JSON list: selection and options; NULL in older runs.",
            "variables": "Names of the variables that were given, as a JSON list; values are kept nowhere.",
        },
    ),
    "run_step": (
        "One row for each step of a run; plan and deliver have one for each view.",
        {
            "run": "Run.",
            "number": "From 1, in the order in which they began.",
            "name": (
                "`load`, `preflight` where it looks, `plan`, `deliver`, `settle`, `receipt`; of other commands `load` "
                "and their own name."
            ),
            "model": "Destination view; NULL for a step about all of them.",
            "state": "`running`, `done`, `failed`, `stopped` or `skipped`.",
            "started_at": "When it began; NULL when it was skipped.",
            "finished_at": "When it ended; NULL while it runs, and for ever when the run was killed.",
        },
    ),
    "run_problem": (
        "One row for each thing that went wrong in a run, or that somebody should look at after it; 50 at most.",
        {
            "run": "Run.",
            "number": "From 1, in the order in which they were found.",
            "step": "Step that it belongs to.",
            "error_class": "Class of the error, see [contract.md](contract.md#errors-and-what-to-do).",
            "code": "Our own name of it, such as `tiktok-config`.",
            "return_code": "TikTok's return code, or NULL.",
            "model": "Destination view, or NULL.",
            "rows": "Rows that it is about, or NULL; always NULL for an audience, which is told identifiers.",
            "message": "What is wrong; TikTok's words redacted.",
            "file": "File of the project, or NULL.",
            "line": "Line in it, or NULL.",
            "fix": "What to do next, or NULL.",
            "credential": "Name of the credential that was missing, or whose token was refused; or NULL.",
        },
    ),
    "run_alert": (
        "One row for each alert about a run, sent or not.",
        {
            "run": "Run.",
            "number": "From 1.",
            "event": "`success`, `findings` or `failure`.",
            "channel": "`webhook`, `email` or `command`.",
            "target": "Host of the webhook, its path masked; host and port of the mail server; name of the program.",
            "sent_at": "When.",
            "failure": "Why it was not sent, or NULL.",
        },
    ),
    "file": (
        "One row for each Parquet file that counts; a file that has none is removed when the ledger is opened.",
        {
            "id": "Number.",
            "path": "Relative to the state folder.",
            "kind": "`outbox`, `keys`, `archive`, `reopened`, `quarantine`, `conflicts`, `changes` or `members`.",
            "space": "Key space: empty for real events, `test:CODE` for test events, `audience:ID` for an audience.",
            "model": "Destination view; NULL for merged keys.",
            "rows": "Rows in the file.",
            "bytes": "Its size.",
            "sha256": "Digest of its bytes.",
            "run": "Run that wrote it.",
            "created_at": "When.",
        },
    ),
    "part": (
        "One row for each part of the outbox, settled or not.",
        {
            "id": "Number.",
            "run": "Run that froze it.",
            "model": "Destination view.",
            "payload": "Such as `offline_events`.",
            "destination": "`tiktok`.",
            "source_id": "Event source id of all its rows.",
            "space": "Key space, as in `file`.",
            "rows": "Rows in it.",
            "file": "Its outbox file; NULL once settled.",
            "settled_at": "When its last row became final, or when it was given back to its view.",
        },
    ),
    "batch": (
        "One row for each batch: row ranges of one part that travel in one request.",
        {
            "id": "Number.",
            "part": "Part it belongs to.",
            "parent": "Batch that it was split from.",
            "ranges": "JSON, `[[first_row, count], ...]` in the part's physical order.",
            "rows": "Rows in it.",
            "state": "See [states](formats.md#states-of-a-batch).",
            "encoder": "What made its bytes.",
            "sha256": "Digest of its bytes.",
            "first_risk_at": "Start of the first attempt that may have arrived; the 36 hours count from it.",
            "attempts": "Attempts over all runs.",
            "code": "TikTok's return code of the last attempt; a piece that was not tried yet has the refused batch's.",
            "response_class": "Class of the last answer, see [contract.md](contract.md#classes); of a piece as `code`.",
            "message": "TikTok's words, redacted; of a piece as `code`.",
            "request_id": "TikTok's ticket id.",
            "run": "Run that last touched it.",
            "updated_at": "When.",
        },
    ),
    "attempt": (
        "One row for each HTTP call.",
        {
            "batch": "Batch.",
            "number": "From 1, over all runs.",
            "run": "Run.",
            "started_at": "When its intent was committed.",
            "seconds": "How long it took; NULL when no outcome was seen.",
            "http_status": "Status; NULL without an answer.",
            "code": "TikTok's return code.",
            "response_class": "Class of the answer.",
            "message": "TikTok's words, redacted.",
            "request_id": "TikTok's ticket id.",
            "bytes": "Size of the body.",
        },
    ),
    "audience": (
        "One row for each audience that a view fills, or filled, at an advertiser.",
        {
            "id": "Number.",
            "model": "Destination view.",
            "advertiser_id": "Who owns it.",
            "name": "Its name; a view whose audience gets another name fills another audience.",
            "audience_id": "TikTok's id; NULL before it was made.",
            "create_asked_at": "When a request to make it left whose answer is not known, else NULL.",
            "bound_at": "When its id became known.",
            "retired_at": "When another audience took its place, else NULL.",
            "method": "`stream` or `file`.",
            "suppressed_told": "`id` in `suppressed` up to which it was told to let everybody go, in it or not.",
            "retention_days": (
                "Days to its end that an audience of files was made with, 0 for none; NULL when that is not known."
            ),
        },
    ),
    "audience_load": (
        "One row for each time that an audience was given members as files.",
        {
            "id": "Number.",
            "run": "Run that gave it.",
            "audience": "Audience.",
            "action": "`create` or `replace`; `append` or `remove` when its files hold only those who come or leave.",
            "members": "Identifiers that the audience has with it.",
            "files": "Files.",
            "bytes": "Their bytes.",
            "file_type": "Their type, in TikTok's words.",
            "members_digest": "Digest of these identifiers, in any order.",
            "file_paths": "What stands for the files at TikTok, as a JSON list.",
            "state": (
                "`sending`, `refused` (nothing was done), `unknown`, `accepted`, `confirmed` (TikTok has worked on "
                "it) or `failed` (TikTok has, and kept what was there before)."
            ),
            "asked_at": "When the request left.",
            "http_status": "Status of the answer.",
            "code": "TikTok's return code.",
            "response_class": "Class of the answer, see [contract.md](contract.md#classes).",
            "message": "TikTok's words, redacted.",
            "request_id": "TikTok's ticket id.",
            "updated_at": "When.",
        },
    ),
    "audience_size": (
        "One row for each audience and day on which `pusher audience list` saw how many people are matched.",
        {
            "id": "Number.",
            "audience": "Audience.",
            "seen_on": "Day in UTC; the last look of a day counts.",
            "seen_at": "When.",
            "size": "People that TikTok matched; 0 when they are fewer than it shows.",
            "people": "People of the view in the last run that told them all and ended 48 hours before, or NULL.",
        },
    ),
    "suppression_list": (
        (
            "One row for each kind of identifier that the list of "
            "[`consent.suppressions`](settings.md#consentsuppressions) had at the last push that went by it; numbers "
            "only."
        ),
        {
            "kind": "Kind, such as `EMAIL_SHA256`.",
            "model": "Model of the list.",
            "digests": "Digests of this kind, each once.",
            "read_at": "When it was read.",
        },
    ),
    "audience_change": (
        "One row for each frozen file of rows to add to an audience or to delete from it.",
        {
            "id": "Number.",
            "run": "Run that froze it.",
            "audience": "Audience.",
            "action": "`add` or `delete`.",
            "rows": "Rows in it.",
            "held_until": "Moment before which none of them may be sent, see [audiences](formats.md#audiences).",
            "file": "Its file; NULL once settled.",
            "settled_at": "When what became of it was kept.",
        },
    ),
    "audience_chunk": (
        "One row for each request about members: neighbouring rows of one change.",
        {
            "id": "Number.",
            "change": "Change that it belongs to.",
            "first_row": "Its first row, from 0.",
            "rows": "Rows in it.",
            "members": "Identifiers in them.",
            "state": "`sending`, `retry` (nothing was done), `unknown`, `accepted` or `split`.",
            "sha256": "Digest of the newest body.",
            "attempts": "Requests so far.",
            "at_risk": "1 when some request may have been obeyed and none is known to have been, else 0.",
            "last_risk_at": "Start of the last request without an answer, so that it may still arrive, else NULL.",
            "http_status": "Status of the last answer.",
            "code": "TikTok's return code of the last answer.",
            "response_class": "Class of the last answer, see [contract.md](contract.md#classes).",
            "message": "TikTok's words, redacted.",
            "request_id": "TikTok's ticket id.",
            "seconds": "How long the last request took.",
            "run": "Run that last touched it.",
            "updated_at": "When.",
        },
    ),
    "suppressed": (
        "One row for each identifier that is kept out of every view; not in the copy that `status --sql` reads.",
        {
            "id": "Number.",
            "id_schema": "Kind, such as `EMAIL_SHA256`.",
            "digest": "64 hex digits.",
            "reason": "Why.",
            "since": "When.",
        },
    ),
}
VIEWS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "sent_keys": (
        "One row for each settled event, test events included: what the next push compares its rows with.",
        {
            "event_key": "Key of the event, see [keys](formats.md#keys).",
            "payload_hash": "Digest of everything that was sent for it.",
            "contents_hash": "Digest of its items.",
            "event_time": "Unix seconds.",
            "value": "As sent.",
            "currency": "As sent.",
            "event": "Event name.",
            "source_id": "Event source id.",
            "shop_id": "As sent.",
            "event_channel": "For grouping; not sent.",
            "brand": "For grouping; not sent.",
            "num_items": "As sent.",
            "state": "State of its batch: `accepted`, `dead` or `expired`.",
            "space": "Key space: empty for real events, `test:CODE` for test events.",
        },
    ),
    "quarantine": (
        "One row for each row that was not sent, of the newest plan of each view, and each row that TikTok refused.",
        {
            "model": "Destination view.",
            "run": "Run that wrote it.",
            "term": (
                "Term of the receipt: `invalid`, `no_identity`, `expired`, `duplicate`, `conflicting` or `dead`; "
                "`reopened` for a refused row that `retry` let go of and no push has settled since."
            ),
            "reason": "Stable code, such as `contents-price`; for a conflict the columns that differ, after "
            "`several rows: ` when all the rows are in the view.",
            "field": "Contract column.",
            "message": "What is wrong; never a value.",
            "fix": "What to do.",
            "event": "Event name.",
            "event_id": "Event id.",
            "source_id": "Event source id.",
            "event_time": "Unix seconds.",
            "value": "Value of the event.",
            "currency": "Its currency.",
            "event_key": "Its key; NULL when the row cannot have one.",
            "payload_hash": "Its digest; NULL when the row cannot have one.",
            "first_seen": "Start of the first run that set the row aside for this reason, and each run since did too.",
            "sendable_until": "Unix seconds after which sending is pointless; NULL for a refused row whose part still "
            "has rows to send.",
            "sql_model": "Model that makes the column, found by following the column through models and CTEs.",
            "sql_file": "Its file.",
            "sql_line": "Line of the expression in that file.",
            "sql_text": "The expression, as compiled, on one line of at most 300 letters.",
            "space": "Key space, as in `sent_keys`.",
        },
    ),
    "open_rows": (
        "One row for each frozen row whose outcome is not final.",
        {
            "model": "Destination view.",
            "space": "Key space, as in `sent_keys`.",
            "run": "Run that froze it.",
            "part": "Its part.",
            "batch": "Its batch; NULL before it was first tried.",
            "state": "State of the batch; `planned` without one.",
            "event": "Event name.",
            "event_id": "Event id.",
            "source_id": "Event source id.",
            "event_time": "Unix seconds.",
            "value": "Value of the event.",
            "currency": "Its currency.",
            "event_key": "Its key.",
            "first_risk_at": "Start of the first attempt that may have arrived.",
        },
    ),
    "run_steps": (
        "One row for each step of a run, with the first thing that went wrong in it.",
        {
            "run": "Run.",
            "number": "From 1.",
            "step": "Its name, as in `run_step`.",
            "model": "Destination view, or NULL.",
            "state": "As in `run_step`; `interrupted` for one that was running when its process was killed.",
            "started_at": "When it began.",
            "finished_at": "When it ended.",
            "seconds": "How long it took.",
            "error_class": "Class of the error, or NULL.",
            "code": "Our own name of it, or NULL.",
            "return_code": "TikTok's return code, or NULL.",
            "message": "What is wrong, or NULL.",
        },
    ),
    "receipt": (
        "One row for each term of a view's receipt that is not zero, of runs that got to their receipt.",
        {
            "run": "Run.",
            "started_at": "When it began.",
            "model": "Destination view.",
            "term": (
                "Such as `view_rows`, `planned` or `accepted`, see [receipt](formats.md#receipt); `resumed.accepted` "
                "and the like for rows that earlier runs left behind."
            ),
            "rows": "How many.",
        },
    ),
    "receipt_revenue": (
        "One row for each currency and term of a view's receipt, of runs that got to their receipt.",
        {
            "run": "Run.",
            "started_at": "When it began.",
            "model": "Destination view.",
            "currency": "Currency.",
            "term": "`warehouse` and `sent`, then the terms that `warehouse` is the sum of.",
            "value": "Summed value.",
        },
    ),
}
EXAMPLES: Mapping[str, str] = {
    "Rows that were not sent, by reason, and what to do": (
        "select model, term, reason, count(*) as rows, any_value(fix) as fix\n"
        "from quarantine\n"
        "group by all\n"
        "order by rows desc"
    ),
    "Which orders they are": (
        "select event_id, reason, value, currency, epoch_ms(sendable_until * 1000) as sendable_until\n"
        "from quarantine\n"
        "where term = 'invalid'"
    ),
    "Events that were sent, by day and currency": (
        "select cast(epoch_ms(event_time * 1000) as date) as day, currency, count(*) as events, sum(value) as value\n"
        "from sent_keys\n"
        "where state = 'accepted'\n"
        "group by all\n"
        "order by all"
    ),
    "What was sent, by store": (
        "select event, shop_id, event_channel, currency, count(*) as events, sum(value) as value\n"
        "from sent_keys\n"
        "where state = 'accepted'\n"
        "group by all\n"
        "order by all"
    ),
    "Was this event sent? The key is computed as in [keys](formats.md#keys)": (
        "select state, epoch_ms(event_time * 1000) as event_time\n"
        "from sent_keys\n"
        "where event_key = cast(substr(sha256(\n"
        "    '7:offline' || '19:7654321098765432109' || '8:Purchase' || '32:002e096d8b067793b57cac6f34374fe7'\n"
        "), 1, 32) as uuid)"
    ),
    "The newest requests, with TikTok's ticket ids": (
        "select part.model, batch.state, batch.rows, attempt.request_id, attempt.started_at\n"
        "from attempt\n"
        "join batch on batch.id = attempt.batch\n"
        "join part on part.id = batch.part\n"
        "order by attempt.started_at desc\n"
        "limit 5"
    ),
    "How TikTok answered": (
        "select http_status, code, response_class, count(*) as attempts, round(avg(seconds), 3) as seconds\n"
        "from attempt\n"
        "group by all\n"
        "order by attempts desc"
    ),
    "Which steps failed, and why": (
        "select run, step, model, state, error_class, return_code, seconds\n"
        "from run_steps\n"
        "where state in ('failed', 'stopped', 'interrupted')\n"
        "order by run desc, number"
    ),
    "What the last runs planned and sent": (
        "select run, model, term, rows\n"
        "from receipt\n"
        "where term in ('view_rows', 'planned', 'accepted', 'already_sent')\n"
        "order by started_at desc, model, term\n"
        "limit 10"
    ),
    "How much of the warehouse's value each run sent": (
        "select run, model, currency, value\n"
        "from receipt_revenue\n"
        "where term in ('warehouse', 'sent')\n"
        "order by started_at desc, model, currency, term"
    ),
    "Which rows wait, and until when they may be sent (28 days)": (
        "select model, state, event_id, epoch_ms((event_time + 28 * 86400) * 1000) as sendable_until\n"
        "from open_rows\n"
        "order by sendable_until"
    ),
    "Which line to correct": (
        "select reason, field, sql_file, sql_line, sql_text, count(*) as rows\n"
        "from quarantine\n"
        "where term in ('invalid', 'dead')\n"
        "group by all\n"
        "order by rows desc"
    ),
}


def _tables() -> dict[str, list[tuple[str, str]]]:
    """Return name and type of each column by table, from the migrations."""
    connection = sqlite3.connect(":memory:")
    try:
        for _, text in migrations():
            connection.executescript(text)
        names = [row[0] for row in connection.execute("select name from sqlite_schema where type = 'table'")]
        return {
            name: [(row[1], row[2]) for row in connection.execute(f"pragma table_info({name})")]
            for name in names
            if not name.startswith("sqlite_") and name != "meta"
        }
    finally:
        connection.close()


def _columns(name: str, given: Mapping[str, str | None]) -> Iterator[str]:
    text, sentences = {**TABLES, **VIEWS}[name]
    if set(given) != set(sentences):
        raise ValueError(f"docs/ledger.py does not describe the columns of {name}: {set(given) ^ set(sentences)}")
    yield from (f"### `{name}`", "", text, "", "| column | type | meaning |", "|---|---|---|")
    yield from (f"| `{column}` | {type_ or ''} | {sentences[column]} |" for column, type_ in given.items())
    yield ""


def page() -> str:
    """Return the page."""
    lines = [_INTRODUCTION, "## Tables", ""]
    for name, columns in _tables().items():
        lines += _columns(name, dict(columns))
    lines += ["## Views over the Parquet files and the receipts", ""]
    for name, (_, sentences) in VIEWS.items():
        lines += _columns(name, dict.fromkeys(sentences))
    lines += ["## Examples", ""]
    for title, sql in EXAMPLES.items():
        lines += [f"{title}:", "", "```text", f'pusher status --sql "\n{sql}\n"', "```", ""]
    lines.append(_CLOCK)
    return "\n".join(lines).rstrip() + "\n"
