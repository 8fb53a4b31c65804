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
    advertisers = tuple(account.settings.values.get("advertiser_ids") or ())
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
    """Return where the event source of a view is set: the run, the target's block, or the model."""
    key, settings = view.payload.source_id_setting, account.settings
    if key in account.overrides:
        return None, None
    if settings.values.get(key) != view.source_id:
        return view.file, None
    line, _ = settings.document.lines.get((*settings.path, key), (None, None))
    return settings.document.file, line
