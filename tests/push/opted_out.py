"""A list of a project's own that keeps people out."""

from __future__ import annotations

from tests.push.support import Shop

LIST = "select digest as email from {{ source('gone', 'people') }}"
SOURCE = """version: 2
sources:
  - name: gone
    tables:
      - name: people
        config: {meta: {external_location: "read_csv('gone.csv', header = true, all_varchar = true)"}}
        columns: [{name: digest, data_type: varchar}]
"""


def opt_out(shop: Shop, *digests: str, sql: str = LIST) -> None:
    """Give a project a list of people to keep out."""
    (shop.root / "models" / "_gone.yml").write_text(SOURCE)
    (shop.root / "models" / "gone_people.sql").write_text(sql)
    (shop.root / "gone.csv").write_text("digest\n" + "".join(f"{one}\n" for one in digests))
    (shop.root / "pusher.yml").write_text("consent: {suppressions: gone_people}\n")
    shop.build()
