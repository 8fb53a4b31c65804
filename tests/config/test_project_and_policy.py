"""dbt_project.yml and pusher.yml: what is read, and every problem with its place."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from pusher.config import Floor, PolicyFile, SharedLimits, load_policy_file, load_project_file
from pusher.errors import ConfigError
from tests.conftest import ProjectFactory

Told = tuple[str, str, str, str | None]


def told(caught: pytest.ExceptionInfo[ConfigError]) -> list[Told]:
    """Return code, place, message and fix of every problem."""
    return [(one.code, one.place, one.message, one.fix) for one in caught.value.problems]


def project_refused(root: Path) -> list[Told]:
    """Return what is wrong with a project's file."""
    with pytest.raises(ConfigError) as caught:
        load_project_file(root)
    return told(caught)


GIVEN = "name: shop\nprofile: shop\n"
PROJECT_CASES: dict[str, tuple[str, list[Told]]] = {
    "a list": (
        "- a\n",
        [
            (
                "wrong-type",
                "dbt_project.yml:1:1",
                "The file must be a mapping of keys.",
                "Write `name: ...` and `profile: ...`, each on a line of its own.",
            )
        ],
    ),
    "several at once": (
        "name: 5\nmodel-path: [m]\nvars: []\ndispatch: [x]\n",
        [
            ("unknown-key", "dbt_project.yml:2:1", "Unknown key `model-path`.", "Did you mean `model-paths`?"),
            (
                "unsupported-key",
                "dbt_project.yml:4:1",
                "`dispatch` is not supported.",
                "Remove it: macros of the project come before those of packages.",
            ),
            ("wrong-type", "dbt_project.yml:1:1", "`name` must be given, as text.", "Write name: '...', in quotes."),
            (
                "wrong-type",
                "dbt_project.yml:1:1",
                "`profile` must be given, as text.",
                "Write profile: '...', in quotes.",
            ),
        ],
    ),
    "a list of vars": (
        GIVEN + "vars: [a]\n",
        [
            (
                "wrong-type",
                "dbt_project.yml:3:1",
                "`vars` must be a mapping.",
                "Write one `name: value` a line below it.",
            )
        ],
    ),
    "name": (
        "name: ../shop\nprofile: shop\n",
        [
            (
                "wrong-value",
                "dbt_project.yml:1:1",
                "`name` is not a name for a project.",
                "Use letters, digits and underscores, and no digit first.",
            )
        ],
    ),
    "target path": (
        GIVEN + "target-path: NO\n",
        [("wrong-type", "dbt_project.yml:3:1", "`target-path` must be text.", "Quote it.")],
    ),
    "model paths": (
        GIVEN + "model-paths: models\n",
        [
            (
                "wrong-type",
                "dbt_project.yml:3:1",
                "`model-paths` must be a list of texts.",
                "Write model-paths: [models].",
            )
        ],
    ),
    "leaving": (
        GIVEN + "model-paths: [../models]\nmacro-paths: [/etc]\ntarget-path: a/../../b\n",
        [
            ("outside-project", f"dbt_project.yml:{line}:1", f"`{key}` leaves the project's folder.", "Keep it inside.")
            for line, key in ((3, "model-paths"), (4, "macro-paths"), (5, "target-path"))
        ],
    ),
}


@pytest.mark.parametrize("case", list(PROJECT_CASES))
def test_a_wrong_project_file_is_refused_with_all_its_problems(case: str, project: ProjectFactory) -> None:
    """Kind, place, message and remedy, as far as they can be found in one pass."""
    text, expected = PROJECT_CASES[case]
    assert project_refused(project({"dbt_project.yml": text})) == expected


def test_a_folder_without_a_project_says_where_it_looked(tmp_path: Path) -> None:
    """The remedy names the option."""
    assert project_refused(tmp_path) == [
        (
            "no-project",
            "",
            f"No dbt_project.yml in {tmp_path.name}/.",
            "Run in the project's folder or pass --project-dir.",
        )
    ]


def test_a_link_out_of_the_project_is_refused(project: ProjectFactory, tmp_path: Path) -> None:
    """What counts is where a folder really is."""
    root = project({})
    (tmp_path / "elsewhere").mkdir()
    (root / "models").symlink_to(tmp_path / "elsewhere")
    assert [one[:3] for one in project_refused(root)] == [
        ("outside-project", "dbt_project.yml:1:1", "`model-paths` leaves the project's folder.")
    ]


def test_a_linked_project_folder_is_fine(project: ProjectFactory, tmp_path: Path) -> None:
    """The project may be reached through a link; its root is where it really is."""
    root = project({"models/a.sql": "select 1"})
    (tmp_path / "link").symlink_to(root)
    assert load_project_file(tmp_path / "link").root == root


def test_dbts_other_keys_are_accepted(project: ProjectFactory) -> None:
    """A project of dbt's own is read without complaint, and the package's vars win over the common ones."""
    text = (
        GIVEN
        + "version: '1.0'\nconfig-version: 2\nclean-targets: [target]\nseeds: {}\nflags: {x: true}\non-run-end: []\n"
        + "vars:\n  days: 7\n  shop: {days: 35, country: US}\n  other: {days: 1}\n"
        + "models:\n  shop: {+materialized: table}\n"
    )
    file = load_project_file(project({"dbt_project.yml": text}))
    assert (file.name, file.profile, file.vars, file.models) == (
        "shop",
        "shop",
        {"days": 35, "country": "US", "other": {"days": 1}},
        {"shop": {"+materialized": "table"}},
    )
    assert (file.model_paths, file.macro_paths, file.target_path) == (("models",), ("macros",), "target")


def test_a_variable_may_be_called_like_the_project(project: ProjectFactory) -> None:
    """Only a mapping under the project's name is the package level."""
    assert load_project_file(project({"dbt_project.yml": GIVEN + "vars: {shop: 5}\n"})).vars == {"shop": 5}


WRONG_VALUES = """\
version: 2
lint: {require_vendor_page_columns: 'yes'}
push:
  on_change: [a]
  shared_with_pixel: 'true'
  on_chnge: report
"""
WRONG_FLOORS = """\
identity:
  floors:
    v: {any: 60, email: yes, phone: .nan, both: '0.5', lead_id: 0.5}
    w: 0.6
  flors: {}
"""
POLICY_CASES: dict[str, tuple[str, list[Told]]] = {
    "a list": (
        "[a]",
        [
            (
                "wrong-type",
                "pusher.yml:1:1",
                "The file must be a mapping of keys.",
                "Known keys: alerts, consent, identity, lint, push, roles, version.",
            )
        ],
    ),
    "wrong shapes": (
        "lint: [a]\npush: true\n",
        [
            ("wrong-type", "pusher.yml:1:1", "`lint` must be a mapping.", "Write one `name: value` a line below it."),
            ("wrong-type", "pusher.yml:2:1", "`push` must be a mapping.", "Write one `name: value` a line below it."),
        ],
    ),
    "consent": (
        "consent:\n  column: [a]\n  suppressions: ''\n  waived:\n    v: ''\n    w:\n    x: Staff only.\n  colum: a\n",
        [
            ("unknown-key", "pusher.yml:8:3", "Unknown key `colum`.", "Did you mean `column`?"),
            ("wrong-value", "pusher.yml:2:3", "`column` must be a name.", "Write column: marketing_consent."),
            (
                "wrong-value",
                "pusher.yml:3:3",
                "`suppressions` must be a name.",
                "Write suppressions: suppressed_people.",
            ),
            *(
                (
                    "wrong-value",
                    f"pusher.yml:{line}:5",
                    f"`{view}` is waived without a reason.",
                    f'Write {view}: "why this view need not ask for consent".',
                )
                for line, view in ((5, "v"), (6, "w"))
            ),
        ],
    ),
    "words that YAML makes TRUE of": (
        "consent:\n  agreed: [yes]\n",
        [
            (
                "wrong-value",
                "pusher.yml:2:3",
                "`agreed` must be a list of texts.",
                'Write agreed: ["yes", "1"], each value in quotes.',
            )
        ],
    ),
    "a list of waivers": (
        "consent:\n  waived: [v]\n",
        [("wrong-type", "pusher.yml:2:3", "`waived` must be a mapping.", "Write one `view: reason` a line below it.")],
    ),
    "severities": (
        "lint:\n  severity:\n    E001: fatal\n    E002: [error]\n    E003: off\n",
        [
            (
                "wrong-value",
                f"pusher.yml:{line}:5",
                f"`{rule}` has no severity of that name.",
                "Use error, warning, note or off.",
            )
            for line, rule in ((3, "E001"), (4, "E002"))
        ],
    ),
    "severities of models and paths": (
        "lint:\n  models:\n    v: {PU101: fatal}\n    w: [PU101]\n  paths:\n    models: {PU101: off, PU102: 1}\n",
        [
            (
                "wrong-value",
                "pusher.yml:3:9",
                "`PU101` has no severity of that name.",
                "Use error, warning, note or off.",
            ),
            ("wrong-type", "pusher.yml:4:5", "`w` must be a mapping.", "Write one `name: value` a line below it."),
            (
                "wrong-value",
                "pusher.yml:6:26",
                "`PU102` has no severity of that name.",
                "Use error, warning, note or off.",
            ),
        ],
    ),
    "a list of severities": (
        "lint:\n  severity: [a]\n",
        [("wrong-type", "pusher.yml:2:3", "`severity` must be a mapping.", "Write one `name: value` a line below it.")],
    ),
    "floors": (
        WRONG_FLOORS,
        [
            ("unknown-key", "pusher.yml:5:3", "Unknown key `flors`.", "Did you mean `floors`?"),
            *(
                (
                    "wrong-value",
                    f"pusher.yml:3:{column}",
                    f"`{kind}` must be a share from 0 to 1.",
                    f"Write {kind}: 0.6 for 60 % of the rows.",
                )
                for kind, column in (("any", 9), ("email", 18), ("phone", 30), ("both", 43))
            ),
            ("wrong-type", "pusher.yml:4:5", "`w` must be a mapping.", "Write w: {any: 0.6}."),
        ],
    ),
    "shared identifiers": (
        "identity:\n  shared: {action: keep, share: 2, rows: 0, most_rows: yes, row: 5}\n",
        [
            ("unknown-key", "pusher.yml:2:61", "Unknown key `row`.", "Did you mean `rows`?"),
            ("wrong-value", "pusher.yml:2:36", "`rows` must be a whole number above 0.", "Write rows: 50."),
            ("wrong-value", "pusher.yml:2:45", "`most_rows` must be a whole number above 0.", "Write most_rows: 1000."),
            (
                "wrong-value",
                "pusher.yml:2:26",
                "`share` must be a share from 0 to 1.",
                "Write share: 0.01 for 1 % of the rows.",
            ),
            ("wrong-value", "pusher.yml:2:12", "`action` must be one of: drop, report.", "Write action: drop."),
        ],
    ),
    "a list of floors": (
        "identity:\n  floors: [a]\n",
        [("wrong-type", "pusher.yml:2:3", "`floors` must be a mapping.", "Write one `name: value` a line below it.")],
    ),
    "values": (
        WRONG_VALUES,
        [
            ("unknown-key", "pusher.yml:6:3", "Unknown key `on_chnge`.", "Did you mean `on_change`?"),
            ("wrong-value", "pusher.yml:1:1", "`version` must be 1.", "Write version: 1."),
            (
                "wrong-value",
                "pusher.yml:4:3",
                "`on_change` must be one of: ignore, report.",
                "Write on_change: ignore.",
            ),
            (
                "wrong-value",
                "pusher.yml:5:3",
                "`shared_with_pixel` must be one of: false, true.",
                "Write shared_with_pixel: false.",
            ),
            (
                "wrong-value",
                "pusher.yml:2:8",
                "`require_vendor_page_columns` must be one of: false, true.",
                "Write require_vendor_page_columns: false.",
            ),
        ],
    ),
}


@pytest.mark.parametrize("case", list(POLICY_CASES))
def test_a_wrong_policy_is_refused_with_all_its_problems(case: str, project: ProjectFactory) -> None:
    """Shapes are checked before values, and no shape ends in a traceback."""
    text, expected = POLICY_CASES[case]
    with pytest.raises(ConfigError) as caught:
        load_policy_file(project({"pusher.yml": text}))
    assert told(caught) == expected


def test_a_policy_is_read_and_has_defaults(project: ProjectFactory) -> None:
    """Without the file, or with an empty one, the defaults hold; a bare off means off."""
    root = project({})
    assert load_policy_file(root) == PolicyFile(False, {}, "report", False)
    text = "lint:\n  require_vendor_page_columns: true\n  severity: {E1: off, E2: note}\npush:\n  on_change: ignore\n"
    assert load_policy_file(project({"pusher.yml": "\n"})) == PolicyFile()
    assert load_policy_file(project({"pusher.yml": text})) == PolicyFile(True, {"E1": "off", "E2": "note"}, "ignore")
    text = "lint:\n  models: {v: {E1: off}}\n  paths: {./models/old/: {E2: note}}\n"
    assert load_policy_file(project({"pusher.yml": text})) == PolicyFile(
        model_severities={"v": {"E1": "off"}}, path_severities={"models/old": {"E2": "note"}}
    )
    text = "identity: {shared: {action: report, share: 0.02, rows: 20, most_rows: 200}}\n"
    assert load_policy_file(project({"pusher.yml": text})).shared == SharedLimits("report", Decimal("0.02"), 20, 200)
    floors = load_policy_file(project({"pusher.yml": "identity:\n  floors:\n    v: {any: 0.1, email: 1}\n"})).floors
    assert floors == (
        Floor("v", "any", Decimal("0.1"), "pusher.yml", 3, 9),
        Floor("v", "email", Decimal(1), "pusher.yml", 3, 19),
    )
