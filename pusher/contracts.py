"""What an engine and a destination must offer, and the values that pass between the layers.

A plug-in author reads this file only. `push` sees `Destination`, never TikTok; `compile`, `build` and
`push` see `Engine`, never DuckDB. `project` alone chooses the concrete ones.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pusher.payload.model import Payload

if TYPE_CHECKING:
    import pyarrow as pa

    from pusher.config import DestinationSettings, Secret


@dataclass(frozen=True, slots=True)
class Column:
    """One output column of a relation.

    Attributes:
        name: As the engine spells it.
        type: Type text in the engine's own words, such as `DECIMAL(18,2)` or `STRUCT(a VARCHAR)[]`.
    """

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class ColumnOrigin:
    """The SQL that makes a column of a destination view.

    Attributes:
        model: Model that holds it.
        file: Its file, relative to the project.
        line: Line in that file, from 1.
        sql: The expression as compiled, on one line.
    """

    model: str
    file: str
    line: int
    sql: str


@dataclass(frozen=True, slots=True)
class StagedFile:
    """One Parquet file that an engine wrote.

    Attributes:
        path: Absolute path.
        rows: Number of rows in it.
    """

    path: Path
    rows: int


@dataclass(frozen=True, slots=True)
class Addition:
    """How the rows of a query join a table that stands.

    Attributes:
        strategy: `append`: all rows are added. `delete+insert`: rows of the table whose key is among the new ones go
            first. `merge`: a row of the table is updated by the new one with its key, others are added.
        unique_key: Columns of the key; empty for `append`.
        columns: Columns to fill.
        add: Columns that the table gets first, empty in its rows.
        drop: Columns that it loses first.
        retype: Columns that get another type first.
    """

    strategy: str
    unique_key: tuple[str, ...]
    columns: tuple[str, ...]
    add: tuple[Column, ...] = ()
    drop: tuple[str, ...] = ()
    retype: tuple[Column, ...] = ()


class EngineError(Exception):
    """The engine refused or failed a statement.

    Attributes:
        message: The engine's words, without any value from the data.
        kind: `parser`, `binder`, `catalog`, `conversion`, `duplicate-key`, `out-of-memory`, `io`, `permission` or
            `other`.
        offset: 0-based character offset in the SQL text, when the engine gives one.
        candidates: Names the engine thinks were meant.
        fix: What to do, when the engine knows.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: str = "other",
        offset: int | None = None,
        candidates: Sequence[str] = (),
        fix: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind
        self.offset = offset
        self.candidates = tuple(candidates)
        self.fix = fix


class Engine(Protocol):
    """The database that runs the models."""

    dialect: str
    """sqlglot's name of the SQL dialect."""

    def beside(self) -> Engine:
        """Return another session on the same database, with the same restrictions, for one other thread.

        Each session has its own transaction and temporary tables. It is interrupted and closed with this one.
        """

    def execute(self, sql: str) -> None:
        """Run one statement.

        Raises:
            EngineError: The engine refused or failed it.
        """

    def columns(self, sql: str) -> list[Column]:
        """Return the output columns of a query without running it.

        Raises:
            EngineError: The query does not bind.
        """

    def written_names(self, sql: str) -> list[str] | None:
        """Return the names of a query's columns when its text gives them all, else None; looks at no table."""

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a query with a small result and return all its rows."""

    def reader(self, sql: str, rows_per_batch: int = 65_536) -> pa.RecordBatchReader:
        """Stream a query as Arrow, on a cursor of its own."""

    def check_is_query(self, sql: str) -> None:
        """Raise EngineError unless the text is exactly one SELECT."""

    def create(
        self, relation: str, sql: str, *, materialized: str, shards: int = 1, shard_by: str | None = None
    ) -> None:
        """Create or replace a view or table from a query; the old one stays until the new one is whole."""

    def table_columns(self, relation: str) -> list[Column] | None:
        """Return the columns of a table, or None when no table, or a view, has this name."""

    def add_rows(
        self, relation: str, sql: str, addition: Addition, *, shards: int = 1, shard_by: str | None = None
    ) -> None:
        """Add a query's rows to a table, in whole or not at all; the query may read the table.

        Raises:
            EngineError: `duplicate-key` when two new rows of a merge have one key.
        """

    def stage(self, sql: str, folder: Path, *, rows_per_file: int) -> list[StagedFile]:
        """Write a query's rows as Parquet files of at most `rows_per_file` rows into an empty folder."""

    def interrupt(self) -> None:
        """Let the statements that run fail soon, also in sessions beside this one; does nothing when none runs.

        May be called from another thread. What undoes a statement that failed is not cut short.
        """
        ...

    def close(self) -> None:
        """Let go of the database."""


class BatchState(StrEnum):
    """States of a batch, as stored and printed."""

    PLANNED = "planned"
    SENDING = "sending"
    RETRY = "retry"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    SPLIT = "split"
    DEAD = "dead"
    PARKED = "parked"
    EXPIRED = "expired"
    SUPPRESSED = "suppressed"


FINAL_STATES = frozenset(
    {
        BatchState.ACCEPTED,
        BatchState.SPLIT,
        BatchState.DEAD,
        BatchState.EXPIRED,
        BatchState.SUPPRESSED,
    }
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete HTTP response.

    Attributes:
        status: HTTP status.
        body: Body, capped.
        headers: Lower-case names.
        seconds: Time from start to the last byte.
    """

    status: int
    body: bytes
    headers: Mapping[str, str]
    seconds: float


@dataclass(frozen=True, slots=True)
class Failure:
    """No complete HTTP response.

    Attributes:
        kind: `not_sent` (nothing can have arrived), `in_doubt` (something may have), `stop` (never retry).
        reason: Short kebab-case reason, such as `connect-refused`.
        message: One sentence for a person.
        seconds: Time until it failed.
    """

    kind: str
    reason: str
    message: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one attempt proved.

    Attributes:
        outcome: `accepted`, `rejected`, `retry`, `unknown`, `halt` or `split` (the request was too large).
        response_class: Class in the contract, such as ACK, DATA, THROTTLE, AUTH.
        http_status: Status, or None without a response.
        code: Return code of the body, or None.
        message: The destination's words, redacted.
        request_id: Ticket id, if any.
        remedy: What a person should do, for `rejected` and `halt`.
        bad_rows: Row numbers within the batch that the destination named as bad.
        waits: How long before another attempt: `backoff`, `throttle`, `minutes` or `none`.
        retry_after_s: The destination's own wish, capped, or None.
    """

    outcome: str
    response_class: str
    http_status: int | None = None
    code: int | None = None
    message: str = ""
    request_id: str | None = None
    remedy: str | None = None
    bad_rows: tuple[int, ...] = ()
    waits: str = "none"
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a destination is reached.

    Attributes:
        base_url: URL up to and including the API version, no trailing slash.
        headers: Headers of every request, secrets included; never logged.
        app: In-process WSGI application that serves `base_url`, or None for a real socket.
        shown_as: How the base URL is printed and stored (`sandbox` for the embedded one).
        totals: What an embedded stand-in has counted over its whole life, by name; None for a real socket.
    """

    base_url: str
    headers: Mapping[str, str]
    app: Callable[..., Iterable[bytes]] | None
    shown_as: str
    totals: Callable[[], Mapping[str, int]] | None = None


@dataclass(frozen=True, slots=True)
class FoundAudience:
    """An audience that the destination lists.

    Attributes:
        audience_id: Its id.
        name: Its name, which need not be its alone.
        kind: The destination's word for its kind, or empty.
        size: People in it as far as the destination tells, or None.
        is_valid: It can be changed and used.
        expires: When it ends, in the destination's words, or empty.
    """

    audience_id: str
    name: str
    kind: str
    size: int | None
    is_valid: bool
    expires: str


class AudienceApi(Protocol):
    """How a destination is told who is in an audience."""

    kinds: tuple[str, ...]
    """Every kind of identifier, by the name that requests have; a stored place in this list never changes."""
    most_rows_per_request: int
    least_members: int
    """People below which the destination does not use an audience."""
    settles_in: timedelta
    """How long the destination may work on what it was told, until its sizes show it."""

    def name_problem(self, name: str) -> str | None:
        """Return what is wrong with the name of an audience, or None."""

    def find(self, advertiser_id: str, page: int) -> str:
        """Return the path that lists a page of an advertiser's audiences, from page 1."""

    def found(self, answer: Answer) -> tuple[list[FoundAudience], int] | None:
        """Return the audiences of an accepted page and the number of pages, or None when it has no list."""

    def create(self, advertiser_id: str, name: str) -> tuple[str, bytes]:
        """Return path and body of the request that makes an audience."""

    def created(self, answer: Answer) -> str | None:
        """Return the id in an accepted answer to it, or None when there is none."""

    def members(self, *, advertiser_id: str, audience_id: str, action: str, cells: pa.RecordBatch) -> tuple[str, bytes]:
        """Return path and body of the request that adds members or takes them out.

        Args:
            advertiser_id: Who owns the audience.
            audience_id: The audience.
            action: `add` or `delete`.
            cells: Digests as texts, a column for each kind and a row for each person, NULL where one has none.
        """

    def verdict(self, result: Answer | Failure, *, rows: int) -> Verdict:
        """Classify the result of one attempt; `retry` is proof that nothing was done."""


@dataclass(frozen=True, slots=True)
class FileLayout:
    """What the files of an audience look like.

    Attributes:
        type: The destination's word for it; an audience keeps it.
        columns: Header and kinds of identifier of each column; its header is empty in files that have none.
    """

    type: str
    columns: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def has_header(self) -> bool:
        """Whether the first line names the columns."""
        return bool(self.columns[0][0])


@dataclass(frozen=True, slots=True)
class SeenAudience:
    """What the destination says about one audience of files.

    Attributes:
        is_of_files: It takes files; None when that is not said.
        is_own: The advertiser that asks made it; None when that is not said.
        type: Type of its files, or empty.
        is_valid: It can be changed and used.
        is_busy: The destination still works on what it was given last.
        error: Why what it was given last failed, or empty.
        expires: When it ends, in the destination's words, or empty.
        changed_by: For each time that its members were changed, what its history says of that.
    """

    is_of_files: bool | None
    is_own: bool | None
    type: str
    is_valid: bool
    is_busy: bool
    error: str
    expires: str
    changed_by: tuple[str, ...]


class FileAudienceApi(Protocol):
    """How a destination is given all members of an audience as files."""

    least_members: int
    """Members below which the destination fails whatever it was given."""
    most_file_bytes: int
    most_files: int
    most_columns: int
    """How often one header may stand in a file."""
    most_shared: int
    """Advertisers in one request to share."""
    longest_retention_d: int
    replace_again_after: timedelta
    """How long after a replacement the next one may be asked for."""

    def name_problem(self, name: str) -> str | None:
        """Return what is wrong with the name of an audience, or None."""

    def layout(self, kinds: Collection[str]) -> FileLayout:
        """Return what files of these kinds of identifier look like."""

    def upload(self, advertiser_id: str, file_type: str, md5: str) -> tuple[str, Mapping[str, str]]:
        """Return path and fields of the form that brings a file along."""

    def uploaded(self, answer: Answer) -> str | None:
        """Return what stands for the file in later requests, or None when an accepted answer has none."""

    def create(
        self, *, advertiser_id: str, name: str, file_type: str, files: Sequence[str], retention_d: int | None
    ) -> tuple[str, bytes]:
        """Return path and body of the request that makes an audience of uploaded files."""

    def created(self, answer: Answer) -> str | None:
        """Return the id in an accepted answer to it, or None when there is none."""

    def change(self, *, advertiser_id: str, audience_id: str, action: str, files: Sequence[str]) -> tuple[str, bytes]:
        """Return path and body of the request that changes who is in an audience.

        Args:
            advertiser_id: Who owns the audience.
            audience_id: The audience.
            action: `replace` (uploaded files are all that it has from then on), `append` or `remove`.
            files: What stands for the files.
        """

    def look(self, advertiser_id: str, audience_id: str) -> str:
        """Return the path that says how an audience is."""

    def seen(self, answer: Answer) -> SeenAudience | None:
        """Return how it is by an accepted answer, or None when there is no such audience."""

    def share(self, *, advertiser_id: str, audience_id: str, others: Sequence[str]) -> tuple[str, bytes]:
        """Return path and body of the request that lets other advertisers use an audience."""

    def needs_upload(self, verdict: Verdict) -> bool:
        """Say whether a refusal goes away when the same files are uploaded again."""

    def verdict(self, result: Answer | Failure) -> Verdict:
        """Classify the result of one attempt; `retry` is proof that nothing was done."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a destination view needs of the account that it is pushed to.

    Attributes:
        model: The view.
        payload: What it is pushed as.
        source_id: Event source that the settings name, or None; of an audience its name.
        advertisers: Ad accounts that the settings name.
        method: How an audience is told: `stream` or `file`.
        file: Where the event source is set, or None.
        line: Line in that file, or None.
    """

    model: str
    payload: Payload
    source_id: str | None
    advertisers: tuple[str, ...]
    method: str = "stream"
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class LookUp:
    """A request that asks something and changes nothing.

    Attributes:
        path: Below the base URL, query included.
        kind: `token`, or the event source of the payload that it is about; `audience` for audiences.
        what: What is looked for, in words, such as `event set`.
        advertiser_id: Ad account that is asked about; empty for the token.
        wanted: Id that is looked for; empty where any answer will do.
    """

    path: str
    kind: str
    what: str = ""
    advertiser_id: str = ""
    wanted: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look-up told.

    Attributes:
        said: `there`, `absent`; or what a refusal is about: `token`, `advertiser` (it does not exist for this token),
            `other_advertiser` (the token is not for it), `role`, `scope`, `refused`; or `unanswered`.
        name: Name of what was found, or empty.
        words: Words and code of a refusal, for a person.
        server_time: The destination's clock, or None.
    """

    said: str
    name: str = ""
    words: str = ""
    server_time: datetime | None = None


class PreflightApi(Protocol):
    """What a destination can be asked before anything is sent to it."""

    most_clock_skew: timedelta
    kept_for: timedelta
    """How long an answer stays good."""

    def look_ups(self, needs: Sequence[Need]) -> list[LookUp]:
        """Return what to ask, the token first, each question once."""

    def has_look_up(self, payload: Payload) -> bool:
        """Say whether the event source of a payload can be looked up."""

    def seen(self, look_up: LookUp, result: Answer | Failure) -> Seen:
        """Return what an attempt to look something up told."""

    def remedy(self, said: str) -> str:
        """Return what to do about what a look-up said, or about `clock`."""

    def scopes(self, need: Need) -> Mapping[str, tuple[str, ...]]:
        """Return the scopes that a push of a view needs, each with the endpoints that need it."""

    def scope_name(self, scope: str) -> str:
        """Return the destination's name of a scope, or its id where it has none."""

    def grants(self, granted: Collection[str], scope: str) -> bool:
        """Say whether some granted scopes hold a scope, as themselves or as its parent."""


@dataclass(frozen=True, slots=True)
class ErrorClass:
    """A kind of error that a run can end with.

    Attributes:
        name: Stable kebab-case name.
        title: A few words.
        words: What it means, in a sentence or two.
        resolutions: Names of what can be done about it.
    """

    name: str
    title: str
    words: str
    resolutions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Resolution:
    """Something that can be done about an error.

    Attributes:
        name: Stable kebab-case name.
        title: What it does, in a few words.
        who: `tool`, or `person` for what only a person can do elsewhere.
        steps: What a person does, in sentences; words in braces stand for facts of the run.
        settings: Settings whose value and place belong to it.
        command: Words of the command that the tool runs; those in braces stand for facts of the run.
        when: Name of the condition under which it applies.
        needs: What a person has to say before it is run: `yes`, `audience-id`, or None.
    """

    name: str
    title: str
    who: str
    steps: tuple[str, ...]
    settings: tuple[str, ...]
    command: tuple[str, ...]
    when: str
    needs: str | None


class Destination(Protocol):
    """An API that destination views are pushed to."""

    name: str
    payloads: Mapping[str, Payload]

    @property
    def audiences(self) -> AudienceApi:
        """How it is told who is in an audience."""
        ...

    @property
    def file_audiences(self) -> FileAudienceApi:
        """How it is given the members of an audience as files."""
        ...

    @property
    def preflight(self) -> PreflightApi:
        """What it can be asked before anything is sent."""
        ...

    def source_id(self, payload: Payload, settings: DestinationSettings) -> str | None:
        """Return the setting that names the event source when the row does not.

        Raises:
            ConfigError: The setting is there but not in its form.
        """

    def endpoint(
        self, settings: DestinationSettings, *, state_dir: Path, now: Callable[[], datetime], token: Secret | None
    ) -> Endpoint:
        """Return where requests go.

        Raises:
            ConfigError: The base URL is not allowed, or the token is missing.
        """

    def envelope(self, payload: Payload, source_id: str, test_event_code: str | None) -> tuple[bytes, bytes]:
        """Return the bytes before and after the JSON array of rows."""

    def verdict(self, result: Answer | Failure, *, rows: int, earlier_attempt_at_risk: bool) -> Verdict:
        """Classify the result of one attempt by the contract."""

    def column_named(self, payload: Payload, message: str) -> str | None:
        """Return the column that the destination's words about a refused row name, or None if they name none."""

    def error_class(self, code: str, return_code: int | None, *, of_audience: bool) -> str:
        """Return the class of an error, by the destination's code or by our own name of the problem.

        Args:
            code: Our own name; `tiktok-` and the class of an answer is one too.
            return_code: The destination's code, or None.
            of_audience: It is about an audience, where some answers mean something else.
        """
