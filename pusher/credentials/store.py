"""The user's credentials: facts in a private file, tokens in the keyring or, by explicit choice, in that file too.

One file, so that a push can note the use of a token without opening the keyring. Its form is in the manual under
Formats; a file that others may read, or that lies inside a project, is refused.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from pusher.config import Secret
from pusher.credentials import system_keyring
from pusher.credentials.credential import Credential, check_name
from pusher.errors import ConfigError, Problem

KEYRING, FILE = "keyring", "file"
FOLDER_VARIABLE = "PUSHER_CREDENTIALS_DIR"
CREDENTIALS_FILE = "credentials.json"
SCHEMA_VERSION = 1
_LOCK_FILE = "credentials.lock"
_PROBE = "probe"
_PRIVATE_FOLDER, _PRIVATE_FILE, _OTHERS = 0o700, 0o600, 0o077
_PROJECT_FILE = "dbt_project.yml"
_MOMENT = "%Y-%m-%dT%H:%M:%SZ"

_Entries = dict[str, dict[str, Any]]


def credentials_folder() -> Path:
    """Return the folder of the user's credentials: `PUSHER_CREDENTIALS_DIR`, else `pusher` in the config folder.

    Raises:
        ConfigError: The user has no home.
    """
    chosen, config = os.environ.get(FOLDER_VARIABLE), os.environ.get("XDG_CONFIG_HOME")
    try:
        if chosen:
            return Path(chosen).expanduser()
        return (Path(config) if config else Path.home() / ".config") / "pusher"
    except RuntimeError:
        fix = f"Set {FOLDER_VARIABLE} to a private folder."
        raise ConfigError(Problem("no-home", "This user has no home for credentials.", fix=fix)) from None


def login_options(name: str) -> tuple[str, ...]:
    """Return the words after `pusher auth login` that make the token of a credential anew, which may not be there."""
    found = None
    with suppress(ConfigError):
        found = CredentialStore().get(name, with_token=False)
    return ("--name", name) if found is None else found.login_options


class CredentialStore:
    """The credentials of one user.

    Args:
        folder: Where the file is, or None for the user's own folder.
        place: Where `put` keeps a token: `keyring`, or `file` by explicit choice. Reading finds either.
    """

    def __init__(self, folder: Path | None = None, *, place: str = KEYRING) -> None:
        self._folder = folder or credentials_folder()
        self._place = place

    @property
    def path(self) -> Path:
        """The file."""
        return self._folder / CREDENTIALS_FILE

    def names(self) -> list[str]:
        """Return the names of all credentials, sorted.

        Raises:
            ConfigError: The file cannot be used.
        """
        return sorted(self._read())

    def get(self, name: str, *, with_token: bool = True) -> Credential | None:
        """Return a credential, or None if there is none of this name.

        Args:
            name: Its name.
            with_token: Read the token too, for which the keyring may ask its owner.

        Raises:
            ConfigError: The file or the keyring cannot be used, or the keyring has lost the token.
        """
        entry = self._read().get(name)
        if entry is None:
            return None
        return _credential(name, entry, self._token(name, entry) if with_token else Secret(""))

    def place_of(self, name: str) -> str | None:
        """Return where the token of a credential is kept, `keyring` or `file`, or None if there is no credential.

        Raises:
            ConfigError: The file cannot be used.
        """
        entry = self._read().get(name)
        return None if entry is None else str(entry["store"])

    def check(self) -> None:
        """Prove that `put` will work, before a token comes that cannot come twice.

        Raises:
            ConfigError: The file or the keyring cannot be used.
        """
        self._refuse_project()
        with self._changing():
            if self._place == KEYRING:
                system_keyring.write(_PROBE, Secret(_PROBE))
                system_keyring.delete(_PROBE)

    def put(self, credential: Credential) -> None:
        """Keep a credential, in place of one of the same name.

        Raises:
            ConfigError: The name is not in its form, or the file or the keyring cannot be used.
        """
        check_name(credential.name)
        self._refuse_project()
        with self._changing() as entries:
            before = entries.get(credential.name)
            if self._place == KEYRING:
                system_keyring.write(_keyring_entry(credential.name), credential.token)
            elif before is not None and before["store"] == KEYRING:
                system_keyring.delete(_keyring_entry(credential.name))
            entries[credential.name] = _entry(credential, self._place)

    def remove(self, name: str) -> None:
        """Forget a credential and its token; nothing happens when there is none.

        Raises:
            ConfigError: The file or the keyring cannot be used.
        """
        if name not in self._read():
            return
        with self._changing() as entries:
            entry = entries.pop(name, None)
            if entry is not None and entry["store"] == KEYRING:
                system_keyring.delete(_keyring_entry(name))

    def used(self, name: str, at: datetime) -> None:
        """Note that a token was sent at a moment in UTC; where nothing can be written, nothing is noted."""
        with suppress(ConfigError):
            if name in self._read():
                with self._changing() as entries:
                    if name in entries:
                        entries[name]["last_used_at"] = _text(at)

    def _token(self, name: str, entry: Mapping[str, Any]) -> Secret:
        if entry["store"] == FILE:
            return Secret(entry["token"])
        token = system_keyring.read(_keyring_entry(name))
        if token is None:
            message = f"The keyring has no token for the credential {name}."
            fix = f"Authorise again: `pusher auth login --name {name}`."
            raise ConfigError(Problem("no-token", message, fix=fix))
        return token

    @contextmanager
    def _changing(self) -> Iterator[_Entries]:
        """Give all entries to one process at a time, and write them when the block ends well."""
        with _told_when_unusable(self.path):
            self._folder.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
            _refuse_readable(self._folder)
            lock = os.open(self._folder / _LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE_FILE)
        try:
            with _told_when_unusable(self.path):
                fcntl.flock(lock, fcntl.LOCK_EX)
            entries = self._read()
            yield entries
            with _told_when_unusable(self.path):
                self._write(entries)
        finally:
            os.close(lock)

    def _read(self) -> _Entries:
        with _told_when_unusable(self.path):
            if not self.path.exists():
                return {}
            for path in (self._folder, self.path):
                _refuse_readable(path)
            text = self.path.read_bytes()
        return _entries(text, self.path)

    def _write(self, entries: _Entries) -> None:
        written = json.dumps({"schema_version": SCHEMA_VERSION, "credentials": entries}, indent=2, sort_keys=True)
        temporary = self._folder / f"{CREDENTIALS_FILE}.tmp"
        # Left by a process that was killed; its mode is not ours to trust.
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _PRIVATE_FILE)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(written.encode() + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        temporary.rename(self.path)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _refuse_project(self) -> None:
        """Refuse a folder inside a project, from where tokens get into version control."""
        folder = self._folder.resolve()
        if any((parent / _PROJECT_FILE).exists() for parent in (folder, *folder.parents)):
            fix = f"Set {FOLDER_VARIABLE} to a private folder outside of it."
            message = "Credentials are never kept inside a project."
            raise ConfigError(Problem("credentials-in-project", message, self._folder.as_posix(), fix=fix))


def _keyring_entry(name: str) -> str:
    return f"token:{name}"


def _entry(credential: Credential, place: str) -> dict[str, Any]:
    entry = {
        "description": credential.description,
        "kind": credential.kind,
        "app_id": credential.app_id,
        "advertisers": [{"id": id_, "name": name} for id_, name in credential.advertisers],
        "scopes": list(credential.scopes),
        "granted_at": _text(credential.granted_at),
        "last_used_at": None if credential.last_used_at is None else _text(credential.last_used_at),
        "store": place,
    }
    return entry | ({"token": credential.token.reveal()} if place == FILE else {})


def _credential(name: str, entry: Mapping[str, Any], token: Secret) -> Credential:
    last_used_at = entry["last_used_at"]
    return Credential(
        name=name,
        description=entry["description"],
        kind=entry["kind"],
        token=token,
        app_id=entry["app_id"],
        advertisers=tuple((one["id"], one["name"]) for one in entry["advertisers"]),
        scopes=tuple(entry["scopes"]),
        granted_at=_moment(entry["granted_at"]),
        last_used_at=None if last_used_at is None else _moment(last_used_at),
    )


def _text(moment: datetime) -> str:
    return moment.strftime(_MOMENT)


def _moment(text: str) -> datetime:
    return datetime.strptime(text, _MOMENT)  # noqa: DTZ007 -- naive UTC, as the form says


def _entries(text: bytes, path: Path) -> _Entries:
    """Return the entries of a file, each proved to be whole, so that nothing later depends on who wrote it."""
    fix = f"Move {path.name} away and authorise again: `pusher auth login`."
    try:
        value = json.loads(text)
        version, entries = value["schema_version"], value["credentials"]
        if version == SCHEMA_VERSION:
            for name, entry in entries.items():
                check_name(name)
                _credential(name, entry, Secret(entry["token"] if entry["store"] == FILE else ""))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, ConfigError):
        # Nothing of the text is repeated: it may hold a token.
        message = "The file of credentials is damaged."
        raise ConfigError(Problem("credentials-file", message, path.as_posix(), fix=fix)) from None
    if version != SCHEMA_VERSION:
        message, fix = "The file of credentials is of a later version of pusher.", "Install that version again."
        raise ConfigError(Problem("credentials-file", message, path.as_posix(), fix=fix))
    found: _Entries = entries
    return found


def _refuse_readable(path: Path) -> None:
    """Refuse a file or folder that is a link, another user's, or open to group or world."""
    facts = path.lstat()
    mode = stat.S_IMODE(facts.st_mode)
    if stat.S_ISLNK(facts.st_mode):
        what, fix = "is a link", "Put the file itself there."
    elif facts.st_uid != os.geteuid():
        what, fix = "belongs to another user", "Authorise as the user who runs pusher."
    elif mode & _OTHERS:
        wanted = _PRIVATE_FOLDER if stat.S_ISDIR(facts.st_mode) else _PRIVATE_FILE
        what = f"is open to others (mode {mode:04o})"
        fix = f"Run `chmod {wanted:o} {path}`. If others could have read a token, revoke it: `pusher auth revoke`."
    else:
        return
    message = f"{path.name} {what}, so no token is read from it or kept in it."
    raise ConfigError(Problem("credentials-mode", message, path.as_posix(), fix=fix))


@contextmanager
def _told_when_unusable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = f"The file of credentials cannot be used: {error.strerror or error}."
        fix = f"Correct its rights, or set {FOLDER_VARIABLE} to another private folder."
        raise ConfigError(Problem("credentials-file", message, path.as_posix(), fix=fix)) from error
