"""Where a project's views go: the destination, and the settings of the chosen target in their three layers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from pusher.clock import Clock
from pusher.compile import Model
from pusher.config import DestinationSettings, Document, Profile, suggest
from pusher.contracts import LOGIN, Destination, Endpoint, Endpoints
from pusher.errors import CompileError, ConfigError, Problem
from pusher.payload.model import Payload
from pusher.settings.campaigns import Campaign
from pusher.settings.layers import Given, given_by_destination, given_by_layers, place_of, template_of
from pusher.settings.tokens import Tokens

EMBEDDED = "sandbox"
DEFAULT_CONCURRENCY = 8
STRUCTURE = ("destination", "payload", "shard_by")
"""Keys of `meta.pusher` that say what a model is, and are no settings."""
METHODS = ("stream", "file")
"""How an audience is told who is in it: by who comes and who goes, or by files of all members."""


class Account:
    """The destination of a project's views, with the settings of the chosen target.

    Args:
        profile: The chosen target.
        overrides: Values of `--set`, the last of the three layers.
        clock: The run's clock, which the embedded sandbox shares.
        campaign: What audiences are filled for, or None for a push from an orchestration.
    """

    def __init__(
        self, profile: Profile, overrides: Mapping[str, str], clock: Clock, campaign: Campaign | None = None
    ) -> None:
        self._profile = profile
        self._overrides = overrides
        self._clock = clock
        self.campaign = campaign

    def check(self, *, has_clock: bool) -> None:
        """Refuse what nothing would read, before anything is done.

        Raises:
            ConfigError: A destination or a setting is unknown, or `--clock` is given for the real API.
        """
        self._check_destinations()
        self._check_overrides()
        if has_clock:
            self._check_clock()

    @cached_property
    def destination(self) -> Destination:
        """The destination of this project's views."""
        from pusher.destinations.tiktok import destination

        return destination

    @cached_property
    def settings(self) -> DestinationSettings:
        """The destination's settings for the target, `--set` applied."""
        found = self.in_profile
        overrides = self._typed_overrides()
        base_url = overrides.pop("base_url", found.base_url)
        return replace(found, base_url=base_url, values={**found.values, **overrides})

    @property
    def in_profile(self) -> DestinationSettings:
        """The destination's block of profiles.yml.

        Raises:
            ConfigError: The target has none.
        """
        name = self.destination.name
        found = self._profile.destinations.get(name)
        if found is None:
            raise ConfigError(
                Problem(
                    "no-destination",
                    f"profiles.yml has no `pusher: {self._profile.target}: {name}:` block.",
                    "profiles.yml",
                    fix="Add it as in profiles.yml.example.",
                )
            )
        return found

    def _typed_overrides(self) -> dict[str, Any]:
        return {key: self._override(key, text) for key, text in self._overrides.items()}

    def layers(self, model: Model, payload: Payload, name: str) -> list[Given]:
        """Return what each layer says of a view's setting, the strongest first."""
        from pusher.destinations.tiktok.settings import FAMILIES

        return list(
            given_by_layers(
                name,
                overrides=self._typed_overrides(),
                model=model,
                settings=self._profile.destinations.get(self.destination.name),
                family=FAMILIES[payload.kind],
            )
        )

    def given_by_destination(self, payload: Payload, name: str) -> Iterator[Given]:
        """Yield what the destination's block says of a setting of a kind of views, the strongest first."""
        from pusher.destinations.tiktok.settings import FAMILIES

        settings = self._profile.destinations.get(self.destination.name)
        if settings is not None:
            yield from given_by_destination(name, settings, FAMILIES[payload.kind])

    def given(self, model: Model, payload: Payload, name: str) -> Given | None:
        """Return what holds for a view, or None when no layer says anything."""
        return next(iter(self.layers(model, payload, name)), None)

    @property
    def overrides(self) -> Mapping[str, str]:
        """Values of `--set`, as given."""
        return self._overrides

    def known_settings(self, layer: str, kind: str | None = None) -> tuple[str, ...]:
        """Return the settings that may stand in a layer, those of one kind of views or of all."""
        from pusher.destinations.tiktok.settings import keys_of

        return keys_of(layer, kind)

    @cached_property
    def production_base_url(self) -> str:
        """Where requests go when no setting says so."""
        from pusher.destinations.tiktok.facts import contract

        return contract().production_base_url

    @staticmethod
    def _override(key: str, text: str) -> Any:
        """Return a value of `--set` with the type that the setting has in profiles.yml."""
        from pusher.destinations.tiktok.facts import tables

        kind = tables("settings").get(key, {}).get("type")
        if kind == "integer" and text.isdecimal():
            return int(text)
        if kind == "boolean" and text in {"true", "false"}:
            return text == "true"
        if kind == "number" and text.replace(".", "", 1).isdecimal():
            return float(text)
        if kind == "texts":
            return [one.strip() for one in text.split(",") if one.strip()]
        return text

    def _check_destinations(self) -> None:
        """Refuse a block of profiles.yml whose name is nearly that of a destination."""
        name = self.destination.name
        problems = [
            found.document.problem(
                "unknown-destination", f"Unknown destination `{given}`.", found.path, f"Did you mean `{near}`?"
            )
            for given, found in self._profile.destinations.items()
            if given != name and (near := suggest(given, [name]))
        ]
        if problems:
            raise ConfigError(*problems)

    def _check_overrides(self) -> None:
        """Refuse settings of `--set` that nothing reads, or that are none of a run."""
        if not self._overrides:
            return
        known = set(self.known_settings("run"))
        elsewhere = {*self.known_settings("destination"), *self.known_settings("template")} - known
        problems = []
        for key in self._overrides:
            if key in elsewhere:
                message, fix = f"--set: `{key}` is no setting of a run.", _where(key, self, "run")
                problems.append(Problem("unknown-setting", message, fix=fix))
            elif key not in known:
                near = suggest(key, known)
                fix = f"Did you mean `{near}`?" if near else f"Known settings: {', '.join(sorted(known))}."
                problems.append(Problem("unknown-setting", f"--set: unknown setting `{key}`.", fix=fix))
        if problems:
            raise ConfigError(*problems)

    def check_is_there(self) -> None:
        """Refuse a target without settings of the destination.

        Raises:
            ConfigError: It has none.
        """
        _ = self.settings

    def check_settings(self) -> None:
        """Refuse settings that are unknown or not in their form, each in the layer that gives it.

        Raises:
            ConfigError: With one problem for each of them.
        """
        from pusher.destinations.tiktok.settings import check_settings

        found = self._profile.destinations.get(self.destination.name)
        if found is None:
            return
        problems = list(_problems_of(lambda: check_settings(found)))
        overrides = self._typed_overrides()
        given = replace(found, base_url=overrides.pop("base_url", None), access_token=None, values=overrides)
        for problem in _problems_of(lambda: check_settings(given)):
            message = f"--set: {problem.message}"
            problems.append(replace(problem, message=message, file=None, line=None, column=None))
        if problems:
            raise ConfigError(*problems)

    def _check_clock(self) -> None:
        base_url = self.settings.base_url or ""
        if base_url != EMBEDDED and not base_url.startswith(("http://127.", "http://localhost", "http://[::1]")):
            raise ConfigError(
                Problem(
                    "clock-refused",
                    "--clock is for the sandbox and for loopback only: ages decide what is sent.",
                    fix="Leave --clock out, or push to the sandbox.",
                )
            )

    def payloads_of(self, models: Iterable[Model]) -> dict[str, Payload]:
        """Return the payload of each destination view among the models.

        Raises:
            CompileError: Models name unknown destinations, payloads or keys; all problems at once.
        """
        found: dict[str, Payload] = {}
        problems: list[Problem] = []
        for model in models:
            try:
                payload = self.payload_of(model)
            except CompileError as error:
                problems += error.problems
                continue
            if payload is not None:
                found[model.name] = payload
        if problems:
            raise CompileError(*problems)
        return found

    def payload_of(self, model: Model) -> Payload | None:
        """Return what a model is pushed as, or None if it is not a destination view.

        Raises:
            CompileError: The model names an unknown destination or payload.
        """
        block = template_of(model)
        self._check_meta(model, block)
        if "payload" not in block and "destination" not in block:
            return None
        if block.get("destination", self.destination.name) != self.destination.name:
            raise CompileError(
                Problem(
                    "unknown-destination",
                    f"{model.name}: unknown destination `{block['destination']}`.",
                    *place_of(model, str(block["destination"])),
                    fix=f"Use destination `{self.destination.name}`.",
                )
            )
        payload = self.destination.payloads.get(str(block.get("payload")))
        if payload is None:
            known = ", ".join(self.destination.payloads)
            near = suggest(str(block.get("payload")), self.destination.payloads)
            fix = f"Did you mean `{near}`?" if near else f"Known payloads: {known}."
            message = f"{model.name}: unknown payload `{block.get('payload')}`."
            place = place_of(model, str(block.get("payload")))
            raise CompileError(Problem("unknown-payload", message, *place, fix=fix))
        return payload

    def _check_meta(self, model: Model, block: Mapping[str, Any]) -> None:
        """Refuse keys of `meta.pusher` that nothing reads, or that are none of a template."""
        if not block:
            return
        known = {*STRUCTURE, *self.known_settings("template")}
        elsewhere = {*self.known_settings("destination"), *self.known_settings("run")} - known
        problems = []
        for key in block:
            if key in elsewhere:
                message, fix = f"{model.name}: `{key}` is no setting of a template.", _where(key, self, "template")
                problems.append(Problem("unknown-key", message, *place_of(model, str(key)), fix=fix))
            elif key not in known:
                near = suggest(str(key), known)
                fix = f"Did you mean `{near}`?" if near else f"Known keys: {', '.join(sorted(known))}."
                message = f"{model.name}: unknown key `{key}` in meta.pusher."
                problems.append(Problem("unknown-key", message, *place_of(model, str(key)), fix=fix))
        if problems:
            raise CompileError(*problems)

    def template_problems(self, model: Model, *, besides: Collection[str] = ()) -> list[Problem]:
        """Return what of a model's `meta.pusher` is not in its form, each at its place.

        Args:
            model: The model.
            besides: Keys that are judged elsewhere.
        """
        from pusher.destinations.tiktok.settings import check_settings

        empty = DestinationSettings(self.destination.name, None, None, {}, Document("profiles.yml", {}), ())
        found: list[Problem] = []
        for key, value in template_of(model).items():
            if key in {*STRUCTURE, *besides} or value is None:
                continue
            wrong = _problems_of(partial(check_settings, replace(empty, values={key: value})))
            place = place_of(model, key)
            found += [Problem(one.code, f"{model.name}: {one.message}", *place, fix=one.fix) for one in wrong]
        return found

    def source_id_of(self, model: Model, payload: Payload) -> str | None:
        """Return the event source id of a view, or the name of its audience, from the strongest layer that gives it.

        Raises:
            ConfigError: It is not in its form.
        """
        settings = self.settings
        key = payload.source_id_setting
        found = self.given(model, payload, key)
        if found is None:
            return None
        value = found.value
        if payload.kind == "audience" and self.campaign is not None and isinstance(value, str):
            value = self.campaign.fill(value)
        try:
            return self.destination.source_id(payload, replace(settings, values={key: value}))
        except ConfigError as error:
            if found.layer == "destination":
                moved = [replace(one, file=found.file, line=found.line, column=found.column) for one in error.problems]
            else:
                moved = [found.problem(one.code, one.message, one.fix or "") for one in error.problems]
            raise ConfigError(*moved) from error

    @cached_property
    def tokens(self) -> Tokens:
        """Which token the requests about each kind of views carry."""
        return Tokens(
            block=self.in_profile,
            of_run=self._overrides.get("credential"),
            is_embedded=self.is_embedded,
            clock=self._clock,
        )

    def endpoint(self, kind: str, state_dir: Path) -> Endpoint:
        """Return where requests about views of a kind go, with the token of that kind.

        Args:
            kind: `events` or `audience`.
            state_dir: Folder of the embedded sandbox's state.

        Raises:
            ConfigError: The base URL is not allowed, the token is missing, or the credential cannot be read.
        """
        source, credential = self.tokens.source(kind), self.tokens.credential(kind)
        found = self.destination.endpoint(
            self.settings,
            state_dir=state_dir,
            now=self._clock.now,
            token=self.tokens.secret(kind),
            part=source.part if source is not None else None,
        )
        if credential is None:
            return found
        return replace(found, credential=credential.name, login=" ".join((LOGIN, *credential.login_options)))

    def endpoints(self, state_dir: Path, *, notes_use: bool) -> Endpoints:
        """Return where requests of this target go.

        Args:
            state_dir: Folder of the embedded sandbox's state.
            notes_use: Note at each credential whose endpoint is asked for that its token is sent now.
        """

        def make(kind: str) -> Endpoint:
            found = self.endpoint(kind, state_dir)
            if notes_use:
                self.tokens.note_use(kind)
            return found

        return Endpoints(self.shown_as, make)

    @property
    def shown_as(self) -> str:
        """The base URL as it is printed and stored."""
        return (self.settings.base_url or self.production_base_url).rstrip("/")

    @property
    def is_embedded(self) -> bool:
        """Whether requests go to the sandbox in this process."""
        return self.settings.base_url == EMBEDDED

    def default_rate(self, contract_rate: int) -> float:
        """Return the requests per second when no setting gives them."""
        # The embedded sandbox has no rate limit to respect.
        return 1_000.0 if self.is_embedded else float(contract_rate)


def _problems_of(check: Callable[[], None]) -> tuple[Problem, ...]:
    try:
        check()
    except ConfigError as error:
        return error.problems
    return ()


def _where(key: str, account: Account, layer: str) -> str:
    """Return where a setting stands that may not stand here."""
    words = {
        "destination": "the destination's block in profiles.yml",
        "template": "the model's meta.pusher",
        "run": f"--set {key}=...",
    }
    places = [text for name, text in words.items() if name != layer and key in account.known_settings(name)]
    return f"It stands in {' or in '.join(places)}."
