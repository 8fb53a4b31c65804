"""Bad settings: ids that YAML would change, unknown names, and the layer that gives them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bad_inputs.support import VIEW, Case, printed, profile, write

ID = '"7654321098765432109"'
CASES = {
    "19 digits unquoted": Case(
        profile(ID, "7654321098765432109"),
        (
            "error: profiles.yml:16:9: `event_set_id` must be text.",
            "  Put it in quotes: YAML reads bare digits as a number, which can change them.",
        ),
    ),
    "an id as a float": Case(
        profile(ID, "7.654321098765432109e18"),
        (
            "error: profiles.yml:16:9: `event_set_id` is not in its form, [0-9]{19}.",
            "  Offline event set that receives the event: 19 digits as text; it must exist",
            "  already.",
        ),
    ),
    "an id of base 60": Case(
        profile(ID, "12:30:45"),
        (
            "error: profiles.yml:16:9: `event_set_id` must be text.",
            "  Put it in quotes: YAML reads bare digits as a number, which can change them.",
        ),
    ),
    "an id too short": Case(
        profile(ID, '"765432109876543210"'),
        (
            "error: profiles.yml:16:9: `event_set_id` is not in its form, [0-9]{19}.",
            "  Offline event set that receives the event: 19 digits as text; it must exist",
            "  already.",
        ),
    ),
    "an id in a model": Case(
        {"models/off.sql": VIEW.replace("'offline_events'", "'offline_events', 'event_set_id': 7654321098765432109")},
        (
            "error: models/off.sql:1:82: `event_set_id` must be text.",
            "  Put it in quotes: YAML reads bare digits as a number, which can change them.",
        ),
    ),
    "an id of --set": Case(
        {},
        (
            "error: --set: `event_set_id` is not in its form, [0-9]{19}.",
            "  Offline event set that receives the event: 19 digits as text; it must exist",
            "  already.",
        ),
        "lint --set event_set_id=123",
    ),
    "unknown setting": Case(
        profile("event_set_id", "event_sett_id"),
        ("error: profiles.yml:16:9: Unknown key `event_sett_id`.", "  Did you mean `event_set_id`?"),
    ),
    "unknown setting of --set": Case(
        {}, ("error: --set: unknown setting `event_sett`.", "  Did you mean `event_set_id`?"), "lint --set event_sett=1"
    ),
    "unknown destination": Case(
        profile('"tiktok"', '"tiktokk"'),
        ("error: profiles.yml:14:7: Unknown destination `tiktokk`.", "  Did you mean `tiktok`?"),
    ),
    "unknown target": Case(
        {}, ("error: profiles.yml:4:5: Target `prd` is not in profiles.yml.", "  Known: dev."), "lint --target prd"
    ),
    "base_url": Case(
        profile('"sandbox"', '"http://example.com/v1.3"'),
        (
            "error: profiles.yml:15:9: Plain http is for loopback only.",
            "  Write sandbox, leave base_url out for the real API, or give a URL up to and",
            "  including the version, such as http://127.0.0.1:9001/open_api/v1.3.",
        ),
    ),
    "unset variable": Case(
        profile('"shop.duckdb"', "\"{{ env_var('SHOP_PATH') }}\""),
        (
            "error: profiles.yml:7:9: Environment variable SHOP_PATH is not set.",
            "  Set it: export SHOP_PATH=..., or give a default: env_var('SHOP_PATH', '...').",
        ),
    ),
    "several at once": Case(
        profile('"type": "duckdb"', '"type": "postgres", "thread": 4, "schema": NO'),
        (
            "error: profiles.yml:6:29: Unknown key `thread`.",
            "  Did you mean `threads`?",
            "error: profiles.yml:6:9: `type` must be duckdb.",
            "  Write type: duckdb.",
            "error: profiles.yml:6:42: `schema` must be text.",
            "  Quote it.",
        ),
    ),
    "no token": Case(
        profile('"base_url": "sandbox",', ""),
        (
            "error: profiles.yml:14:7: There is no access token for TikTok.",
            "  Authorise with `pusher auth login`, or set access_token of this target in",
            "  profiles.yml, or the environment variable TIKTOK_ACCESS_TOKEN; `base_url:",
            "  sandbox` needs none.",
        ),
        "push",
    ),
    "a token in the file": Case(
        profile('"base_url": "sandbox",', '"access_token": "0123456789abcdef",'),
        (
            "error: profiles.yml:15:9: The access token itself stands in the file.",
            "  Write \"{{ env_var('TIKTOK_ACCESS_TOKEN') }}\", or leave it out and authorise",
            "  with `pusher auth login`; end the token at TikTok if others could have read",
            "  the file.",
        ),
        "push",
    ),
    "no such credential": Case(
        profile('"base_url": "sandbox",', '"credential": "shop",'),
        (
            "error: profiles.yml:15:9: There is no credential `shop`.",
            "  Authorise with `pusher auth login --name shop`, or set access_token of this",
            "  target in profiles.yml, or the environment variable TIKTOK_ACCESS_TOKEN.",
        ),
        "push",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_wrong_setting_is_told_where_it_is_given(tmp_path: Path, case: Case) -> None:
    """In profiles.yml, in a model, or on the command line."""
    assert printed(write(tmp_path / "shop", case.files), case.command) == (2, case.told)
