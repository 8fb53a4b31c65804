"""Requests about audiences of customer files: uploads, and what is made, replaced and shared of them."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import Any
from urllib.parse import urlencode

from pusher.contracts import Answer, Failure, FileLayout, SeenAudience, Verdict
from pusher.destinations.tiktok.audiences import (
    UNSEEN,
    audience_facts,
    audience_paths,
    is_of_files,
    is_own,
    kind_of,
    moment_of,
    tiktok_audiences,
    visible,
)
from pusher.destinations.tiktok.facts import tables
from pusher.destinations.tiktok.responses import data_of

_CHANGES = ("APPEND", "REMOVE", "REPLACE")
_UPLOAD_AGAIN = ("signature_wrong", "file_expired")


class TikTokFileAudiences:
    """TikTok's side of audiences of files; see `FileAudienceApi`."""

    def __init__(self) -> None:
        numbers = {name: int(fact["value"]) for name, fact in audience_facts()["number"].items()}
        self.least_members = numbers["least_matched_members"]
        self.most_file_bytes = numbers["file_bytes"]
        self.most_files = numbers["most_files_per_request"]
        self.most_columns = numbers["most_columns_of_a_header"]
        self.most_shared = numbers["most_shared_per_request"]
        self.longest_retention_d = numbers["most_retention_d"]
        self.replace_again_after = timedelta(hours=numbers["replace_again_after_h"])
        self._most_characters = numbers["file_name_characters"]

    def name_problem(self, name: str) -> str | None:
        """Return what is wrong with the name of an audience, or None; see `FileAudienceApi.name_problem`."""
        name = visible(name)
        if not name.isprintable():
            return UNSEEN
        if len(name) <= self._most_characters:
            return None
        return f"The audience's name has {len(name)} characters: TikTok takes {self._most_characters}."

    def layout(self, kinds: Collection[str]) -> FileLayout:
        """Return what files of these kinds look like; see `FileAudienceApi.layout`."""
        columns = {kind: fact for kind, fact in audience_facts()["file_column"].items() if kind in kinds}
        if len(columns) == 1:
            ((kind, fact),) = columns.items()
            return FileLayout(fact["type"], (("", (kind,)),))
        headers: dict[str, list[str]] = {}
        for kind, fact in columns.items():
            headers.setdefault(fact["header"], []).append(kind)
        several = audience_facts()["text"]["several_types"]["value"]
        return FileLayout(several, tuple((header, tuple(found)) for header, found in headers.items()))

    def upload(self, advertiser_id: str, file_type: str, md5: str) -> tuple[str, Mapping[str, str]]:
        """Return path and fields of an upload; see `FileAudienceApi.upload`."""
        fields = {"advertiser_id": advertiser_id, "file_signature": md5, "calculate_type": file_type}
        return audience_paths()["upload"], fields

    def uploaded(self, answer: Answer) -> str | None:
        """Return the path that TikTok gave a file, or None."""
        found = data_of(answer).get("file_path")
        return found if isinstance(found, str) and found else None

    def create(
        self, *, advertiser_id: str, name: str, file_type: str, files: Sequence[str], retention_d: int | None
    ) -> tuple[str, bytes]:
        """Return path and body that make an audience; see `FileAudienceApi.create`."""
        body: dict[str, Any] = {
            "advertiser_id": advertiser_id,
            "custom_audience_name": name,
            "calculate_type": file_type,
            "file_paths": list(files),
        }
        if retention_d is not None:
            body["retention_in_days"] = retention_d
        return audience_paths()["create"], json.dumps(body).encode("ascii")

    def created(self, answer: Answer) -> str | None:
        """Return the id of the audience that was made, or None when the answer has none."""
        found = str(data_of(answer).get("custom_audience_id") or "")
        return found if re.fullmatch("[0-9]+", found) else None

    def change(self, *, advertiser_id: str, audience_id: str, action: str, files: Sequence[str]) -> tuple[str, bytes]:
        """Return path and body that change the members; see `FileAudienceApi.change`."""
        body = {
            "advertiser_id": advertiser_id,
            "custom_audience_id": audience_id,
            # Named although it is what TikTok takes when nothing is: nobody else's default decides who goes.
            "action": action.upper(),
            "file_paths": list(files),
        }
        return audience_paths()["update"], json.dumps(body).encode("ascii")

    def look(self, advertiser_id: str, audience_id: str) -> str:
        """Return the path that says how an audience is."""
        query = {"advertiser_id": advertiser_id, "custom_audience_ids": json.dumps([audience_id])}
        return f"{audience_paths()['get']}?{urlencode(query)}"

    def seen(self, answer: Answer) -> SeenAudience | None:
        """Return how an audience is; see `FileAudienceApi.seen`."""
        listed = data_of(answer).get("list")
        first = listed[0] if isinstance(listed, list) and listed else None
        if not isinstance(first, dict) or not isinstance(first.get("audience_details"), dict):
            return None
        details, history = first["audience_details"], first.get("audience_history")
        expires = str(details.get("expired_time") or "")
        return SeenAudience(
            is_of_files=is_of_files(kind_of(details)),
            is_own=is_own(details),
            type=str(details.get("calculate_type") or ""),
            is_valid=details.get("is_valid") is not False,
            is_busy=re.search(audience_facts()["busy"]["pattern"], str(details.get("msg") or "")) is not None,
            error=str(details.get("error_msg") or ""),
            expires=expires,
            ends_at=moment_of(expires),
            changed_by=tuple(
                str(line.get("action_detail") or "")
                for line in (history if isinstance(history, list) else [])
                if isinstance(line, dict) and line.get("action") in _CHANGES
            ),
        )

    def share(self, *, advertiser_id: str, audience_id: str, others: Sequence[str]) -> tuple[str, bytes]:
        """Return path and body that share an audience; see `FileAudienceApi.share`."""
        body = {
            "advertiser_id": advertiser_id,
            "custom_audience_ids": [audience_id],
            "shared_advertiser_ids": list(others),
        }
        return audience_paths()["share"], json.dumps(body).encode("ascii")

    def needs_upload(self, verdict: Verdict) -> bool:
        """Say whether uploading again helps: the bytes changed on their way, or the file has expired."""
        codes = tables("responses")["answer"]["codes"]
        return verdict.code is not None and verdict.code in {codes[name] for name in _UPLOAD_AGAIN}

    def verdict(self, result: Answer | Failure) -> Verdict:
        """Return what an attempt proved; see `FileAudienceApi.verdict`."""
        return tiktok_audiences().verdict(result, rows=1)


@cache
def tiktok_file_audiences() -> TikTokFileAudiences:
    """Return the one instance."""
    return TikTokFileAudiences()
