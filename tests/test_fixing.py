"""`pusher lint --fix`: what it writes, what it leaves alone, and what it takes back."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pusher.errors import PusherError
from pusher.fixing import fix
from pusher.project.facade import LoadOptions, Project
from tests.cli.conftest import pusher
from tests.conftest import ProjectFactory

CONFIG = "{{ config(meta={'pusher': {'destination': 'tiktok', 'payload': 'offline_events'}}) }}\n"
VIEW = (
    CONFIG
    + """\
select
    'CompletePayment' as event,
    order_id as event_id,
    ordered_at as timestamp,
    amount as value,
    'eur' as currency,
    sha256(order_id) as email
from {{ source('raw', 'orders') }}
"""
)
FIXED = VIEW.replace("CompletePayment", "Purchase").replace("timestamp", "event_time").replace("'eur'", "'EUR'")
SOURCES = """\
version: 2
sources:
  - name: raw
    tables:
      - name: orders
        columns:
          - {name: order_id, data_type: varchar}
          - {name: ordered_at, data_type: timestamp, config: {meta: {timezone: UTC}}}
          - {name: amount, data_type: double}
"""


@pytest.fixture(name="root")
def _root(project: ProjectFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = project({"models/_sources.yml": SOURCES, "models/orders.sql": VIEW})
    monkeypatch.chdir(root)
    return root


def load(root: Path) -> Callable[[], Project]:
    """Return what reads a project anew."""
    return lambda: Project.load(LoadOptions(project_dir=root))


def view(root: Path) -> str:
    """Return the view's text."""
    return (root / "models/orders.sql").read_bytes().decode()


def test_safe_edits_are_made_and_told(root: Path) -> None:
    """Old names, aliases and letters of another case; a second run finds nothing to do."""
    first = pusher("lint", "--fix")
    assert (first.code, first.err, view(root)) == (0, "", FIXED)
    assert first.out.startswith("fixed 3 findings in 1 file: models/orders.sql\n")
    again = pusher("lint", "--fix", "--json")
    assert (again.json["fixed"], view(root)) == ([], FIXED)


@pytest.mark.usefixtures("root")
def test_json_has_what_was_fixed_and_what_is_left() -> None:
    """With the places that they had."""
    found = pusher("lint", "--fix", "--json").json
    assert [(one["rule"], one["line"]) for one in found["fixed"]] == [("PU209", 3), ("PU204", 5), ("PU208", 7)]
    assert {one["rule"] for one in found["findings"]}.isdisjoint({"PU204", "PU208", "PU209"})


def test_a_guess_is_left_to_a_person(root: Path) -> None:
    """A name that is near to another one may mean something else."""
    text = FIXED.replace("event_id", "event_idd")
    (root / "models/orders.sql").write_text(text)
    assert pusher("lint", "--fix").code == 1
    assert view(root) == text


MADE = "select 'CompletePayment' as event, order_id, ordered_at, amount from {{ source('raw', 'orders') }}"
READ = """\
select
    {event},
    {id} as event_id,
    ordered_at as event_time,
    amount as value,
    'EUR' as currency,
    sha256(order_id) as email
from {source}
"""


@pytest.mark.parametrize(
    ("event", "made_of", "source", "is_written"),
    [
        ("event", "order_id", "made", True),
        ("sold.event as event", "order_id", "made as sold", True),
        ("event", "sha256(event || order_id)", "made", False),
        ("event", "sha256(what || order_id)", "(select *, event as what from made) as sold", False),
        ("event", "order_id", "made where event = 'CompletePayment'", False),
        ("event", "order_id", "(select * from made union all select * from made where event <> '') as sold", False),
        ("event", "order_id", "made join (select 'CompletePayment' as event) as kinds using (event)", False),
        ("event", "sha256(to_json(made))", "made", False),
        ("(select max(event) from made) as event", "order_id", "made", False),
    ],
)
def test_an_old_name_is_written_anew_only_where_nothing_else_is_made_of_it(
    root: Path, event: str, made_of: str, source: str, *, is_written: bool
) -> None:
    """Another id of the same order would count once more, and a filter by the old name would find nothing."""
    text = f"{CONFIG}with made as ({MADE})\n{READ.format(event=event, id=made_of, source=source)}"
    (root / "models/orders.sql").write_text(text, encoding="utf-8")
    pusher("lint", "--fix")
    wanted = text.replace(MADE, MADE.replace("CompletePayment", "Purchase")) if is_written else text
    assert view(root) == wanted


@pytest.mark.parametrize(
    ("made_of", "other", "is_written"),
    [
        ("order_id", "select event from {{ ref('made') }}", True),
        ("order_id", "select count(*) as orders from {{ ref('made') }} where event = 'CompletePayment'", False),
        ("sha256(event || order_id)", "select 1 as one", False),
    ],
)
def test_an_old_name_stays_where_another_model_reads_it(
    root: Path, made_of: str, other: str, *, is_written: bool
) -> None:
    """A report that counts by the old name would count nothing."""
    (root / "models/made.sql").write_text(MADE, encoding="utf-8")
    text = CONFIG + READ.format(event="event", id=made_of, source="{{ ref('made') }}")
    (root / "models/orders.sql").write_text(text, encoding="utf-8")
    (root / "models/report.sql").write_text(other, encoding="utf-8")
    pusher("lint", "--fix")
    wanted = MADE.replace("CompletePayment", "Purchase") if is_written else MADE
    assert (root / "models/made.sql").read_text(encoding="utf-8") == wanted


def test_an_old_name_stays_where_a_data_test_expects_it(root: Path) -> None:
    """The next build would fail by the fix."""
    (root / "models/_orders.yml").write_text(
        "version: 2\nmodels:\n  - name: orders\n    columns:\n      - name: event\n        data_tests:\n"
        "          - accepted_values: {arguments: {values: [CompletePayment]}}\n",
        encoding="utf-8",
    )
    pusher("lint", "--fix")
    assert view(root) == FIXED.replace("Purchase", "CompletePayment")


def test_line_ends_and_a_byte_order_mark_stay(root: Path) -> None:
    """Files from Windows keep their form."""
    text = (
        "\ufeff"
        + CONFIG.rstrip("\n")
        + VIEW.removeprefix(CONFIG).replace("\n", "\r\n").replace("select\r\n", "select ")
    )
    (root / "models/orders.sql").write_bytes(text.encode())
    assert pusher("lint", "--fix").code == 0
    changed = text.replace("CompletePayment", "Purchase").replace("timestamp", "event_time").replace("'eur'", "'EUR'")
    assert view(root) == changed


def test_what_the_edits_break_is_taken_back(root: Path) -> None:
    """Another model reads the column by its old name."""
    (root / "models/below.sql").write_text("select timestamp from {{ ref('orders') }}")
    with pytest.raises(PusherError) as caught:
        fix(load(root), (), ())
    assert (view(root), caught.value.problems[0].place) == (VIEW, "models/below.sql:1:8")


def test_a_column_that_yaml_describes_keeps_its_name(root: Path) -> None:
    """Its tests are for a column of this name."""
    (root / "models/m.yml").write_text("models: [{name: orders, columns: [{name: timestamp, data_tests: [not_null]}]}]")
    assert pusher("lint", "--fix").code == 0
    assert view(root) == FIXED.replace("event_time", "timestamp")


def test_files_of_packages_are_not_written(root: Path) -> None:
    """They are another project's."""
    package = root / "dbt_packages/events"
    (package / "models").mkdir(parents=True)
    (package / "dbt_project.yml").write_text("name: events\n")
    (root / "models/orders.sql").rename(package / "models/orders.sql")
    assert pusher("lint", "--fix").code == 0
    assert (package / "models/orders.sql").read_text() == VIEW


def test_a_file_that_cannot_be_written_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are as they were."""

    def refuse(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "replace", refuse)
    found = pusher("lint", "--fix")
    assert (found.code, view(root), [path.name for path in (root / "models").glob(".*")]) == (2, VIEW, [])
    assert "models/orders.sql cannot be written: No space left on device." in found.err
