"""Runs one task in this process and prints its result: `python -m benchmarks.child TASK JSON`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks import baselines, data, ours

TASKS: Mapping[str, Callable[..., dict[str, Any]]] = {
    "write-tables": data.write_tables,
    "write-keys": data.write_keys,
    "imports": ours.imports,
    "compiled": ours.compiled,
    "register-keys": ours.register_keys,
    "freeze": ours.freeze,
    "create-tables": baselines.create_tables,
    "copy-view": baselines.copy_view,
    "post-rows": baselines.post_rows,
    "ceiling": baselines.ceiling,
    "calibrate": baselines.calibrate,
}


def main() -> None:
    """Run the task that the command line names."""
    _, task, arguments = sys.argv
    print(json.dumps(TASKS[task](**json.loads(arguments))))


if __name__ == "__main__":
    main()
