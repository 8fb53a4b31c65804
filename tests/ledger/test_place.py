"""Where a ledger may lie: faults 18 and 49."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pusher.errors import StateError
from pusher.ledger import place
from pusher.ledger.place import check_place, file_system
from tests.push.support import Shop, orders


def mounted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *lines: str) -> None:
    """Let the machine list these mounts."""
    mounts = tmp_path / "mounts"
    mounts.write_text("".join(f"{line}\n" for line in lines))
    monkeypatch.setattr(place, "MOUNTS", mounts)


def refusal(folder: Path) -> str:
    """Return why a folder is refused."""
    with pytest.raises(StateError) as caught:
        check_place(folder, allow_network=False)
    (problem,) = caught.value.problems
    assert problem.fix is not None
    return problem.message


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("server:/home {folder} nfs4 rw 0 0", "nfs4"),
        ("bucket {folder} fuse.s3fs rw 0 0", "fuse.s3fs"),
        ("//host/share {folder} cifs rw 0 0", "cifs"),
    ],
)
def test_49_a_network_file_system_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, kind: str
) -> None:
    """Locks and durability there are not what the ledger needs; a person may vouch for them."""
    folder = tmp_path / "share"
    folder.mkdir()
    mounted(monkeypatch, tmp_path, "overlay / overlay rw 0 0", line.format(folder=folder))

    assert refusal(folder / "new" / "state") == f"The state folder lies on a network file system ({kind})."
    assert check_place(folder / "new" / "state", allow_network=True) == []


@pytest.mark.parametrize("step", [1, -1])
def test_the_innermost_mount_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """A local disk mounted below a network share is local, in any order; blanks in its name are understood."""
    folder = tmp_path / "a share" / "disk"
    folder.mkdir(parents=True)
    outer = str(tmp_path / "a share").replace(" ", "\\040")
    lines = [f"server:/ {outer} nfs rw 0 0", f"/dev/sdb1 {outer}/disk ext4 rw 0 0"]
    mounted(monkeypatch, tmp_path, *lines[::step])

    assert (file_system(folder), file_system(folder.parent)) == ("ext4", "nfs")
    assert check_place(folder / "state", allow_network=False) == []


def test_49_a_synchronised_folder_is_refused(tmp_path: Path) -> None:
    """A program that copies files to other machines copies half a ledger."""
    assert refusal(tmp_path / "Dropbox" / "shop") == "The state folder lies on a folder that Dropbox synchronises."


def test_a_machine_that_lists_no_mounts_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing tells the kind of file system, nothing is refused."""
    monkeypatch.setattr(place, "MOUNTS", tmp_path / "nowhere")

    assert file_system(tmp_path) is None
    assert check_place(tmp_path / "state", allow_network=False) == []


def test_18_state_that_others_can_read_is_closed_with_a_notice(tmp_path: Path) -> None:
    """A ledger of mode 0644 in a folder of mode 0755 works on, private again."""
    shop = Shop(tmp_path / "shop")
    shop.sell(orders(1))
    shop.build()
    shop.push()
    shop.state.root.chmod(0o755)
    shop.state.ledger.chmod(0o644)

    report = shop.push()

    assert report.notices == (
        "Others could read dev of the state folder; now only you can.",
        "Others could read ledger.sqlite of the state folder; now only you can.",
    )
    assert report.as_json()["notices"] == list(report.notices)
    modes = [path.stat().st_mode & 0o777 for path in (shop.state.root, shop.state.ledger)]
    assert modes == [0o700, 0o600]


def test_18_state_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever owns the ledger runs the pushes."""
    own = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: own + 1)

    assert refusal(tmp_path) == "The state belongs to another user."
