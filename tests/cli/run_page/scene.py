"""What tests of a run's page share: a shop or a club, and what a person does about its runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.canaries import TOKEN
from tests.cli.conftest import Ran, pusher
from tests.push.members import AudienceServer, Club, digest, people
from tests.push.support import NOW, Order, Shop, orders

POISON = {"match": {"contains": ['"value":13']}, "do": 40002, "message": "Invalid value", "times": None}


@dataclass
class Scene:
    """A shop and what a person does about its runs.

    Attributes:
        shop: The project.
        server: The sandbox.
        now: Moment of the commands.
    """

    shop: Shop
    server: AudienceServer
    now: datetime = NOW

    def __call__(self, command: str, *words: str) -> Ran:
        """Run a command on the shop at its moment; nothing secret is printed."""
        clock = () if command == "audience" else ("--clock", self.now.isoformat())
        ran = pusher(command, *words, "--project-dir", str(self.shop.root), *clock)
        assert TOKEN not in ran.out + ran.err
        assert digest("email 1") not in ran.out + ran.err
        return ran

    def page(self, run: str = "last") -> Any:
        """Return a run as JSON."""
        ran = self("status", run, "--json")
        assert (ran.code, ran.json["errors"]) == (0, [])
        return ran.json

    def do(self, name: str, *words: str, run: str) -> Ran:
        """Perform the action of a name."""
        numbers = {one["name"]: one["number"] for one in self.page(run)["actions"]}
        return self("status", run, "--do", str(numbers[name]), *words)

    def failed(self, name: str, *words: str) -> Any:
        """Push, and return the page of the run, which failed with one class."""
        ran = self("push", *words)
        page = self.page()
        assert {one["class"] for one in page["failures"]} == {name}
        assert f"`pusher status {page['run']['id']}` shows the steps of this run" in ran.out + ran.err
        assert page["run"]["exit_code"] == ran.code != 0
        return page

    def sell(self, rows: Sequence[Order]) -> None:
        """Write the shop's table."""
        self.shop.sell(rows)


def states(page: Any) -> list[tuple[str, str | None, str]]:
    """Return step, view and state of each step."""
    return [(one["step"], one["model"], one["state"]) for one in page["steps"]]


def names(page: Any) -> list[str]:
    """Return the names of the actions that apply."""
    return [one["name"] for one in page["actions"]]


def selling(tmp_path: Path, server: AudienceServer, rows: Sequence[Order] | None = None, **settings: Any) -> Scene:
    """Return a built shop."""
    shop = Shop(tmp_path / "shop", server.base_url, requests_per_second=1000, **settings)
    shop.sell(orders(12) if rows is None else rows)
    shop.build()
    return Scene(shop, server)


def filling(tmp_path: Path, server: AudienceServer, members: int = 20) -> Scene:
    """Return a built club."""
    club = Club(tmp_path / "shop", server.base_url, requests_per_second=1000)
    club.join(people(range(members)))
    return Scene(club, server)


def walked(found: Scene, page: Any) -> Any:
    """Go on with a run, which settles it: then going on does not apply any more, and says who did it."""
    run = page["run"]["id"]
    ended = found.do("restart", "--json", run=run)
    assert (ended.code, ended.json["command"], ended.json["exit_code"]) == (0, "push", 0)
    later = found.page()["run"]["id"]
    number = next(one["number"] for one in page["actions"] if one["name"] == "restart")
    again = found("status", run, "--do", str(number))
    assert again.code == 2
    assert f"Action {number} does not apply to run {run} any more: run {later} did the same later" in again.err
    assert found.page(later)["actions"] == []
    return ended.json
