"""What an engine and a destination must offer, and the values that pass between the layers.

A plug-in author reads this folder only. `push` sees `Destination`, never TikTok; `compile`, `build` and
`push` see `Engine`, never DuckDB. `project` alone chooses the concrete ones.
"""

from __future__ import annotations

from pusher.contracts.answers import FINAL_STATES, Answer, BatchState, Failure, Verdict
from pusher.contracts.audiences import AudienceApi, FileAudienceApi, FileLayout, FoundAudience, SeenAudience
from pusher.contracts.destination import LOGIN, Destination, Endpoint, Endpoints, ErrorClass, Resolution
from pusher.contracts.engine import Addition, Column, ColumnOrigin, Engine, EngineError, Reading, StagedFile, Statement
from pusher.contracts.preflight import LookUp, Need, PreflightApi, Seen

__all__ = [
    "FINAL_STATES",
    "LOGIN",
    "Addition",
    "Answer",
    "AudienceApi",
    "BatchState",
    "Column",
    "ColumnOrigin",
    "Destination",
    "Endpoint",
    "Endpoints",
    "Engine",
    "EngineError",
    "ErrorClass",
    "Failure",
    "FileAudienceApi",
    "FileLayout",
    "FoundAudience",
    "LookUp",
    "Need",
    "PreflightApi",
    "Reading",
    "Resolution",
    "Seen",
    "SeenAudience",
    "StagedFile",
    "Statement",
    "Verdict",
]
