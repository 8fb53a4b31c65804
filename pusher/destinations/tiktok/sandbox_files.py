"""Audiences of files in the sandbox: uploads, and what is made, changed and shared of them."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pusher.destinations.tiktok import sandbox_audience_state as state
from pusher.destinations.tiktok.facts import tables
from pusher.destinations.tiktok.sandbox_file_work import (
    CancelShare,
    DeleteAudiences,
    MakeFileAudience,
    ShareAudiences,
    ShareLog,
    UpdateFileAudience,
    Upload,
)
from pusher.destinations.tiktok.sandbox_http import Judge, Refusal, Request, Route, Rules, parsed, refusal_of
from pusher.destinations.tiktok.sandbox_state import AUDIENCES, Work
from pusher.payload.audience_body import id_problems
from pusher.payload.audience_files import (
    INVALID,
    FileRules,
    WrongFile,
    cancel_problems,
    create_problems,
    delete_problems,
    identifiers,
    share_problems,
    update_problems,
    upload_problems,
)

_FOLDER = "dmp/custom_audience/"
_MOST_PARTS = 16
_LARGEST_FIELD = 65_536


@dataclass(frozen=True, slots=True)
class _Form:
    """The parts of an upload.

    Attributes:
        fields: Texts by name; of the file its name.
        file: The file, or None.
        size: Its bytes.
    """

    fields: Mapping[str, str]
    file: io.BufferedRandom | io.BytesIO | None
    size: int


class FileEndpoints:
    """The endpoints of audiences of files.

    Args:
        rules: Advertisers that exist.
    """

    def __init__(self, rules: Rules) -> None:
        self._known = rules
        self._rules = FileRules.of(tables("audience"))
        posts: dict[str, Judge] = {
            "file/upload/": self._upload,
            "create/": self._create,
            "update/": self._update,
            "delete/": self._delete,
            "share/": self._share,
            "share/cancel/": self._cancel,
        }
        self.routes = {f"{_FOLDER}{path}": Route("POST", AUDIENCES, judge) for path, judge in posts.items()}
        self.routes[f"{_FOLDER}share/log/"] = Route("GET", AUDIENCES, self._log)

    # Uploads

    def _upload(self, request: Request) -> Work | Refusal:
        with _form(request) as form:
            if isinstance(form, Refusal):
                return form
            return self._upload_refusal(form) or self._members(form)

    def _upload_refusal(self, form: _Form) -> Refusal | None:
        refusal = refusal_of(form.fields, upload_problems(form.fields))
        refusal = refusal or self._known.stranger([form.fields["advertiser_id"]])
        if refusal is not None:
            return refusal
        if form.file is None:
            return Refusal("file_missing", "file: Missing data for required field")
        if form.fields["calculate_type"] not in self._rules.upload_types:
            return Refusal("file_type", "calculate_type: Not a valid choice")
        if not form.fields["file"].endswith(self._rules.endings):
            return Refusal("file_ending", f"file: Only {' and '.join(self._rules.endings)} are supported")
        if not form.size:
            return Refusal("file_empty", "file: Must not be empty")
        if form.size > state.number("file_bytes"):
            return Refusal("file_too_large", f"file: Larger than {state.number('file_bytes')} bytes")
        signature = hashlib.file_digest(form.file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
        if signature != form.fields["file_signature"].lower():
            return Refusal("signature_wrong", "file_signature: Not the MD5 of the file")
        return None

    def _members(self, form: _Form) -> Work | Refusal:
        """Read the file line by line, so that of a large one only its members are held."""
        assert form.file is not None  # noqa: S101 -- looked at before
        form.file.seek(0)
        rows = 0
        groups: list[tuple[str, bytes]] = []
        calculate_type = form.fields["calculate_type"]
        lines = io.TextIOWrapper(form.file, encoding="utf-8", errors="replace")
        try:
            for count, found in identifiers(lines, calculate_type, self._rules):
                rows += count
                groups += [
                    (id_type, b"".join(sorted(state.members_of(id_type, digests))))
                    for id_type, digests in found
                    if digests
                ]
        except WrongFile as wrong:
            return Refusal("file_invalid" if wrong.kind == INVALID else "file_out_of_spec", f"file: {wrong}", rows)
        finally:
            lines.detach()
        return Upload(form.fields["advertiser_id"], self._rules.type_of(calculate_type), rows, groups)

    # Audiences

    def _create(self, request: Request) -> Work | Refusal:
        body = parsed(request.body)
        refusal = refusal_of(body, create_problems(body, self._rules)) or self._known.stranger([body["advertiser_id"]])
        if refusal is not None:
            return refusal
        return MakeFileAudience(
            body["advertiser_id"],
            body["custom_audience_name"],
            body["calculate_type"],
            body["file_paths"],
            body.get("audience_sub_type"),
            body.get("retention_in_days"),
        )

    def _update(self, request: Request) -> Work | Refusal:
        body = parsed(request.body)
        refusal = refusal_of(body, update_problems(body, self._rules)) or self._known.stranger([body["advertiser_id"]])
        if refusal is not None:
            return refusal
        return UpdateFileAudience(
            body["advertiser_id"],
            body["custom_audience_id"],
            body.get("custom_audience_name"),
            body.get("file_paths"),
            # The API's own default, which takes out everybody who is not in the files.
            body.get("action", self._rules.actions[-1]),
            body.get("audience_sub_type"),
        )

    def _delete(self, request: Request) -> Work | Refusal:
        body = parsed(request.body)
        refusal = refusal_of(body, delete_problems(body, self._rules)) or self._known.stranger([body["advertiser_id"]])
        return refusal or DeleteAudiences(body["advertiser_id"], body["custom_audience_ids"])

    def _share(self, request: Request) -> Work | Refusal:
        body = parsed(request.body)
        refusal = refusal_of(body, share_problems(body, self._rules))
        refusal = refusal or self._known.stranger([body["advertiser_id"], *body["shared_advertiser_ids"]])
        if refusal is not None:
            return refusal
        if body["advertiser_id"] in body["shared_advertiser_ids"]:
            return Refusal("bad_parameter", "shared_advertiser_ids: Must not hold the owner")
        return ShareAudiences(body["advertiser_id"], body["custom_audience_ids"], body["shared_advertiser_ids"])

    def _cancel(self, request: Request) -> Work | Refusal:
        body = parsed(request.body)
        refusal = refusal_of(body, cancel_problems(body)) or self._known.stranger([body["advertiser_id"]])
        return refusal or CancelShare(body["advertiser_id"], body["custom_audience_id"], body["shared_advertiser_id"])

    def _log(self, request: Request) -> Work | Refusal:
        query = request.query
        problems = [*id_problems(query, "advertiser_id"), *id_problems(query, "custom_audience_id")]
        refusal = refusal_of(query, problems) or self._known.stranger([query["advertiser_id"]])
        return refusal or ShareLog(query["advertiser_id"], query["custom_audience_id"])


@contextmanager
def _form(request: Request) -> Iterator[_Form | Refusal]:
    """Give the parts of a body; a large file among them lies on disk without a name until the end."""
    from multipart import MultipartError, MultipartParser, parse_options_header

    kind, options = parse_options_header(request.content_type)
    if kind != "multipart/form-data" or "boundary" not in options:
        yield Refusal("bad_parameter", "Not multipart/form-data")
        return
    parser = MultipartParser(
        io.BytesIO(request.body), options["boundary"], len(request.body), part_limit=_MOST_PARTS, strict=True
    )
    parts: list[Any] = []
    try:
        try:
            parts.extend(parser)
            form = _form_of(parts)
        except MultipartError:
            form = Refusal("bad_parameter", "Not valid multipart/form-data")
        yield form
    finally:
        for part in parts:
            part.close()


def _form_of(parts: list[Any]) -> _Form | Refusal:
    fields: dict[str, str] = {}
    file, size = None, 0
    for part in parts:
        if part.name in fields:
            return Refusal("bad_parameter", f"{part.name}: Stands twice")
        if part.filename is not None:
            fields[part.name], file, size = part.filename, part.file, part.size
            if part.name != "file":
                return Refusal("bad_parameter", f"{part.name}: Must not be a file")
        elif part.size > _LARGEST_FIELD:
            return Refusal("bad_parameter", f"{part.name}: Longer than {_LARGEST_FIELD} bytes")
        else:
            fields[part.name] = part.file.read().decode("utf-8", "replace")
    if file is None:
        fields.pop("file", None)
    return _Form(fields, file, size)
