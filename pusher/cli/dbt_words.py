"""What to do instead of dbt's commands and options that there are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_COMMANDS: Mapping[str, str] = {
    "run": "`pusher build` runs models, and their tests.",
    "seed": "`pusher build --select resource_type:seed` loads seeds.",
    "list": "`pusher ls` lists models.",
    "parse": "`pusher compile` renders all models, `pusher lint` checks them.",
    "deps": "Packages are not fetched: put them into dbt_packages/, or list them as `local:` in packages.yml.",
    "docs": "There is no site: `pusher compile` writes target/manifest.json, descriptions included.",
    "run-operation": "A macro runs in a model or in a hook.",
    "snapshot": "Build the history outside pusher and declare it as a source.",
    "source": "A data test of the newest row tells how fresh a source is.",
    "clone": "Build the models into the other target: `pusher build --target NAME`.",
}
_OPTIONS: Mapping[str, str] = {
    "--models": "Write --select.",
    "--model": "Write --select.",
    "-m": "Write --select.",
    "--resource-type": "Write --select resource_type:model, or seed, test, unit_test.",
    "--output": "Write --json.",
    "--threads": "Write `threads` in profiles.yml.",
    "--fail-fast": "Leave it out: what is below a failure is not built anyway.",
    "-x": "Leave it out: what is below a failure is not built anyway.",
    "--empty": "`pusher lint` binds all models on empty tables.",
    "--defer": "Build what the selection reads too: --select +NAME.",
    "--profile": "Write `profile` in dbt_project.yml.",
}


def instead_of(words: Sequence[str], option: str | None) -> str | None:
    """Return what to do instead of a command or an option of dbt's; None for any other.

    Args:
        words: The command line without the program's name.
        option: The option that is not known, or None when the command is not.
    """
    if option is not None:
        return _OPTIONS.get(option)
    return _COMMANDS.get(next((word for word in words if not word.startswith("-")), ""))
