"""What is proven of a project from its SQL alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from pusher.compile import Mentions, Model
from pusher.contracts import Column
from pusher.project.outcomes import LintReport
from pusher.project.parts import ProjectParts

if TYPE_CHECKING:
    from pusher.lint.sunsets import Sunset
    from pusher.project.personal_data import Audit


class ProjectLint(ProjectParts):
    """A loaded project, as the linter sees it."""

    def lint(
        self,
        select: Sequence[str] = (),
        exclude: Sequence[str] = (),
        *,
        only: Collection[str] | None = None,
        uses_cache: bool = False,
    ) -> LintReport:
        """Prove from the SQL alone that the views carry what TikTok requires; opens no warehouse.

        Args:
            select: Models to judge, in dbt's selector syntax.
            exclude: Models to leave out.
            only: Names of models beside which none is judged, or None for all that are selected.
            uses_cache: Take from `target/` what was found before, and keep there what is found now.
        """
        from pusher.lint import lint
        from pusher.lint.cache import FILE, Cache

        self.account.check_settings()
        self._check_policy()
        models = self._judged(select, exclude, only)
        self.destination_views.check(models)
        self.destination_views.check_audiences(models)
        cache = mentions = None
        if uses_cache and not self.manifest.incremental:
            cache, mentions = Cache.open(self.file.root / self.file.target_path / FILE), Mentions(self.manifest)
        inference = self._inference(cache, mentions)
        account = self.account
        payloads = account.payloads_of(models)
        columns: Mapping[str, Sequence[Column]] = inference.models
        findings = lint(
            self.manifest,
            columns=columns,
            payload_of=payloads,
            source_id_of={
                name: self.account.source_id_of(self.manifest.models[name], payload)
                for name, payload in payloads.items()
            },
            policy=self.policy,
            models=models,
            source_columns=inference.sources,
            again=self._again if self._again is not self.manifest else None,
            missing_settings=self.destination_views.missing_settings(models),
            cache=cache,
            mentions=mentions,
        )
        if cache is not None:
            cache.write(whole=not select and not exclude and only is None)
        self._keep()
        return LintReport(findings, len(models))

    def sunsets(self) -> list[Sunset]:
        """Return the values in the SQL of destination views that TikTok takes only until some year.

        Raises:
            CompileError: A model does not bind.
        """
        from pusher.lint.context import Context
        from pusher.lint.sunsets import sunsets

        inference = self._inference()
        models = self._judged((), (), None)
        context = Context(
            self.manifest,
            columns=inference.models,
            source_columns=inference.sources,
            payload_of=self.account.payloads_of(models),
            source_id_of={},
            policy=self.policy,
            source_map=lambda name: self.manifest.source_map(name, analysis=True),
            models=models,
        )
        return list(sunsets(context))

    def _judged(self, select: Sequence[str], exclude: Sequence[str], only: Collection[str] | None) -> list[Model]:
        models = (model for model in self.models(select, exclude) if model.seed is None)
        return [model for model in models if only is None or model.name in only]

    def audit(
        self, select: Sequence[str] = (), exclude: Sequence[str] = (), *, only: Collection[str] | None = None
    ) -> Audit:
        """Follow personal data into the selected destination views; opens no warehouse. Arguments as of `lint`."""
        from pusher.project.personal_data import audit

        models = self._judged(select, exclude, only)
        self._inference()
        return audit(
            self.manifest,
            self._again if self._again is not self.manifest else None,
            payload_of=self.account.payloads_of(models),
            policy=self.policy,
            models=models,
            now=self.clock.now(),
        )
