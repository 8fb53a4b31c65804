"""The facade: everything the command line does, as methods.

`Project` has those that make and show models; what it is made of is in `parts.py`, what proves it from its SQL in
`linting.py`, what sends it in `runs.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING

from pusher.compile import INLINE, Model
from pusher.project.outcomes import BuildReport, Interruptible, Shown
from pusher.project.parts import STATE_VARIABLE, LoadOptions
from pusher.project.runs import ProjectRuns

if TYPE_CHECKING:
    from pusher.builds.data_tests import DataTestResult
    from pusher.builds.run import Built
    from pusher.builds.unit_tests import UnitTestResult
    from pusher.importer import Imported, ImportOptions
    from pusher.project.explaining import Explained
    from pusher.project.showing import Showing


__all__ = ["STATE_VARIABLE", "LoadOptions", "Project"]


class Project(ProjectRuns):
    """One project with its chosen target.

    Use `Project.load()`.
    """

    def import_query(
        self, text: str, *, file: str, dialect: str, options: ImportOptions, dry_run: bool = False
    ) -> Imported:
        """Turn a query of another platform into models of this project; see `pusher.project.importing.bring`."""
        from pusher.project.importing import bring

        return bring(
            text,
            file=file,
            dialect=dialect,
            options=options,
            project=self.file,
            manifest=self.manifest,
            payloads=self.account.destination.payloads,
            dry_run=dry_run,
        )

    def compile_inline(self, sql: str) -> Model:
        """Render a query as if it were a model; writes nothing.

        Raises:
            BuildError: It asks a query by run_query(), which may not run or fails.
            CompileError: The query, or the project, is wrong.
        """
        manifest = self.manifest.with_inline(sql)
        self._building().answer(manifest, [INLINE])
        return manifest.models[INLINE]

    def compile(self, select: Sequence[str] = (), exclude: Sequence[str] = ()) -> list[Model]:
        """Render the selected models, and write all of them to `target/compiled` and manifest.json."""
        select = self.wanted(select, exclude)
        names = [model.name for model in self.models(select, exclude) if model.seed is None]
        self._building().answer(self.manifest, [name for name in names if self.manifest.models[name].is_open])
        models = [self.manifest.models[name] for name in names]
        self._building().keep_manifest("compile", self.manifest)
        self._keep()
        return models

    def build(
        self,
        select: Sequence[str] = (),
        exclude: Sequence[str] = (),
        *,
        full_refresh: bool = False,
        reuse: bool = True,
        interruptible: Interruptible = nullcontext,
        into: Built | None = None,
    ) -> BuildReport:
        """Run the selected models and their tests, then judge each built destination view by its contract.

        Args:
            select: Models to run, in dbt's selector syntax.
            exclude: Models to leave out.
            full_refresh: Build incremental models anew, unless their own `full_refresh` says otherwise.
            reuse: Leave models and data tests as they are that would come out the same.
            interruptible: Surrounds the work in the warehouse.
            into: Takes what became of each model and test, also when the build fails.

        Raises:
            BuildError: A model failed; those that read it were not run.
        """
        select = self.wanted(select, exclude)
        self.account.check_settings()
        self._check_policy()
        self.destination_views.check(self.manifest.select_all(select, exclude).models)
        report = self._building(interruptible).build(select, exclude, full_refresh=full_refresh, reuse=reuse, into=into)
        self._keep()
        return report

    def test(
        self,
        select: Sequence[str] = (),
        exclude: Sequence[str] = (),
        *,
        interruptible: Interruptible = nullcontext,
    ) -> list[DataTestResult | UnitTestResult]:
        """Run unit tests, and data tests on what the warehouse holds, which is opened only for these.

        Args:
            select: Tests, or models whose tests are meant, in dbt's selector syntax.
            exclude: What to leave out.
            interruptible: As of `build`.

        Raises:
            ConfigError: Nothing is selected.
        """
        return self._building(interruptible).test(self.wanted(select, exclude), exclude)

    def show(self, name: str, *, limit: int) -> Shown:
        """Return some rows of a built model, with the values of personal columns masked.

        Raises:
            BuildError: The model is not in the warehouse.
        """
        return self._showing.model(self.models([name])[0], limit=limit)

    def show_inline(self, sql: str, *, limit: int) -> Shown:
        """Return some rows of a query, rendered as if it were a model, with what identifies a person masked.

        Raises:
            CompileError: The query does not render or bind.
            BuildError: What it reads is not in the warehouse, or it fails.
        """
        return self._showing.query(sql, limit=limit)

    @property
    def _showing(self) -> Showing:
        from pusher.project.showing import Showing

        answer = self._building().answer
        return Showing(self.manifest, self.account, self._warehouse, answer, hides=self.access.is_restricted)

    def explain(
        self, kind: str, value: str, *, country: str | None = None, state: str = "raw", in_audience: bool = False
    ) -> Explained:
        """Return what becomes of one identifier, by the project's own macros and the checks of a push.

        Args:
            kind: Of `pusher.project.explaining.KINDS`.
            value: The identifier; it is kept nowhere.
            country: ISO 3166 code of a phone number's row, or None.
            state: What its column holds: `raw`, `sha256` or `auto`.
            in_audience: What becomes of it in an audience, instead of in an event.

        Raises:
            ConfigError: Kind, country or state is none, or an audience has no such kind.
            CompileError: The project's macros are missing, or fail.
        """
        from pusher.project.explaining import Explaining, check_choice

        check_choice(kind, country, state, in_audience=in_audience)
        explaining = Explaining(self.manifest, self.account.destination.payloads)
        return explaining.explain(kind, value, country=country, state=state, in_audience=in_audience)

    def show_payload(self, name: str, *, limit: int) -> bytes:
        """Return the exact body of the request that the first rows of a view would make; masked for restricted PII."""
        from pusher.project.showing import masked_body

        body = self._first_body(name, limit=limit)
        payload = self.views([name])[0].payload
        return masked_body(body, payload) if self.access.is_restricted else body

    def _first_body(self, name: str, *, limit: int) -> bytes:
        from pusher.push.audience.preview import first_audience_body
        from pusher.push.coverage import first_body

        view = self.views([name])[0]
        if view.payload.kind == "audience":
            (audience,) = self.destination_views.with_settings([view])
            return first_audience_body(
                audience,
                open_engine=lambda folder: self._warehouse([folder]),
                destination=self.account.destination,
                audience_id=self.audiences.bound_id(audience),
                now=self.started_at,
                limit=limit,
            )
        return first_body(
            view,
            open_engine=lambda folder: self._warehouse([folder]),
            destination=self.account.destination,
            options=self._plan_options(),
            limit=limit,
        )
