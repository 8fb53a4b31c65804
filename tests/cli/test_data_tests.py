"""`pusher test`, and the data tests of `pusher build`."""

from __future__ import annotations

from tests.cli.conftest import Shop

TESTS = """models:
  - name: stg_orders
    columns:
      - name: order_id
        data_tests: [not_null]
      - name: email
        data_tests:
          - not_null: {config: {severity: warn}}
  - name: offline
    columns:
      - name: event_id
        data_tests: [unique]
"""
WRONG = TESTS + "      - name: value\n        data_tests:\n          - accepted_values: {arguments: {values: [1]}}\n"


def written(shop: Shop, yaml: str) -> None:
    """Put the YAML of tests into a shop."""
    (shop.root / "models" / "_tests.yml").write_text(yaml)


def test_build_runs_the_tests_and_tells_what_warns(shop: Shop) -> None:
    """Warnings stand in the output with the rows to look at; the exit code is 0."""
    written(shop, TESTS)

    built = shop("build")

    assert built.code == 0
    lines = built.out.splitlines()
    assert (
        "warning: stg_orders.email: 1 row against not_null (not_null_stg_orders_email). (models/_tests.yml:8)" in lines
    )
    assert "3 data tests: 2 passed, 1 warned" in lines
    assert "warn not_null_stg_orders_email in " in built.err
    assert "not_null_stg_orders_order_id" not in built.err


def test_a_failure_ends_the_build_with_1_and_stops_what_is_below(shop: Shop) -> None:
    """The view of the wrong staging model is not built, and is not judged by its contract."""
    written(shop, TESTS.replace(", severity: warn", "").replace("{severity: warn}", "{}"))

    built = shop("build", "--json")
    told = shop("build")

    assert (built.code, built.json["exit_code"]) == (1, 1)
    assert [(one["model"], one["status"]) for one in built.json["models"]] == [
        ("stg_orders", "built"),
        ("offline", "skipped"),
    ]
    assert [(one["name"], one["status"], one["failures"]) for one in built.json["tests"]] == [
        ("not_null_stg_orders_order_id", "pass", 0),
        ("not_null_stg_orders_email", "fail", 1),
        ("unique_offline_event_id", "skipped", None),
    ]
    assert built.json["coverage"] == []
    assert built.json["errors"] == [
        {
            "code": "data-test",
            "message": "stg_orders.email: 1 row against not_null (not_null_stg_orders_email).",
            "file": "models/_tests.yml",
            "line": 8,
            "column": 13,
            "fix": "See the rows by the query in target/compiled/shop/models/_tests.yml/not_null_stg_orders_email.sql.",
        }
    ]
    assert "not built, because a test failed: offline" in told.out.splitlines()
    assert "models/_tests.yml:8:1" in told.err


def test_test_runs_the_tests_alone(shop: Shop) -> None:
    """On what was built before; a model stands for its tests."""
    written(shop, WRONG)
    shop("build")

    every, some = shop("test", "--json"), shop("test", "--select", "stg_orders")

    assert every.code == 1
    assert [(one["name"], one["status"]) for one in every.json["tests"]] == [
        ("not_null_stg_orders_order_id", "pass"),
        ("not_null_stg_orders_email", "warn"),
        ("unique_offline_event_id", "pass"),
        ("accepted_values_offline_value__1", "fail"),
    ]
    assert some.code == 0
    assert some.out.splitlines()[-1] == "2 data tests: 1 passed, 1 warned"


def test_tests_of_models_that_are_not_built_are_errors(shop: Shop) -> None:
    """With the query to look at, and exit code 2: it is no finding about the data."""
    written(shop, TESTS)

    tested = shop("test", "--select", "offline", "--json")

    assert tested.code == 2
    assert [(one["status"], one["failures"]) for one in tested.json["tests"]] == [("error", None)]
    assert tested.json["errors"][0]["code"] == "data-test-error"


def test_a_project_without_tests_has_none_to_run(shop: Shop) -> None:
    """That is a mistake of who asks, and no success."""
    tested = shop("test")

    assert tested.code == 2
    assert "The selection has no test." in tested.err


def test_the_tests_can_be_left_out_of_a_build(shop: Shop) -> None:
    """By their kind of resource."""
    written(shop, WRONG)

    built = shop("build", "--exclude", "resource_type:test", "--json")

    assert (built.code, built.json["tests"]) == (0, [])
    assert [one["status"] for one in built.json["models"]] == ["built", "built"]
