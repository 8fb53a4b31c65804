"""Which destination views a selection has, each with the settings that a push reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pusher.compile import Manifest, Model
from pusher.config import PolicyFile, suggest
from pusher.errors import CompileError, ConfigError, Problem
from pusher.payload.columns import ColumnFinding
from pusher.settings.account import Account
from pusher.settings.campaigns import needs_campaign
from pusher.settings.layers import Given

if TYPE_CHECKING:
    from pusher.push.audience.plan import AudienceView
    from pusher.push.plan import View
    from pusher.push.suppressions import Suppressions


@dataclass(frozen=True, slots=True)
class DestinationViews:
    """The destination views of a project.

    Attributes:
        manifest: The compiled project.
        account: The destination, with the settings of the target.
        policy: Project policy.
    """

    manifest: Manifest
    account: Account
    policy: PolicyFile

    def selected(self, select: Sequence[str] = (), exclude: Sequence[str] = ()) -> list[View]:
        """Return the selected destination views.

        Raises:
            ConfigError: The selection has none.
        """
        from pusher.push.plan import View

        found = []
        models = self.manifest.select(select, exclude)
        payloads = self.account.payloads_of(models)
        for model in models:
            payload = payloads.get(model.name)
            if payload is not None:
                source_id = self.account.source_id_of(model, payload)
                found.append(View(model.name, model.path, str(model.relation), payload, source_id))
        if not found:
            raise ConfigError(
                Problem(
                    "no-views",
                    "The selection has no destination view.",
                    fix="Select a model whose config has meta: {pusher: {payload: ...}}.",
                )
            )
        return found

    def events_beside(self, views: Sequence[View]) -> list[View]:
        """Return the project's views of events that are not among some views, whatever their settings lack."""
        from pusher.push.plan import View

        known, models = {view.model for view in views}, self.manifest.models
        return [
            View(name, models[name].path, str(models[name].relation), payload, None)
            for name, payload in self.account.payloads_of(list(models.values())).items()
            if payload.kind == "events" and name not in known
        ]

    def check(self, models: Iterable[Model]) -> None:
        """Refuse templates that say what they may not say, or not in its form.

        Raises:
            ConfigError: With every problem of them.
        """
        from pusher.settings.audiences import AUDIENCE_KEYS
        from pusher.settings.offers import campaign_problems

        models = list(models)
        problems: list[Problem] = []
        for name, payload in self.account.payloads_of(models).items():
            model = self.manifest.models[name]
            # What names an event source, and what makes an audience, is judged in whichever layer it stands.
            judged = {payload.source_id_setting, *(AUDIENCE_KEYS if payload.kind == "audience" else ())}
            problems += self.account.template_problems(model, besides=judged)
            problems += campaign_problems(self.account, model, payload)
        if problems:
            raise ConfigError(*problems)

    def check_audiences(self, models: Iterable[Model]) -> None:
        """Refuse settings of audiences that a push would refuse as they are written; a build needs none.

        Raises:
            ConfigError: With every one of them.
        """
        from pusher.settings.audiences import form_problems

        found = self.account.payloads_of(models).items()
        problems = [
            one for name, payload in found for one in form_problems(self.account, self.manifest.models[name], payload)
        ]
        if problems:
            raise ConfigError(*problems)

    def missing_settings(self, models: Iterable[Model]) -> dict[str, list[ColumnFinding]]:
        """Return what audience views need, beside a name, and no layer gives."""
        from pusher.settings.audiences import missing_audience_settings

        return {
            name: [
                one
                for one in missing_audience_settings(self.account, self.manifest.models[name], payload)
                if one.column != payload.source_id_setting
            ]
            for name, payload in self.account.payloads_of(models).items()
            if payload.kind == "audience"
        }

    def test_event_code(self, views: Sequence[View]) -> Given | None:
        """Return the code that the settings give for views of events, which makes test events of them.

        Raises:
            ConfigError: They have different ones: a push has one.
        """
        found = {
            view.model: self.account.given(self.manifest.models[view.model], view.payload, "test_event_code")
            for view in views
        }
        if len({None if one is None else str(one.value) for one in found.values()}) > 1:
            with_code = [model for model, one in found.items() if one is not None]
            message = f"Only some of the views, or different ones, have a test_event_code: {', '.join(with_code)}."
            fix = "Push views of one code at a time with --select, or give all the same one: --test-event-code CODE."
            raise ConfigError(Problem("test-event-code", message, fix=fix))
        return next(iter(found.values()), None)

    def events(self, select: Sequence[str], exclude: Sequence[str]) -> list[View]:
        """Return the selected views of events.

        Raises:
            ConfigError: The selection has none.
        """
        events = [view for view in self.selected(select, exclude) if view.payload.kind == "events"]
        if not events:
            fix = "Select a model with one of these payloads: " + ", ".join(
                name for name, payload in self.account.destination.payloads.items() if payload.kind == "events"
            )
            raise ConfigError(Problem("no-event-views", "The selection has no view of events.", fix=f"{fix}."))
        return events

    def audience_views(self, select: Sequence[str], exclude: Sequence[str]) -> list[View]:
        """Return the selected audience views.

        Raises:
            ConfigError: The selection has none.
        """
        views = [view for view in self.selected(select, exclude) if view.payload.kind == "audience"]
        if not views:
            fix = "Select a model whose config has meta: {pusher: {payload: audience}}."
            raise ConfigError(Problem("no-audience-views", "The selection has no audience view.", fix=fix))
        return views

    def audiences(self, select: Sequence[str], exclude: Sequence[str]) -> list[AudienceView]:
        """Return the selected audience views with their settings; without a selection, those that wait for no campaign.

        Raises:
            ConfigError: The selection has none, or a setting is missing or not in its form.
        """
        views = self.audience_views(select, exclude)
        if not select and self.account.campaign is None:
            views = [view for view in views if not needs_campaign(view.source_id or "")] or views
        return self.with_settings(views)

    def all_audiences(self, select: Sequence[str], exclude: Sequence[str]) -> list[AudienceView]:
        """Return the selected audience views with their settings; a name that waits for a campaign is as it is written.

        Raises:
            ConfigError: The selection has none, or a setting is missing or not in its form.
        """
        return self.with_settings(self.audience_views(select, exclude), may_wait=True)

    def audience_models(self) -> list[str]:
        """Return the names of the project's audience views, whatever their settings lack.

        A view whose payload nobody can tell is one of them: it may be an audience.
        """
        return [name for name, model in self.manifest.models.items() if self._may_be_audience(model)]

    def _may_be_audience(self, model: Model) -> bool:
        try:
            payload = self.account.payload_of(model)
        except CompileError:
            return True
        return payload is not None and payload.kind == "audience"

    def suppressions(self) -> Suppressions | None:
        """Return the model that lists who is kept out of every view.

        Raises:
            ConfigError: The project has no such model.
        """
        name = self.policy.consent.suppressions
        if name is None:
            return None
        from pusher.push.suppressions import Suppressions

        model = self.manifest.models.get(name)
        if model is None:
            near = suggest(name, self.manifest.models)
            fix = f"Did you mean `{near}`?" if near else "Name a model or a seed of the project, without ref()."
            raise ConfigError(
                Problem("no-suppressions", f"consent.suppressions names no model: `{name}`.", "pusher.yml", fix=fix)
            )
        payloads = self.account.destination.payloads.values()
        audience = next(one for one in payloads if one.kind == "audience")
        return Suppressions(model.name, model.path, str(model.relation), audience)

    def with_settings(self, views: Sequence[View], *, may_wait: bool = False) -> list[AudienceView]:
        """Return audience views with their settings.

        Args:
            views: Views of audiences.
            may_wait: Also those whose names wait for a campaign: nothing is sent.

        Raises:
            ConfigError: A setting is missing or not in its form.
        """
        from pusher.push.audience.plan import AudienceView
        from pusher.settings.audiences import audience_settings

        found = []
        for view in views:
            model = self.manifest.models[view.model]
            chosen = audience_settings(self.account, model, view.payload, may_wait=may_wait)
            found.append(
                AudienceView(
                    view,
                    chosen.advertisers,
                    chosen.kinds,
                    chosen.rows_per_request,
                    method=chosen.method,
                    retention_d=chosen.retention_d,
                    shared=self.policy.shared,
                )
            )
        _refuse_twins([one for one in found if not needs_campaign(one.name)])
        return found


def _refuse_twins(views: Sequence[AudienceView]) -> None:
    """Refuse two views of one audience: each would take the other's people out.

    Raises:
        ConfigError: There are some.
    """
    seen: dict[tuple[str, str], str] = {}
    problems = []
    for view in views:
        for advertiser_id in view.advertisers:
            other = seen.setdefault((advertiser_id, view.name), view.view.model)
            if other != view.view.model:
                message = f"{other} and {view.view.model} fill audience `{view.name}` of advertiser {advertiser_id}."
                fix = "Give each an audience_name of its own, or bring the people of both into one view."
                problems.append(Problem("audience-twice", message, view.view.file, fix=fix))
    if problems:
        raise ConfigError(*problems)
