"""Where a project's views go: the destination, and the settings of the chosen target in their three layers."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC
from functools import cached_property
from pathlib import Path
from typing import Any

from pusher.clock import Clock
from pusher.compile import Model
from pusher.config import DestinationSettings, Profile, Secret, suggest
from pusher.contracts import Destination, Endpoint
from pusher.credentials import DEFAULT_NAME, Credential, CredentialStore
from pusher.errors import CompileError, ConfigError, Problem
from pusher.payload.model import Payload

TOKEN_VARIABLE = "TIKTOK_ACCESS_TOKEN"  # noqa: S105 -- the variable's name, not a token
EMBEDDED = "sandbox"
DEFAULT_CONCURRENCY = 8
AUDIENCE_KEYS = ("advertiser_ids", "id_types", "method", "retention_days")
"""Keys of `meta.pusher` that only audience views have."""
METHODS = ("stream", "file")
"""How an audience is told who is in it: by who comes and who goes, or by files of all members."""


class Account:
    """The destination of a project's views, with the settings of the chosen target.

    Args:
        profile: The chosen target.
        overrides: Values of `--set`, the last of the three layers.
        clock: The run's clock, which the embedded sandbox shares.
    """

    def __init__(self, profile: Profile, overrides: Mapping[str, str], clock: Clock) -> None:
        self._profile = profile
        self._overrides = overrides
        self._clock = clock

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
        overrides = self._typed_overrides()
        base_url = overrides.pop("base_url", found.base_url)
        return replace(found, base_url=base_url, values={**found.values, **overrides})

    def _typed_overrides(self) -> dict[str, Any]:
        return {key: self._override(key, text) for key, text in self._overrides.items()}

    @property
    def overrides(self) -> Mapping[str, str]:
        """Values of `--set`, as given."""
        return self._overrides

    @cached_property
    def known_settings(self) -> tuple[str, ...]:
        """Every setting that the destination's block may have."""
        from pusher.destinations.tiktok.facts import tables

        source_ids = [payload.source_id_setting for payload in self.destination.payloads.values()]
        return tuple(dict.fromkeys(("base_url", *tables("settings"), *source_ids)))

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
        if kind == "number" and text.replace(".", "", 1).isdecimal():
            return float(text)
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
        """Refuse settings of `--set` that nothing reads."""
        if not self._overrides:
            return
        known = set(self.known_settings)
        problems = []
        for key in self._overrides:
            if key not in known:
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
        block = model.meta.get("pusher") or {}
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
        """Refuse keys of `meta.pusher` that nothing reads."""
        known = {"destination", "payload", "shard_by", *AUDIENCE_KEYS}
        known |= {payload.source_id_setting for payload in self.destination.payloads.values()}
        problems = []
        for key in block:
            if key not in known:
                near = suggest(str(key), known)
                fix = f"Did you mean `{near}`?" if near else f"Known keys: {', '.join(sorted(known))}."
                message = f"{model.name}: unknown key `{key}` in meta.pusher."
                problems.append(Problem("unknown-key", message, *place_of(model, str(key)), fix=fix))
        if problems:
            raise CompileError(*problems)

    def source_id_of(self, model: Model, payload: Payload) -> str | None:
        """Return the event source id of a view: run setting, then the model's meta, then the profile.

        Raises:
            ConfigError: It is not in its form.
        """
        key = payload.source_id_setting
        block = model.meta.get("pusher") or {}
        settings = self.settings
        if key not in block or key in self._overrides:
            return self.destination.source_id(payload, settings)
        try:
            return self.destination.source_id(payload, replace(settings, values={**settings.values, key: block[key]}))
        except ConfigError as error:
            file, line, column = place_of(model, key)
            moved = (replace(problem, file=file, line=line, column=column) for problem in error.problems)
            raise ConfigError(*moved) from error

    def endpoint(self, state_dir: Path) -> Endpoint:
        """Return where requests of this target go.

        Raises:
            ConfigError: The base URL is not allowed, the token is missing, or the credential cannot be read.
        """
        variable = os.environ.get(TOKEN_VARIABLE)
        token = self.settings.access_token or (Secret(variable) if variable else None)
        if self.credential is not None:
            token = self.credential.token
        return self.destination.endpoint(self.settings, state_dir=state_dir, now=self._clock.now, token=token)

    @property
    def credential_name(self) -> str:
        """Name of the credential that this target uses unless a token is given."""
        return str(self.settings.values.get("credential") or DEFAULT_NAME)

    @property
    def uses_credential(self) -> bool:
        """Whether the token comes from the user's credentials: it is needed, and given nowhere else."""
        return not (self.is_embedded or self.settings.access_token or os.environ.get(TOKEN_VARIABLE))

    @cached_property
    def credential(self) -> Credential | None:
        """The credential whose token requests carry; None when they need none, or it is given elsewhere or missing.

        Raises:
            ConfigError: The credential cannot be read, or the settings name one that is not there.
        """
        if not self.uses_credential:
            return None
        store = CredentialStore()
        found = store.get(self.credential_name)
        if found is None and self.settings.values.get("credential"):
            raise ConfigError(self._no_credential(store))
        return found

    def note_use(self) -> None:
        """Note at the credential, if one is used, that its token is sent now."""
        if self.credential is not None:
            CredentialStore().used(self.credential.name, self._clock.now().astimezone(UTC).replace(tzinfo=None))

    def _no_credential(self, store: CredentialStore) -> Problem:
        settings, name = self.settings, self.credential_name
        near = suggest(name, store.names())
        fix = (
            f"Did you mean `{near}`?"
            if near
            else f"Authorise with `pusher auth login --name {name}`, or set access_token of this target in "
            f"{settings.document.file}, or the environment variable {TOKEN_VARIABLE}."
        )
        place = (*settings.path, "credential")
        return settings.document.problem("no-credential", f"There is no credential `{name}`.", place, fix)

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


def place_of(model: Model, word: str) -> tuple[str, int | None, int | None]:
    """Return where a model's own config() holds a word, else the entry of its YAML file, else its file."""
    found = re.search(rf"['\"]{re.escape(word)}['\"]", model.raw_sql)
    if found is not None:
        before = model.raw_sql[: found.start()]
        return model.path, before.count("\n") + 1, found.start() - (before.rfind("\n") + 1) + 1
    if model.patch is not None:
        return model.patch[0], model.patch[1], None
    return model.path, None, None
