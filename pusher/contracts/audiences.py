"""How a destination is told who is in an audience, one by one or as files."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pyarrow as pa

from pusher.contracts.answers import Answer, Failure, Verdict


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
        is_of_files: It takes files; None when that is not said.
        is_own: The advertiser that asks made it; None when that is not said.
        ends_at: When it ends as a moment, or None when that is not said.
    """

    audience_id: str
    name: str
    kind: str
    size: int | None
    is_valid: bool
    expires: str
    is_of_files: bool | None = None
    is_own: bool | None = None
    ends_at: datetime | None = None


class AudienceApi(Protocol):
    """How a destination is told who is in an audience."""

    kinds: tuple[str, ...]
    """Every kind of identifier, by the name that requests have; a stored place in this list never changes."""
    most_rows_per_request: int
    least_members: int
    """People below which the destination does not use an audience."""
    settles_in: timedelta
    """How long the destination may work on what it was told, until its sizes show it."""
    may_end_after: timedelta
    """How long after its last change an audience may come to its end; before that nobody needs to ask."""

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
        ends_at: The same as a moment, or None when it is not said.
        changed_by: For each time that its members were changed, what its history says of that.
    """

    is_of_files: bool | None
    is_own: bool | None
    type: str
    is_valid: bool
    is_busy: bool
    error: str
    expires: str
    ends_at: datetime | None
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
