"""`pusher test` and `pusher build` with unit tests."""

from __future__ import annotations

from tests.cli.conftest import Shop

ORDER = "order_id: '7', Email: ' Ann@Shop.example '"
UNIT = """unit_tests:
  - name: revenue_in_euro
    model: offline
    given:
      - input: ref('stg_orders')
        rows:
          - {order_id: '7', EMAIL: ' Ann@Shop.example ', amount: 12.5}
          - {order_id: '8', amount: null}
    expect:
      rows:
        - {event: Purchase, event_id: '7', value: 12.5, currency: EUR}
        - {event: Purchase, event_id: '8', value: null, currency: EUR}
"""


def written(shop: Shop, yaml: str) -> None:
    """Put the YAML of tests into a shop."""
    (shop.root / "models" / "_unit.yml").write_text(yaml)


def test_unit_tests_need_no_warehouse_and_no_data(shop: Shop) -> None:
    """Neither is there, and neither is made."""
    written(shop, UNIT)
    (shop.root / "orders.csv").unlink()

    tested = shop("test", "--select", "test_type:unit")

    assert (tested.code, tested.out, tested.err) == (0, "1 unit test: 1 passed\n", "")
    assert list(shop.root.glob("**/*.duckdb*")) == []


def test_a_difference_is_shown_as_a_table(shop: Shop) -> None:
    """What is expected and what came, with the place of the test; the exit code is 1."""
    written(shop, UNIT.replace("'8', value: null", "'8', value: 0"))

    tested = shop("test", "--select", "revenue_in_euro")

    assert tested.code == 1
    assert tested.out.splitlines() == [
        "revenue_in_euro (- is expected, + came)",
        "   event     event_id  value  currency",
        "-  --------  --------  -----  --------",
        "-  Purchase  8         0.0    EUR",
        "+  Purchase  8         NULL   EUR",
        "",
        "1 unit test: 1 failed",
    ]
    assert tested.err.splitlines() == [
        "fail revenue_in_euro in " + tested.err.splitlines()[0].split(" in ")[1],
        "error: models/_unit.yml:2:1: revenue_in_euro: 1 expected row is missing and 1 row is not expected (offline).",
        "  Correct models/offline.sql, or what the test expects.",
    ]


def test_build_runs_a_unit_test_before_its_model(shop: Shop) -> None:
    """A model whose unit test fails is not built, and its view is not judged."""
    written(shop, UNIT.replace("currency: EUR}\n        - ", "currency: USD}\n        - "))

    built = shop("build", "--json")

    assert built.code == 1
    assert [(one["model"], one["status"]) for one in built.json["models"]] == [
        ("stg_orders", "built"),
        ("offline", "skipped"),
    ]
    assert [(one["name"], one["kind"], one["status"]) for one in built.json["tests"]] == [
        ("revenue_in_euro", "unit", "fail")
    ]
    assert (built.json["coverage"], built.json["errors"][0]["code"]) == ([], "unit-test")
    assert "not built, because a test failed: offline" in shop("build").out.splitlines()


def test_a_unit_test_that_cannot_run_is_no_finding(shop: Shop) -> None:
    """The SQL of its model is wrong: that ends with 2, with the test as without it."""
    written(shop, UNIT)
    model = shop.root / "models/offline.sql"
    model.write_text(model.read_text().replace("amount", "amounts"))

    codes = [shop(command).code for command in ("build", "test")]
    (shop.root / "models/_unit.yml").unlink()

    assert [*codes, shop("build").code] == [2, 2, 2]
