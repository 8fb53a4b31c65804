"""Whether a folder is a safe place for a ledger: of this user, for this user only, on a disk of this machine."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from pusher.errors import Problem, StateError
from pusher.ledger.state import unusable

MOUNTS = Path("/proc/self/mounts")
# Where flock and fsync are promises of another machine, or of none.
NETWORK = frozenset(
    {
        "nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "9p", "ceph", "glusterfs", "lustre", "gpfs", "beegfs",
        "fuse.sshfs", "fuse.s3fs", "fuse.gcsfuse", "fuse.rclone", "fuse.goofys", "fuse.blobfuse2", "fuse.davfs",
        "davfs", "fuse.glusterfs", "fuse.ceph", "fuse.juicefs",
    }
)  # fmt: skip
# Folders that a program copies to other machines whenever it likes.
SYNCED = ("Dropbox", "OneDrive", "Google Drive", "GoogleDrive", "iCloudDrive", "Mobile Documents", "Nextcloud")


def check_place(folder: Path, *, allow_network: bool) -> list[str]:
    """Refuse a folder that a ledger cannot be trusted to; return what was put right, in sentences.

    Rights that are too wide are narrowed.

    Args:
        folder: Where the ledger is or will be.
        allow_network: A person vouches for locks and durability of a network file system.

    Raises:
        StateError: It belongs to another user, lies on a network file system or in a synchronised folder, or cannot
            be looked at.
    """
    try:
        return _checked(folder, allow_network=allow_network)
    except OSError as error:
        raise unusable(error, folder) from error


def _checked(folder: Path, *, allow_network: bool) -> list[str]:
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if not allow_network:
        _refuse_network(there, folder)
    if not folder.exists():
        return []
    repaired = []
    for path, wanted in ((folder, 0o700), *((file, 0o600) for file in sorted(folder.glob("ledger*")))):
        facts = path.stat()
        if facts.st_uid != os.geteuid():
            fix = "Run as its owner, or pass --state-dir with a folder of your own."
            raise StateError(Problem("state-owner", "The state belongs to another user.", path.as_posix(), fix=fix))
        if stat.S_IMODE(facts.st_mode) & ~wanted:
            path.chmod(wanted)
            repaired.append(f"Others could read {path.name} of the state folder; now only you can.")
    return repaired


def _refuse_network(there: Path, folder: Path) -> None:
    kind = file_system(there)
    synced = next((name for name in SYNCED if name in folder.parts), None)
    if kind not in NETWORK and synced is None:
        return
    what = f"a network file system ({kind})" if synced is None else f"a folder that {synced} synchronises"
    fix = (
        "Pass --state-dir with a folder on a disk of this machine: locks and durability elsewhere are not what the "
        "ledger needs. If they are here, set PUSHER_ALLOW_NETWORK_STATE=1."
    )
    raise StateError(Problem("state-place", f"The state folder lies on {what}.", folder.as_posix(), fix=fix))


def file_system(path: Path) -> str | None:
    """Return the kind of file system that a path lies on, or None where the machine does not say."""
    try:
        lines = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    found: tuple[int, str | None] = (-1, None)
    for line in lines:
        _, mounted, kind, *_ = line.split(" ")
        # Blanks in a mount point are written as octal.
        point = Path(mounted.replace("\\040", " "))
        if path.resolve().is_relative_to(point) and len(point.parts) >= found[0]:
            found = (len(point.parts), kind)
    return found[1]
