"""A new project: the shipped models, macros and settings, sample data, and a workflow for CI.

Files are written all or not at all, and none is ever replaced.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from datetime import date
from pathlib import Path

from pusher.errors import Problem, UsageError
from pusher.sample_data import make_files

SAMPLE_FOLDER = "data/retail"
WORKFLOW_FILE = ".github/workflows/pusher.yml"
_FOLDERS = ("macros", "models")
_EXAMPLE_PROFILE = "profiles.yml.example"
_SETTINGS = ("dbt_project.yml", _EXAMPLE_PROFILE, "pusher.yml")
_GITIGNORE = """\
# The ledger, what commands write, the warehouse, settings of one person, and data.
.pusher/
target/
*.duckdb
*.duckdb.*
profiles.yml
data/
"""
_WORKFLOW = """\
# Judges every pull request without an account and without a token: `dev` of profiles.yml.example is the sandbox.
# GitHub reads this file in the root of the repository, and the steps expect dbt_project.yml there too.
name: pusher

on: pull_request

permissions:
  contents: read

jobs:
  pusher:
    runs-on: ubuntu-latest
    steps:
      # A tag can be moved. Pinning by commit is better if your policy asks for it: actions/checkout@<commit>  # v4
      - uses: actions/checkout@v4
        with: {persist-credentials: false}
      - uses: actions/setup-python@v5
        with: {python-version: "3.11"}
      - run: pip install tiktok-pusher
      - run: cp profiles.yml.example profiles.yml
      - run: pusher lint --format github
      # The sample data stays out of version control. Models that read other sources need data of their own here.
      - run: python -m pusher.sample_data data/retail
      - run: pusher build
      # 1 means that rows need a look, and the sample data has such rows on purpose.
      - run: pusher push --dry-run || test $? -eq 1
"""


def starter_folder() -> Path:
    """Return where the shipped project lies: in an installed package, or in the checkout that the package is part of.

    Raises:
        UsageError: It is in neither.
    """
    package = Path(__file__).parent
    for folder in (package / "starter", package.parent):
        if all((folder / name).exists() for name in (*_FOLDERS, *_SETTINGS)):
            return folder
    message = "The installed package lacks the project that it should bring along."
    raise UsageError(
        Problem("no-starter", message, fix="Install it again: pip install --force-reinstall tiktok-pusher")
    )


def project_files(*, sample_day: date | None, github: bool) -> dict[str, bytes]:
    """Return the content of each file of a new project by its path with forward slashes, sorted.

    Args:
        sample_day: Day before which the newest order of the sample data lies, or None to leave sample data out.
        github: Add a workflow for GitHub.

    Raises:
        UsageError: The package is incomplete.
    """
    starter = starter_folder()
    paths = [starter / name for name in _SETTINGS]
    paths += [path for name in _FOLDERS for path in (starter / name).rglob("*") if path.is_file()]
    files = {path.relative_to(starter).as_posix(): path.read_bytes() for path in paths}
    # The example's own target is the sandbox, so it works as it is.
    files["profiles.yml"] = files[_EXAMPLE_PROFILE]
    files[".gitignore"] = _GITIGNORE.encode()
    if sample_day is not None:
        files |= {f"{SAMPLE_FOLDER}/{name}": content for name, content in make_files(today=sample_day).items()}
    if github:
        files[WORKFLOW_FILE] = _WORKFLOW.encode()
    return dict(sorted(files.items()))


def refuse_existing(folder: Path, names: Collection[str]) -> None:
    """Make sure that nothing stands where a file is to be written.

    Args:
        folder: Folder of the project.
        names: Paths in it.

    Raises:
        UsageError: Something does; each such path is named.
    """
    found: dict[str, str] = {}
    for name in names:
        for part in reversed([name, *(above.as_posix() for above in Path(name).parents[:-1])]):
            path = folder / part
            if _stands(path) and (part == name or not path.is_dir()):
                found[part] = "is there already" if part == name else "is in the way: it is no folder"
                break
    if found:
        *others, last = [(name, f"{name} {what}.") for name, what in found.items()]
        fix = "Nothing was written. Choose another folder, or move what is named here away."
        raise UsageError(
            *(Problem("file-exists", message, file=name) for name, message in others),
            Problem("file-exists", last[1], file=last[0], fix=fix),
        )


def _stands(path: Path) -> bool:
    """Tell whether a path is taken, be it by a link that leads nowhere."""
    try:
        path.lstat()
    except OSError:
        # Nothing is there, or nobody may look; then writing tells why.
        return False
    return True


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write all files into a folder, which is made if needed; after a failure nothing of it is left.

    Args:
        folder: Folder of the project; `refuse_existing` tells better what stands there.
        files: Content by path in it.

    Raises:
        UsageError: Something stands in the way, or the disk refused.
    """
    made: list[Path] = []
    path = folder
    try:
        for name, content in files.items():
            path = folder / name
            _make_folder(path.parent, made)
            # Exclusive, so that not even a file that appeared a moment ago is replaced.
            with path.open("xb") as file:
                made.append(path)
                file.write(content)
    except OSError as error:
        _take_away(made)
        message = f"The project cannot be written: {error.strerror or error}."
        fix = "Nothing was kept. Check rights and free space, or choose another folder."
        raise UsageError(Problem("cannot-write", message, file=str(error.filename or path), fix=fix)) from error
    except BaseException:  # Ctrl-C too must leave nothing behind, and the error goes on
        _take_away(made)
        raise


def _make_folder(folder: Path, made: list[Path]) -> None:
    missing = [one for one in (folder, *folder.parents) if not one.is_dir()]
    for one in reversed(missing):
        one.mkdir()
        made.append(one)


def _take_away(made: list[Path]) -> None:
    for path in reversed(made):
        # What cannot be removed, or has got other content by now, stays.
        with contextlib.suppress(OSError):
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink()
