"""What the views of a push need of the account."""

from __future__ import annotations

from collections.abc import Sequence

from pusher.contracts import Need
from pusher.push.audience.plan import AudienceView
from pusher.push.plan import View
from pusher.settings.account import Account


def needs_of(account: Account, views: Sequence[View], audiences: Sequence[AudienceView]) -> list[Need]:
    """Return what each view needs.

    Args:
        account: The settings of the target.
        views: Views of events.
        audiences: Views of audiences.
    """
    accounts = account.given_without_template("events", "advertiser_ids")
    advertisers = tuple(accounts.value) if accounts is not None else ()
    found = []
    for view in views:
        file, line = _place(account, view)
        found.append(Need(view.model, view.payload, view.source_id, advertisers, file=file, line=line))
    found += [
        Need(one.view.model, one.view.payload, one.name, one.advertisers, method=one.method, file=one.view.file)
        for one in audiences
    ]
    return found


def _place(account: Account, view: View) -> tuple[str | None, int | None]:
    """Return where the event source of a view is set: the run, the target's block or its part, or the model."""
    found = account.given_without_template(view.payload.kind, view.payload.source_id_setting)
    return (view.file, None) if found is None or found.value != view.source_id else (found.file, found.line)
