"""What the views of a push need of the account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pusher.compile import Model
from pusher.contracts import Need
from pusher.push.audience.plan import AudienceView
from pusher.push.plan import View
from pusher.settings.account import Account
from pusher.settings.audiences import ADVERTISERS
from pusher.settings.layers import Given


def needs_of(
    account: Account, models: Mapping[str, Model], views: Sequence[View], audiences: Sequence[AudienceView]
) -> list[Need]:
    """Return what each view needs, and where the strongest layer says so.

    Args:
        account: The settings of the target.
        models: The models of the project, by name.
        views: Views of events.
        audiences: Views of audiences.
    """

    def given(view: View, key: str) -> Given | None:
        return account.given(models[view.model], view.payload, key)

    found = []
    for view in views:
        accounts = given(view, ADVERTISERS)
        file, line = _place(given(view, view.payload.source_id_setting)) or (None, None)
        found.append(
            Need(
                view.model,
                view.payload,
                view.source_id,
                () if accounts is None else tuple(accounts.value),
                file=file,
                line=line,
                accounts_place=_place(accounts),
            )
        )
    found += [
        Need(
            one.view.model,
            one.view.payload,
            one.name,
            one.advertisers,
            method=one.method,
            file=one.view.file,
            accounts_place=_place(given(one.view, ADVERTISERS)),
        )
        for one in audiences
    ]
    return found


def _place(given: Given | None) -> tuple[str | None, int | None] | None:
    """Return file and line of a setting, both None for one of the command line; None where no layer gives it."""
    return None if given is None else (given.file, given.line)
