"""What people ask of audiences: which there are, and which one a view is to fill."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pusher.clock import Clock
from pusher.errors import ConfigError, Problem, StateError, Unanswered
from pusher.progress import Listener, Notice
from pusher.settings.account import Account
from pusher.settings.campaigns import needs_campaign

if TYPE_CHECKING:
    from pusher.contracts import Engine
    from pusher.ledger.state import StateFolder
    from pusher.push.audience.asking import Asking
    from pusher.push.audience.forecast import Forecast
    from pusher.push.audience.listing import ListedAudience
    from pusher.push.audience.lock_file import LockFile
    from pusher.push.audience.plan import AudienceView
    from pusher.push.plan import View
    from pusher.push.suppressions import Suppressions


@dataclass(frozen=True, slots=True)
class AudienceKeeping:
    """The audiences of one target.

    Attributes:
        root: The project's folder.
        target: The target.
        account: The destination with its settings.
        state: The state folder.
        clock: Wall and monotonic time.
        listener: Is told about progress.
        views: Returns the selected audience views.
        all_views: The same, with those whose audiences get their names from campaigns.
        models: Returns the names of the project's audience views.
        open_warehouse: Opens the warehouse, allowed to write into one folder.
        suppressions: Returns the model that lists who is kept out of every view, or None.
        check_allowed: Refuses views that the user may not push.
        ledger_id: Ledger that the profile pins, or None.
    """

    root: Path
    target: str
    account: Account
    state: StateFolder
    clock: Clock
    listener: Listener
    views: Callable[[Sequence[str], Sequence[str]], list[AudienceView]]
    all_views: Callable[[Sequence[str], Sequence[str]], list[AudienceView]]
    models: Callable[[], Collection[str]]
    open_warehouse: Callable[[Path], Engine]
    suppressions: Callable[[], Suppressions | None]
    check_allowed: Callable[[Sequence[View]], None]
    ledger_id: str | None = None

    def listed(self, select: Sequence[str] = (), exclude: Sequence[str] = ()) -> list[ListedAudience]:
        """Return the audiences of the selected views' advertisers, and keep their sizes for `forecast`.

        Raises:
            ConfigError: The selection has no audience view, or a setting is wrong.
            Unanswered: TikTok refuses, or does not answer.
        """
        from pusher.ledger.audiences import AudienceStore
        from pusher.ledger.opening import read_store
        from pusher.push.audience.listing import listed

        views = self.all_views(select, exclude)
        unnamed = [view.view.model for view in views if needs_campaign(view.name)]
        store = read_store(self.state)
        try:
            with self._asking(views) as asking:
                audiences = AudienceStore.of(store)
                others = {one.view.model for one in self._every_view()} - {one.view.model for one in views}
                found = listed(
                    views, asking=asking, audiences=audiences, lock=self.lock, unnamed=unnamed, others=others
                )
        finally:
            if store is not None:
                store.close()
        self._keep_sizes(found)
        return found

    def _keep_sizes(self, found: Sequence[ListedAudience]) -> None:
        """Keep how many people TikTok matched in the audiences whose people the ledger knows, if it can be written."""
        from pusher.ledger.audience_sizes import keep_sizes
        from pusher.ledger.opening import open_beside

        try:
            store = open_beside(self.state)
            if store is None:
                return
            try:
                sizes = {(one.advertiser_id, one.audience_id): one.size for one in found if one.size is not None}
                keep_sizes(store, sizes, now=self.clock.now(), settles_in=self.account.destination.audiences.settles_in)
            finally:
                store.close()
        except (sqlite3.Error, StateError):
            self.listener(Notice("The ledger cannot be written now, so the sizes are not kept for a forecast."))

    def forecast(self, select: Sequence[str] = (), exclude: Sequence[str] = ()) -> list[Forecast]:
        """Return whom the selected views can reach and will probably match; asks TikTok nothing.

        Raises:
            ConfigError: The selection has no audience view, or a setting is wrong.
            PlanError: A view is not built, or cannot be read.
            StateError: The ledger cannot be read, or disk or memory ran out.
        """
        from pusher.ledger.audience_sizes import SizeStore
        from pusher.ledger.audiences import AudienceStore
        from pusher.ledger.barred import Barred
        from pusher.ledger.opening import read_store
        from pusher.ledger.state import scratch_folder
        from pusher.push.audience.forecast import forecasts
        from pusher.push.audience.plan import stage_members
        from pusher.push.suppressions import read_suppressions

        views, kinds = self.views(select, exclude), self.account.destination.audiences.kinds
        with scratch_folder() as folder:
            listed = read_suppressions(
                self.suppressions(), open_engine=lambda: self.open_warehouse(folder), folder=folder / "listed"
            )
            staged = [
                stage_members(
                    view,
                    open_engine=lambda: self.open_warehouse(folder),
                    folder=folder / view.view.model,
                    kinds=kinds,
                )
                for view in views
            ]
            store = read_store(self.state)
            try:
                audiences, sizes = AudienceStore.of(store), SizeStore.of(store)
                looks = sizes.looks() if sizes else []
                seen = {look.model for look in looks} - {view.view.model for view in views}
                return forecasts(
                    staged,
                    kinds=kinds,
                    suppressed=Barred(audiences.suppressed() if audiences else (), listed.files),
                    looks=looks,
                    folder=folder,
                    others=self._kinds_of(seen, folder),
                )
            finally:
                if store is not None:
                    store.close()

    def _kinds_of(self, models: Collection[str], folder: Path) -> dict[str, tuple[str, ...]]:
        """Return the kinds of identifier of audience views that were not read, as far as they are known."""
        from pusher.push.audience.plan import kinds_of

        if not models:
            return {}
        kinds = self.account.destination.audiences.kinds
        found = {
            view.view.model: kinds_of(view, open_engine=lambda: self.open_warehouse(folder), kinds=kinds)
            for view in self._every_view()
            if view.view.model in models
        }
        return {model: named for model, named in found.items() if named}

    def _every_view(self) -> list[AudienceView]:
        """Return the project's audience views, or none when the settings of one that is not asked about are wrong."""
        try:
            return self.all_views((), ())
        except ConfigError:
            return []

    def adopt(
        self, model: str, audience_id: str, advertiser_id: str | None = None, *, wait_s: float = 0.0
    ) -> ListedAudience:
        """Let a view fill an audience that is there.

        Raises:
            ConfigError: There is no such view or audience, or it is not clear which advertiser is meant.
            NotAllowed: The user may not push it.
            AnotherRunIsActive: A push holds the lock.
            StateError: The ledger cannot be trusted, or is not the one that the profile pins.
            Unanswered: TikTok refuses, or does not answer.
        """
        from pusher.ledger.opening import open_store
        from pusher.push.audience.listing import adopt

        views = self.views([model], ())
        if len(views) != 1:
            raise ConfigError(Problem("audience-adopt", "Name one audience view.", fix="Give the model's name."))
        self.check_allowed([views[0].view])
        self.state.create()
        with self.state.locked(wait_s=wait_s), self._asking(views) as asking:
            store = open_store(
                self.state, base_url=self.account.shown_as, now=self.clock.now(), expected_id=self.ledger_id
            )
            try:
                return adopt(
                    views[0],
                    audience_id,
                    advertiser_id,
                    asking=asking,
                    store=store,
                    lock=self.lock,
                    now=self.clock.now(),
                    views=self.models(),
                    listener=self.listener,
                )
            finally:
                store.close()

    def bound_id(self, view: AudienceView) -> str | None:
        """Return the id of the audience that a view fills at its first advertiser, or None before it is made."""
        from pusher.ledger.audiences import AudienceStore
        from pusher.ledger.opening import read_store
        from pusher.push.audience.listing import bound_id

        store = read_store(self.state)
        try:
            return bound_id(view, view.advertisers[0], AudienceStore.of(store), self.lock)
        finally:
            if store is not None:
                store.close()

    @property
    def lock(self) -> LockFile | None:
        """The lock file, or None for the embedded sandbox: its audiences mean nothing elsewhere."""
        from pusher.push.audience.lock_file import LockFile

        return None if self.account.is_embedded else LockFile(self.root, self.target)

    @contextmanager
    def _asking(self, views: Sequence[AudienceView]) -> Iterator[Asking]:
        from pusher.destinations.tiktok.settings import read_settings
        from pusher.push.audience.asking import Asking
        from pusher.transport import Pacer, Transport

        settings = read_settings(self.account.settings)
        rate = settings.requests_per_second or self.account.default_rate(
            views[0].view.payload.limits.default_requests_per_s
        )
        endpoint = self.account.endpoints(self.state.root, notes_use=True).of("audience")
        transport = Transport(endpoint, clock=self.clock, ca_file=settings.ca_file, listener=self.listener)
        try:
            api = self.account.destination.audiences
            yield Asking(api, transport, Pacer(rate, self.clock), self.clock, lambda: False)
        except Unanswered as error:
            raise Unanswered(endpoint.refused(error.problems[0]), error.outcome) from error
        finally:
            transport.close()
