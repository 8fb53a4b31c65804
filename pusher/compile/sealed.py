"""Files that only this user's pusher can have written: what is kept between two runs beside a project.

A project may come with a pull request, and so may any file in its folders. What is kept there from one run to the next
is sealed with a key that lies with the user and not with the project; without the seal it counts as nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import secrets
import stat
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pusher.compile.digest import digest
from pusher.version import __version__

KEY_FILE = "seal.key"
_KEY_BYTES = 32
_PRIVATE_FOLDER, _PRIVATE_FILE, _OTHERS = 0o700, 0o600, 0o077
_PACKAGE = Path(__file__).parents[1]
_CODE = {".py", ".toml", ".sql"}


def user_key() -> bytes | None:
    """Return the user's key, made when there is none; None where there is no private place for it."""
    folder = os.environ.get("XDG_CACHE_HOME")
    try:
        path = (Path(folder) if folder else Path.home() / ".cache") / "pusher" / KEY_FILE
        if not path.is_absolute():
            return None
        return _read_key(path) or _make_key(path)
    except (OSError, RuntimeError):
        return None


def _read_key(path: Path) -> bytes | None:
    """Return the key in a file; None when there is none.

    Raises:
        OSError: It is a link, or others may open it.
    """
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with os.fdopen(opened, "rb") as file:
        facts = os.fstat(opened)
        if not stat.S_ISREG(facts.st_mode) or facts.st_uid != os.geteuid() or facts.st_mode & _OTHERS:
            raise PermissionError(path)
        key = file.read(_KEY_BYTES + 1)
    if len(key) != _KEY_BYTES:
        raise PermissionError(path)
    return key


def _make_key(path: Path) -> bytes | None:
    path.parent.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        _write_private(beside, secrets.token_bytes(_KEY_BYTES))
        # Whoever comes first has made it.
        with contextlib.suppress(FileExistsError):
            os.link(beside, path)
    finally:
        beside.unlink(missing_ok=True)
    return _read_key(path)


@cache
def code_versions(*parts: str) -> str:
    """Return the digest of what runs: the versions of pusher and of libraries, and the files of some of its parts.

    Args:
        parts: Folders of this package, and names of libraries behind an `=`.
    """
    folders = [part for part in parts if not part.startswith("=")]
    files = sorted(path for part in folders for path in (_PACKAGE / part).rglob("*") if path.suffix in _CODE)
    stats = [(path, path.stat()) for path in files]
    code = [f"{path} {stat.st_mtime_ns} {stat.st_size}" for path, stat in stats]
    return digest([__version__, *(f"{part}{version(part[1:])}" for part in parts if part.startswith("=")), *code])


def opened(path: Path, versions: str, *, most_bytes: int) -> tuple[bytes, dict[str, Any] | None] | None:
    """Return the user's key and what a sealed file of these versions holds; None where there is no key.

    Args:
        path: The file, whose content names its versions.
        versions: Digest of what decides what it may hold.
        most_bytes: A larger file is not read.
    """
    key = user_key()
    if key is None:
        return None
    content = read(path, key, most_bytes=most_bytes)
    return key, content if isinstance(content, dict) and content.get("versions") == versions else None


def read(path: Path, key: bytes, *, most_bytes: int) -> Any:
    """Return what a sealed file holds; None when it cannot be used, whatever is wrong with it."""
    try:
        if path.stat().st_size > most_bytes:
            return None
        seal, _, body = path.read_bytes().partition(b"\n")
        if not hmac.compare_digest(seal, _seal(body, key)):
            return None
        return json.loads(body)
    except (OSError, ValueError, RecursionError):
        return None


def write(path: Path, key: bytes, content: Any, *, most_bytes: int) -> None:
    """Write a file for this user only, in one step; a disk that refuses, or too much content, is no error."""
    body = json.dumps(content, separators=(",", ":")).encode("ascii")
    if len(body) >= most_bytes:
        return
    beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        _write_private(beside, _seal(body, key) + b"\n" + body)
        beside.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            beside.unlink()


def _seal(body: bytes, key: bytes) -> bytes:
    return hmac.new(key, body, hashlib.sha256).hexdigest().encode("ascii")


def _write_private(path: Path, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, _PRIVATE_FILE), "wb") as file:
        file.write(content)
