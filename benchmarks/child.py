"""Runs one task in this process and prints its result: `python -m benchmarks.child TASK JSON`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from importlib import import_module

# Only the module of the task is imported: what another one needs would count as memory of this one.
TASKS: Mapping[str, str] = {
    "write-tables": "data",
    "write-keys": "data",
    "write-flat": "data",
    "imports": "ours",
    "compiled": "ours",
    "register-keys": "ours",
    "freeze": "ours",
    "fill-ledger": "ours",
    "deliver": "deliveries",
    "post": "deliveries",
    "create-tables": "baselines",
    "copy-view": "baselines",
    "post-rows": "baselines",
    "ceiling": "baselines",
    "calibrate": "baselines",
    "hash-phones": "identity",
    "parse-phones": "identity",
    "write-people": "audiences",
    "copy-people": "audiences",
    "post-people": "audiences",
}


def main() -> None:
    """Run the task that the command line names."""
    _, task, arguments = sys.argv
    module = import_module(f"benchmarks.{TASKS[task]}")
    print(json.dumps(getattr(module, task.replace("-", "_"))(**json.loads(arguments))))


if __name__ == "__main__":
    main()
