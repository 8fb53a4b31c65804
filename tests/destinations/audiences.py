"""What tests of audiences in the sandbox share: their ids, who is in them, and how the lists show them."""

from __future__ import annotations

import hashlib
from typing import Any

from tests.destinations.worlds import World

ADVERTISER, OTHER = "7654321098765432109", "7654321098765432110"
FIRST, SECOND = "7200000000000000001", "7200000000000000002"
LIST, GET = "dmp/custom_audience/list/", "dmp/custom_audience/get/"
EMAIL = "EMAIL_SHA256"
OK = {"status": 200, "code": 0, "message": "OK", "data": {}}


def digest(person: object) -> str:
    """Return the digest of somebody."""
    return hashlib.sha256(f"{person}".encode()).hexdigest()


def kept(person: object, id_type: str = EMAIL) -> dict[str, str]:
    """Return what the sandbox says of a member."""
    member = hashlib.sha256((id_type + digest(person)).encode()).hexdigest()[:32]
    return {"id_type": id_type, "member": member}


def members(world: World, audience: str = FIRST) -> list[dict[str, str]]:
    """Return who is in an audience."""
    found: list[dict[str, str]] = world.page(f"members?audience_id={audience}&limit=100000")["members"]
    return found


def as_listed(audience_type: str, calculate_type: str | None, **more: Any) -> dict[str, Any]:
    """Return an audience as the list shows a new one."""
    return {
        "audience_id": FIRST,
        "name": "Best customers",
        "audience_type": audience_type,
        "calculate_type": calculate_type,
        "cover_num": 0,
        "is_valid": False,
        "is_expiring": False,
        "expired_time": "2027-07-01 12:00:00",
        "create_time": "2026-07-01 12:00:00",
        "shared": False,
        "is_creator": True,
        **more,
    }


def refused(message: str, code: int = 40002) -> dict[str, Any]:
    """Return an answer that refuses."""
    return {"status": 200, "code": code, "message": message, "data": {}}
