"""Requests about streaming audiences: finding them, making them, and moving members in and out."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from pusher.contracts import Answer, Failure, FoundAudience, Verdict
from pusher.destinations.tiktok.facts import contract, tables
from pusher.destinations.tiktok.responses import data_of, verdict

if TYPE_CHECKING:
    import pyarrow as pa

_PAGE_SIZE = 100
UNSEEN = "The audience's name holds characters that cannot be seen."
"""What is wrong with a name that no file and no person could tell from another."""

_JOINED = re.compile(r"(?<=[^\w\s])\u200d(?=[^\w\s])")


def visible(name: str) -> str:
    """Return a name without what joins several emoji into one, which nobody sees by itself."""
    return _JOINED.sub("", name)


class TikTokAudiences:
    """TikTok's side of audiences; see `AudienceApi`."""

    def __init__(self) -> None:
        numbers = audience_facts()["number"]
        self.most_rows_per_request = int(numbers["most_rows_per_request"]["value"])
        self.least_members = int(numbers["least_matched_members"]["value"])
        self.settles_in = timedelta(hours=int(numbers["ready_after_h"]["value"]))
        self.may_end_after = timedelta(
            days=int(numbers["expires_after_d"]["value"]) - int(numbers["expiring_within_d"]["value"])
        )
        self.kinds = tuple(field.path for field in contract().payloads["audience"].fields)

    def name_problem(self, name: str) -> str | None:
        """Return what is wrong with the name of an audience, or None; see `AudienceApi.name_problem`."""
        name = visible(name)
        if not name.isprintable():
            return UNSEEN
        most = int(audience_facts()["number"]["name_characters"]["value"])
        if len(name) <= most:
            return None
        return (
            f"The audience's name has {len(name)} characters: TikTok cuts it after {most}, and then two can be alike."
        )

    def find(self, advertiser_id: str, page: int) -> str:
        """Return the path that lists a page of audiences, from page 1."""
        query = urlencode({"advertiser_id": advertiser_id, "page": page, "page_size": _PAGE_SIZE})
        return f"{audience_paths()['list']}?{query}"

    def found(self, answer: Answer) -> tuple[list[FoundAudience], int] | None:
        """Return the audiences of a page, and the number of pages; see `AudienceApi.found`."""
        data = data_of(answer)
        listed = data.get("list")
        if not isinstance(listed, list):
            return None
        audiences = [_found(one) for one in listed if isinstance(one, dict)]
        page = data.get("page_info")
        pages = page.get("total_page") if isinstance(page, dict) else None
        return audiences, pages if type(pages) is int else 1

    def create(self, advertiser_id: str, name: str) -> tuple[str, bytes]:
        """Return path and body that make an audience."""
        body = {"advertiser_id": advertiser_id, "action": "create", "custom_audience_name": name}
        return audience_paths()["audience"], json.dumps(body).encode("ascii")

    def created(self, answer: Answer) -> str | None:
        """Return the id of the audience that was made, or None when the answer has none."""
        found = str(data_of(answer).get("audience_id") or "")
        return found if re.fullmatch("[0-9]+", found) else None

    def members(self, *, advertiser_id: str, audience_id: str, action: str, cells: pa.RecordBatch) -> tuple[str, bytes]:
        """Return path and body that add members or take them out; see `AudienceApi.members`."""
        import pyarrow as pa
        import pyarrow.compute

        # The stubs know of no scalars among the texts to join.
        text: Any = pyarrow.compute
        # Without a type each text is asked for what else it may be, which takes as long as to join a thousand.
        start, end, nobody, comma, nothing = (
            pa.scalar(one, pa.string()) for one in ('{"id":"', f'","audience_ids":["{audience_id}"]}}', "{}", ",", "")
        )
        texts = [text.binary_join_element_wise(start, one, end, nothing) for one in cells.columns]
        columns = [text.coalesce(one, nobody) for one in texts]
        rows = columns[0] if len(columns) == 1 else text.binary_join_element_wise(*columns, comma)
        whole = pa.ListArray.from_arrays(pa.array([0, cells.num_rows], pa.int32()), rows)
        schema = ",".join(f'"{name}"' for name in cells.schema.names)
        head = f'{{"advertiser_ids":["{advertiser_id}"],"action":"{action}","id_schema":[{schema}],"batch_data":[['
        body = f"{head}{text.binary_join(whole, pa.scalar('],[', pa.string()))[0].as_py()}]]}}"
        return audience_paths()["mapping"], body.encode("ascii")

    def verdict(self, result: Answer | Failure, *, rows: int) -> Verdict:
        """Return what an attempt proved; see `AudienceApi.verdict`."""
        found = verdict(contract(), result, rows=rows)
        if found.outcome == "rejected" and re.search(audience_facts()["busy"]["pattern"], found.message):
            # The same code as for a wrong parameter.
            busy = contract().classes[audience_facts()["busy"]["class"]]
            return replace(found, outcome=busy.outcome, response_class=busy.name, waits=busy.waits, remedy=busy.remedy)
        if found.response_class == "PARTIAL":
            # Nothing is answered about single rows, and to tell all of them again does no harm.
            return replace(found, outcome="unknown", waits="backoff")
        if found.outcome in {"rejected", "halt"} and found.response_class in audience_facts()["remedies"]:
            return replace(found, remedy=audience_facts()["remedies"][found.response_class])
        return found


def _found(one: Mapping[str, Any]) -> FoundAudience:
    kind, expires = kind_of(one), str(one.get("expired_time") or "")
    return FoundAudience(
        audience_id=str(one.get("audience_id", "")),
        name=str(one.get("name", "")),
        kind=kind,
        size=one["cover_num"] if type(one.get("cover_num")) is int else None,
        is_valid=one.get("is_valid") is not False,
        expires=expires,
        is_of_files=is_of_files(kind),
        is_own=is_own(one),
        ends_at=moment_of(expires),
    )


def kind_of(one: Mapping[str, Any]) -> str:
    """Return TikTok's word for the kind of an audience, or nothing; `/list/` and `/get/` name it differently."""
    return str(one.get("audience_type") or one.get("type") or "")


def is_of_files(kind: str) -> bool | None:
    """Say whether an audience of a kind takes files, or None when its kind is not said."""
    return kind == audience_facts()["text"]["file_type"]["value"] if kind else None


def is_own(one: Mapping[str, Any]) -> bool | None:
    """Say whether the advertiser that asked made an audience, or None when that is not said."""
    found = one.get("is_creator")
    return found if isinstance(found, bool) else None


def moment_of(text: str) -> datetime | None:
    """Return the moment that TikTok writes about an audience, or None when it is not in its form."""
    try:
        return datetime.strptime(text, audience_facts()["text"]["time_format"]["value"]).replace(tzinfo=UTC)
    except ValueError:
        return None


@cache
def audience_facts() -> dict[str, Any]:
    """Return what the contract says about audiences."""
    return tables("audience")


@cache
def audience_paths() -> Mapping[str, str]:
    """Return the paths of the requests about audiences, by what they ask."""
    paths: dict[str, str] = audience_facts()["paths"]
    return paths


@cache
def tiktok_audiences() -> TikTokAudiences:
    """Return the one instance."""
    return TikTokAudiences()
