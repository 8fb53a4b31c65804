"""The files of a project as they are in a commit, in a folder of their own."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pusher.errors import ConfigError, Problem

_TIMEOUT_S = 120


@contextmanager
def checkout(root: Path, revision: str) -> Iterator[Path]:
    """Give the folder of a project as it is in a commit; it is gone afterwards.

    The whole repository is there, so that packages beside the project are found. Nothing of the working tree or of
    git's own state is changed.

    Args:
        root: The project's folder in the working tree.
        revision: Commit, branch or tag.

    Raises:
        ConfigError: The folder is in no repository, there is no such commit, or it has no such folder.
    """
    if not revision or revision.startswith("-"):
        raise ConfigError(Problem("revision", f"`{revision}` is no commit.", fix="Name a branch, a tag or a commit."))
    top = Path(_git(root, "rev-parse", "--show-toplevel").decode().strip())
    found = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    commit = found.decode().strip()
    with tempfile.TemporaryDirectory(prefix="pusher-") as folder:
        base = Path(folder).resolve()
        # A commit without files is an archive that is none.
        with (
            suppress(tarfile.ReadError),
            tarfile.open(fileobj=io.BytesIO(_git(top, "archive", "--format=tar", commit))) as archive,
        ):
            archive.extractall(base, filter=_kept)  # noqa: S202 -- the filter lets nothing out of the folder
        there = base / root.resolve().relative_to(top.resolve())
        if not (there / "dbt_project.yml").is_file():
            message = f"{revision} has no dbt_project.yml in this folder."
            raise ConfigError(Problem("revision", message, fix="Name a commit in which the project is there."))
        yield there


def _kept(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo | None:
    """Return what is unpacked of a member: nothing of links that lead out, and of devices."""
    try:
        return tarfile.data_filter(member, path)
    except tarfile.FilterError:
        return None


def _git(folder: Path, *words: str) -> bytes:
    git = shutil.which("git")
    if git is None:
        raise ConfigError(Problem("revision", "git is not there.", fix="Install git, or leave out --diff."))
    try:
        done = subprocess.run(  # noqa: S603 -- git alone, and no word of a user in the place of an option
            [git, "-C", str(folder), *words], capture_output=True, check=False, timeout=_TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        raise ConfigError(Problem("revision", f"git took more than {_TIMEOUT_S} s.", fix="Try again.")) from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        message = said[-1].removeprefix("fatal: ") if said else f"git knows no `{words[-1].removesuffix('^{commit}')}`"
        fix = "Name a branch, a tag or a commit of the repository that the project is in."
        raise ConfigError(Problem("revision", f"{message}.".replace("..", "."), fix=fix))
    return done.stdout
