"""dbt_project.yml, and pusher.yml beside it, as typed values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pusher.config.alerts import Alerts, read_alerts
from pusher.config.consent import Consent, read_consent
from pusher.config.floors import Floor, read_floors
from pusher.config.roles import Role, read_roles
from pusher.config.shared import SharedLimits, read_shared
from pusher.config.shrink import LIST_GUARD, ShrinkGuard, read_audience_shrink, read_list_shrink
from pusher.config.strict_yaml import Document, load_yaml
from pusher.errors import ConfigError, Problem

PROJECT_FILE = "dbt_project.yml"
POLICY_FILE = "pusher.yml"

# dbt's own top-level keys; the second group changes what a project means, so it is refused by name.
_READ = {
    "name", "version", "config-version", "profile", "model-paths", "macro-paths", "docs-paths", "target-path", "vars",
    "models", "test-paths", "data_tests", "tests", "seed-paths", "seeds", "packages-install-path", "on-run-start",
    "on-run-end",
}  # fmt: skip
_WITHOUT_EFFECT = {
    "analysis-paths", "snapshot-paths", "asset-paths", "function-paths", "log-path",
    "clean-targets", "require-dbt-version", "flags", "unit_tests", "snapshots",
    "sources", "exposures", "quoting", "query-comment", "dbt-cloud",
}  # fmt: skip
_PUSH = {"on_change", "shared_with_pixel", "same_order_offline", "audience_shrink", "suppressions_shrink"}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_REFUSED = {"dispatch"}
RUN_HOOKS = ("on-run-start", "on-run-end")


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """What dbt_project.yml says.

    Attributes:
        root: Absolute folder of the project.
        shown: POSIX path of that folder as messages have it, relative to the project that is run; empty for that one.
        name: Project name, also the package name in `models:`.
        profile: Name of the profile in profiles.yml; a package may have none.
        model_paths: Folders with models, relative to the root.
        macro_paths: Folders with macros, relative to the root.
        seed_paths: Folders with CSV files that become tables, relative to the root.
        test_paths: Folders with queries that are data tests, relative to the root.
        docs_paths: Folders with Markdown files that hold doc blocks, relative to the root.
        target_path: Folder for compiled SQL, relative to the root.
        packages_path: Folder with the packages that the project brings along, relative to the root.
        vars: Project variables, package level already merged in.
        vars_of_all: Those without the ones that stand under the project's own name: packages know these.
        models: The `models:` tree with its `+` settings.
        seeds: The `seeds:` tree.
        data_tests: The `data_tests:` tree, or `tests:` as it was called before.
        on_run: Statements before and after everything, by `on-run-start` and `on-run-end`.
        document: The file itself, for messages.
    """

    root: Path
    shown: str
    name: str
    profile: str
    model_paths: tuple[str, ...]
    macro_paths: tuple[str, ...]
    seed_paths: tuple[str, ...]
    test_paths: tuple[str, ...]
    docs_paths: tuple[str, ...]
    target_path: str
    packages_path: str
    vars: Mapping[str, Any]
    vars_of_all: Mapping[str, Any]
    models: Mapping[str, Any]
    seeds: Mapping[str, Any]
    data_tests: Mapping[str, Any]
    on_run: Mapping[str, tuple[str, ...]]
    document: Document

    def show(self, path: Path) -> str:
        """Return a path below the root as messages have it."""
        return f"{self.shown}/{self.within(path)}" if self.shown else self.within(path)

    def within(self, path: Path) -> str:
        """Return a path below the root as POSIX text, relative to the root."""
        return path.relative_to(self.root).as_posix()

    @property
    def target_folder(self) -> Path:
        """Where artifacts are written."""
        return self.root / self.target_path

    @property
    def compiled_folder(self) -> Path:
        """Where compiled SQL is written, as dbt does; there each package has a folder of its own."""
        return self.target_folder / "compiled"


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """What pusher.yml says about policy.

    Attributes:
        require_vendor_page_columns: Ask for the vendor page's strict list of required columns.
        severities: Code, name or group of lint rules to `error`, `warning`, `note` or `off`.
        on_change: `report` (exit 1 on a new conflict) or `ignore`.
        shared_with_pixel: The web views' events are also reported by the pixel.
        same_order_offline: What to do when an order stands in a web view and in an offline view: `ignore`, `report`
            (a notice) or `refuse` (nothing is sent).
        floors: Least shares of rows with identifiers.
        shared: When an identifier stands in too many rows to be one person's.
        consent: Who agreed and who did not.
        shrink: When an audience would lose too many members to be meant.
        suppressions_shrink: When the list of suppressed people lost too many digests to be meant.
        alerts: Who is told how a run ended.
        roles: Who may push what and see whom; None when the file says nothing of it, and everybody may do everything.
        model_severities: Severities of lint rules for single models, by their names.
        path_severities: Severities of lint rules for single files and folders, by their paths.
    """

    require_vendor_page_columns: bool = False
    severities: Mapping[str, str] = field(default_factory=dict)
    on_change: str = "report"
    shared_with_pixel: bool = False
    same_order_offline: str = "ignore"
    floors: tuple[Floor, ...] = ()
    shared: SharedLimits = field(default_factory=SharedLimits)
    consent: Consent = field(default_factory=Consent)
    shrink: ShrinkGuard = field(default_factory=ShrinkGuard)
    suppressions_shrink: ShrinkGuard = LIST_GUARD
    alerts: Alerts = field(default_factory=Alerts)
    roles: tuple[Role, ...] | None = None
    model_severities: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    path_severities: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def _texts(document: Document, key: str, default: list[str]) -> tuple[str, ...]:
    value = document.value.get(key, default)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ConfigError(
            document.problem("wrong-type", f"`{key}` must be a list of texts.", (key,), f"Write {key}: [{default[0]}].")
        )
    return tuple(value)


def _severities(
    document: Document, section: Mapping[str, Any], place: tuple[str, ...], problems: list[Problem]
) -> dict[str, str]:
    """Return the severities of rules below a key; what is none is added to the problems."""
    found = _mapping(document, section, place, problems)
    for rule, severity in found.items():
        # YAML reads a bare `off` as false.
        if severity not in (False, "error", "warning", "note", "off"):
            message, fix = f"`{rule}` has no severity of that name.", "Use error, warning, note or off."
            problems.append(document.problem("wrong-value", message, (*place, rule), fix))
    return {rule: "off" if severity is False else severity for rule, severity in found.items()}


def _scoped_severities(
    document: Document, section: Mapping[str, Any], place: tuple[str, ...], problems: list[Problem]
) -> dict[str, dict[str, str]]:
    """Return the severities that hold for one model or path each."""
    found = _mapping(document, section, place, problems)
    return {name: _severities(document, found, (*place, name), problems) for name in found}


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _outside(root: Path, path: str) -> bool:
    resolved = (root / path).resolve()
    return resolved != root and root not in resolved.parents


def _top_level(document: Document, required: tuple[str, ...], refused: set[str]) -> dict[str, Any]:
    """Return the file's keys after checking each of them."""
    if not isinstance(document.value, dict):
        fix = "Write `name: ...` and `profile: ...`, each on a line of its own."
        raise ConfigError(document.problem("wrong-type", "The file must be a mapping of keys.", (), fix))
    found = document.value
    problems = document.unknown_keys(found, _READ | _WITHOUT_EFFECT | _REFUSED, ())
    fix = "Remove it: macros of the project come before those of packages."
    problems += [
        document.problem("unsupported-key", f"`{key}` is not supported.", (key,), fix)
        for key in sorted(refused & found.keys())
        if found[key]
    ]
    problems += [
        document.problem("wrong-type", f"`{key}` must be given, as text.", (key,), f"Write {key}: '...', in quotes.")
        for key in required
        if not isinstance(found.get(key), str)
    ]
    if isinstance(found.get("name"), str) and not _NAME.fullmatch(found["name"]):
        fix = "Use letters, digits and underscores, and no digit first."
        problems.append(document.problem("wrong-value", "`name` is not a name for a project.", ("name",), fix))
    problems += [
        document.problem("wrong-type", f"`{key}` must be text.", (key,), "Quote it.")
        for key in ("target-path", "packages-install-path")
        if not isinstance(found.get(key, ""), str)
    ]
    problems += [
        document.problem(
            "wrong-type", f"`{key}` must be a mapping.", (key,), "Write one `name: value` a line below it."
        )
        for key in ("vars", "models", "seeds", "data_tests", "tests")
        if not isinstance(found.get(key, {}) or {}, dict)
    ]
    problems += [
        document.problem("wrong-type", f"`{key}` must be text or a list of texts.", (key,), f"Write {key}: ['...'].")
        for key in RUN_HOOKS
        if not all(isinstance(one, str) for one in _several(found.get(key)))
    ]
    problems += document.misread_values(("vars",))
    if problems:
        raise ConfigError(*problems)
    return found


def load_project_file(root: Path, shown: str = "") -> ProjectFile:
    """Read dbt_project.yml of a folder.

    Args:
        root: The folder.
        shown: Its path in messages when it is a package of another project.

    Raises:
        ConfigError: The file is missing, or a key is unknown, of the wrong type or not supported.
    """
    root = root.resolve()
    path = root / PROJECT_FILE
    if not path.is_file():
        raise ConfigError(
            Problem(
                "no-project",
                f"No {PROJECT_FILE} in {root.name or root}/.",
                fix="Run in the project's folder or pass --project-dir.",
            )
        )
    document = load_yaml(path, f"{shown}/{PROJECT_FILE}" if shown else PROJECT_FILE)
    if shown:
        # dbt asks the project alone what dispatch() looks for.
        found = _top_level(document, ("name",), _REFUSED - {"dispatch"})
    else:
        found = _top_level(document, ("name", "profile"), _REFUSED)
    paths = {
        "model-paths": _texts(document, "model-paths", ["models"]),
        "macro-paths": _texts(document, "macro-paths", ["macros"]),
        "seed-paths": _texts(document, "seed-paths", ["seeds"]),
        "test-paths": _texts(document, "test-paths", ["tests"]),
        "docs-paths": _texts(document, "docs-paths", []),
        "target-path": (found.get("target-path", "target"),),
        "packages-install-path": (found.get("packages-install-path", "dbt_packages"),),
    }
    problems = []
    for key, values in paths.items():
        problems += [
            document.problem("outside-project", f"`{key}` leaves the project's folder.", (key,), "Keep it inside.")
            for value in values
            if _outside(root, value)
        ]
    if problems:
        raise ConfigError(*problems)
    name = found["name"]
    given = dict(found.get("vars") or {})
    own = given.pop(name) if isinstance(given.get(name), dict) else {}
    return ProjectFile(
        root=root,
        shown=shown,
        name=name,
        profile=str(found.get("profile") or ""),
        model_paths=paths["model-paths"],
        macro_paths=paths["macro-paths"],
        seed_paths=paths["seed-paths"],
        test_paths=paths["test-paths"],
        docs_paths=paths["docs-paths"] or tuple(dict.fromkeys((*paths["model-paths"], *paths["macro-paths"]))),
        target_path=paths["target-path"][0],
        packages_path=paths["packages-install-path"][0],
        vars={**given, **own},
        vars_of_all=given,
        models=found.get("models") or {},
        seeds=found.get("seeds") or {},
        data_tests=found.get("data_tests") or found.get("tests") or {},
        on_run={key: tuple(_several(found.get(key))) for key in RUN_HOOKS},
        document=document,
    )


def _mapping(
    document: Document, holder: Mapping[str, Any], path: tuple[str, ...], problems: list[Problem]
) -> Mapping[str, Any]:
    value = holder.get(path[-1])
    if value is None or isinstance(value, dict):
        return value or {}
    fix = "Write one `name: value` a line below it."
    problems.append(document.problem("wrong-type", f"`{path[-1]}` must be a mapping.", path, fix))
    return {}


def load_policy_file(root: Path) -> PolicyFile:
    """Read pusher.yml of a folder; without the file the defaults hold.

    Raises:
        ConfigError: A key is unknown or a value is not one of those allowed.
    """
    path = root / POLICY_FILE
    if not path.is_file():
        return PolicyFile()
    document = load_yaml(path, POLICY_FILE)
    found = document.value or {}
    if not isinstance(found, dict):
        fix = "Known keys: alerts, consent, identity, lint, push, roles, version."
        raise ConfigError(document.problem("wrong-type", "The file must be a mapping of keys.", (), fix))
    problems = document.unknown_keys(found, {"version", "lint", "push", "identity", "consent", "alerts", "roles"}, ())
    lint = _mapping(document, found, ("lint",), problems)
    push = _mapping(document, found, ("push",), problems)
    identity = _mapping(document, found, ("identity",), problems)
    problems += document.unknown_keys(lint, {"severity", "models", "paths", "require_vendor_page_columns"}, ("lint",))
    problems += document.unknown_keys(push, _PUSH, ("push",))
    problems += document.unknown_keys(identity, {"floors", "shared"}, ("identity",))
    if found.get("version", 1) != 1:
        problems.append(document.problem("wrong-value", "`version` must be 1.", ("version",), "Write version: 1."))
    severities = _severities(document, lint, ("lint", "severity"), problems)
    of_models = _scoped_severities(document, lint, ("lint", "models"), problems)
    of_paths = _scoped_severities(document, lint, ("lint", "paths"), problems)
    given = _mapping(document, identity, ("identity", "floors"), problems)
    floors = read_floors(document, given, ("identity", "floors"), problems)
    shared = read_shared(document, _mapping(document, identity, ("identity", "shared"), problems), problems)
    given = _mapping(document, push, ("push", "audience_shrink"), problems)
    shrink = read_audience_shrink(document, given, problems)
    given = _mapping(document, push, ("push", "suppressions_shrink"), problems)
    list_shrink = read_list_shrink(document, given, problems)
    alerts = read_alerts(document, _mapping(document, found, ("alerts",), problems), problems)
    consent = read_consent(document, _mapping(document, found, ("consent",), problems), problems)
    roles = read_roles(document, found, problems)
    for section, place, allowed in (
        (push, ("push", "on_change"), ("ignore", "report")),
        (push, ("push", "shared_with_pixel"), (False, True)),
        (push, ("push", "same_order_offline"), ("ignore", "report", "refuse")),
        (lint, ("lint", "require_vendor_page_columns"), (False, True)),
    ):
        key = place[-1]
        if key in section and section[key] not in allowed:
            names = ", ".join(str(value).lower() for value in allowed)
            message = f"`{key}` must be one of: {names}."
            problems.append(document.problem("wrong-value", message, place, f"Write {key}: {names.split(', ')[0]}."))
    if problems:
        raise ConfigError(*problems)
    return PolicyFile(
        require_vendor_page_columns=bool(lint.get("require_vendor_page_columns", False)),
        severities=severities,
        model_severities=of_models,
        path_severities={path.removeprefix("./").rstrip("/"): found for path, found in of_paths.items()},
        on_change=push.get("on_change", "report"),
        shared_with_pixel=bool(push.get("shared_with_pixel", False)),
        same_order_offline=push.get("same_order_offline", "ignore"),
        floors=tuple(floors),
        shared=shared,
        consent=consent,
        shrink=shrink,
        suppressions_shrink=list_shrink,
        alerts=alerts,
        roles=roles,
    )
