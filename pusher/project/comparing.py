"""What of a project differs from a manifest that was saved, for the selector `state:`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pusher.compile import Manifest
from pusher.compile.selection import Previous
from pusher.errors import ConfigError, Problem
from pusher.project.artifacts import MANIFEST, Invocation, manifest_json

_VERSION = "manifest/v12.json"
_UNKNOWN: Any = object()
_NOBODY = Invocation("", "", datetime.min.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC), "")


def read_saved(folder: Path) -> dict[str, Any]:
    """Return the manifest of a folder, written by pusher or by dbt.

    Raises:
        ConfigError: There is none, or it is none.
    """
    path = folder / MANIFEST
    fix = "Name the folder of a manifest.json that `pusher compile` or `pusher build` wrote."
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        version = str(found["metadata"]["dbt_schema_version"])
    except OSError as error:
        raise ConfigError(Problem("no-state", f"--state: cannot read {path}: {error.strerror}.", fix=fix)) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(Problem("no-state", f"--state: {path} is no manifest.", fix=fix)) from error
    if not version.endswith(_VERSION):
        message = f"--state: {path} is a manifest of another version: {version}."
        raise ConfigError(Problem("no-state", message, fix=fix))
    return dict(found)


def compared(manifest: Manifest, saved: Mapping[str, Any]) -> Previous:
    """Return what differs from a saved manifest."""
    now = json.loads(json.dumps(manifest_json(manifest, _NOBODY)))
    differs = _Difference(now, saved)
    nodes = {
        kind: [key for key, node in now["nodes"].items() if (node["resource_type"] == "test") is kind]
        for kind in (False, True)
    }
    return Previous(
        models=differs.states(nodes[False], "nodes", lambda node: str(node["name"])),
        # Names of long tests are the short ones that select them.
        tests=differs.states(nodes[True], "nodes", lambda node: _test_name(manifest, node)),
        unit_tests=differs.states(list(now["unit_tests"]), "unit_tests", lambda node: str(node["name"])),
    )


def _test_name(manifest: Manifest, node: Mapping[str, Any]) -> str:
    named = (name for name, test in manifest.tests.items() if test.whole_name == node["name"])
    return next(named, str(node["name"]))


class _Difference:
    """Compares the nodes of two manifests."""

    def __init__(self, now: Mapping[str, Any], saved: Mapping[str, Any]) -> None:
        self._now, self._saved = now, saved
        # dbt writes the defaults of all settings, pusher what is set.
        self._is_ours = "PUSHER_VERSION" in (saved["metadata"].get("env") or {})

    def states(
        self, keys: list[str], part: str, name_of: Callable[[Mapping[str, Any]], str]
    ) -> dict[str, frozenset[str]]:
        """Return names by state."""
        found: dict[str, set[str]] = {}
        for key in keys:
            node, before = self._now[part][key], (self._saved.get(part) or {}).get(key)
            for state in self._states_of(node, before):
                found.setdefault(state, set()).add(name_of(node))
        return {state: frozenset(names) for state, names in found.items()}

    def _states_of(self, node: Mapping[str, Any], before: Mapping[str, Any] | None) -> list[str]:
        if before is None:
            return ["new", "modified"]
        parts = {
            "body": self._body,
            "configs": self._configs,
            "relation": self._relation,
            "macros": lambda one, _: self._macros(one),
            "contract": self._contract,
        }
        modified = [f"modified.{name}" for name, differs in parts.items() if differs(node, before)]
        return ["old", *(["modified", *modified] if modified else ["unmodified"])]

    def _body(self, node: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
        if node["resource_type"] == "unit_test":
            return any(node[part] != before.get(part) for part in ("model", "given", "expect", "overrides"))
        if node["resource_type"] == "test":
            # The arguments of a generic test are in its id.
            return "test_metadata" not in node and node["compiled_code"] != before.get("compiled_code")
        return bool(node["checksum"] != before.get("checksum"))

    def _configs(self, node: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
        now, then = node["config"], before.get("config") or {}
        if any(then.get(key, _UNKNOWN) != value for key, value in now.items() if key not in {"severity", "tags"}):
            return True
        if sorted(set(now.get("tags") or ())) != sorted(set(then.get("tags") or ())):
            return True
        if str(now.get("severity", "")).lower() != str(then.get("severity", "")).lower():
            return True
        return self._is_ours and bool(then.keys() - now.keys())

    @staticmethod
    def _relation(node: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
        return bool(node.get("relation_name") != before.get("relation_name"))

    @staticmethod
    def _contract(node: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
        if not (node["config"].get("contract") or {}).get("enforced"):
            return False
        types = [
            {name: one.get("data_type") for name, one in (found.get("columns") or {}).items()}
            for found in (node, before)
        ]
        return types[0] != types[1]

    def _macros(self, node: Mapping[str, Any]) -> bool:
        now, then = self._now["macros"], self._saved.get("macros") or {}
        waiting, seen = list(node["depends_on"].get("macros") or ()), set()
        while waiting:
            key = waiting.pop()
            if key in seen or key not in now:
                continue
            seen.add(key)
            text = (then.get(key) or {}).get("macro_sql")
            if text is None or text.strip() != now[key]["macro_sql"].strip():
                return True
            waiting += now[key]["depends_on"]["macros"]
        # A macro that is gone is one that is not called any more, which the text says.
        return False
