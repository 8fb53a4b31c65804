"""How a person gives pusher a token, looks at what there is, and ends it: OAuth with TikTok, and pasted tokens."""

from __future__ import annotations

from pusher.authorising.ending import log_out, revocable, revoke
from pusher.authorising.login import Kept, Person, Wish, keep_events_token, log_in
from pusher.authorising.place import Place, place_for
from pusher.authorising.standing import CredentialStanding, ViewStanding, credential_standings, view_standings
from pusher.authorising.tokens import TokenApi, token_api

__all__ = [
    "CredentialStanding",
    "Kept",
    "Person",
    "Place",
    "TokenApi",
    "ViewStanding",
    "Wish",
    "credential_standings",
    "keep_events_token",
    "log_in",
    "log_out",
    "place_for",
    "revocable",
    "revoke",
    "token_api",
    "view_standings",
]
