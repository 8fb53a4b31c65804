"""The command that writes dbt's artifacts, the head of each, and how one is written."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

MANIFEST, RUN_RESULTS = "manifest.json", "run_results.json"
# The version whose answers the tests compare with; readers look at it to know the fields.
DBT_VERSION = "1.11.16"
_SCHEMAS = "https://schemas.getdbt.com/dbt"


@dataclass(frozen=True, slots=True)
class Invocation:
    """The command that writes an artifact.

    Attributes:
        id: Its id.
        command: Its name.
        started_at: When it started.
        generated_at: When the artifact is written.
        version: Version of pusher.
    """

    id: str
    command: str
    started_at: datetime
    generated_at: datetime
    version: str

    def metadata(self, schema: str) -> dict[str, Any]:
        """Return the head of an artifact."""
        return {
            "dbt_schema_version": f"{_SCHEMAS}/{schema}.json",
            "dbt_version": DBT_VERSION,
            "generated_at": _moment(self.generated_at),
            "invocation_id": self.id,
            "invocation_started_at": _moment(self.started_at),
            "env": {"PUSHER_VERSION": self.version},
        }


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def write(folder: Path, name: str, content: Mapping[str, Any]) -> None:
    """Write an artifact whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f"{name}.{os.getpid()}.tmp"
    temporary.write_text(json.dumps(content), encoding="utf-8")
    temporary.replace(folder / name)
