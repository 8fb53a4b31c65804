"""What `status` says of members who wait to be taken out or added, once somebody is forgotten."""

from __future__ import annotations

from pathlib import Path

from pusher.project.outcomes import Patience
from tests.cli.forgetting import AUDIENCES, EMAIL, People, waiting
from tests.push.members import AudienceServer, digest


def test_status_tells_of_members_who_wait_to_be_taken_out(tmp_path: Path, server: AudienceServer) -> None:
    """Until a push, or until they are forgotten again and TikTok is told at once."""
    shop = People(tmp_path / "shop", server.base_url)
    shop.push()
    told = []
    for sends in (False, True):
        shop.project().forget([EMAIL], sends=sends)
        told.append(waiting(shop))

    assert told == [{"plain": 2, "dotless": 2, "numbers": 2}, {}]


def test_status_still_tells_of_members_who_wait_to_be_added(tmp_path: Path, server: AudienceServer) -> None:
    """To forget somebody adds nobody: whom the last push did not add has still to be added."""
    shop = People(tmp_path / "shop", server.base_url)
    shop.push()
    with (shop.root / "members.csv").open("a") as stream:
        stream.writelines(f"{name},{digest(f'{name} {one}')}\n" for name in AUDIENCES for one in range(20))
    shop.build()
    shop.push(patience=Patience(deadline_s=0.0))
    before = waiting(shop)
    shop.project().forget([EMAIL])
    after = waiting(shop)
    shop.push()

    assert before == after == {"plain": 20, "dotless": 20, "numbers": 20}
    assert waiting(shop) == {}
