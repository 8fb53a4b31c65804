"""The destination's block of profiles.yml: forms, the base URL, the token."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pusher.config import DestinationSettings, Document, Secret
from pusher.config.strict_yaml import KeyPath
from pusher.contracts import Endpoint
from pusher.destinations import load, names
from pusher.destinations.tiktok import destination
from pusher.destinations.tiktok.settings import TikTokSettings, check_settings, read_settings
from pusher.errors import ConfigError

PATH: KeyPath = ("pusher", "dev", "tiktok")
LINES: dict[KeyPath, tuple[int, int]] = {PATH: (10, 5)} | {
    (*PATH, key): (11 + number, 7)
    for number, key in enumerate(("base_url", "access_token", "advertiser_ids", "event_set_id", "pixel_code"))
}
TOKEN = Secret("t0ken")
ID = "7654321098765432109"


def block(base_url: str | None = "sandbox", **values: Any) -> DestinationSettings:
    """Return a block as profiles.yml gives it."""
    return DestinationSettings("tiktok", base_url, None, values, Document("profiles.yml", {}, LINES), PATH)


def endpoint(settings: DestinationSettings, tmp_path: Path, token: Secret | None = None) -> Endpoint:
    """Return the endpoint of a block."""
    return destination.endpoint(settings, state_dir=tmp_path, now=lambda: datetime.now(UTC), token=token)


def refused(settings: DestinationSettings, tmp_path: Path, token: Secret | None = TOKEN) -> list[tuple[str, str]]:
    """Return place and message of every problem."""
    with pytest.raises(ConfigError) as caught:
        endpoint(settings, tmp_path, token)
    return [(problem.place, problem.message) for problem in caught.value.problems]


def test_the_destination_is_found_by_name() -> None:
    """Project chooses destinations by their names in the profile."""
    assert names() == ("tiktok",)
    assert load("tiktok") is destination
    with pytest.raises(ConfigError) as caught:
        load("tictok")
    assert [problem.fix for problem in caught.value.problems] == ["Did you mean `tiktok`?"]


def test_the_embedded_sandbox_needs_no_token_and_touches_nothing_until_it_is_used(tmp_path: Path) -> None:
    """`base_url: sandbox` is an application in this process with its state in the state folder."""
    found = endpoint(block(event_set_id=ID), tmp_path)
    assert (found.base_url, dict(found.headers), found.shown_as) == (
        "http://sandbox.invalid/open_api/v1.3",
        {},
        "sandbox",
    )
    assert found.app is not None
    assert list(tmp_path.iterdir()) == []


def test_without_a_base_url_it_is_the_real_api(tmp_path: Path) -> None:
    """The production address is the contract's, and the token has no prefix."""
    found = endpoint(block(None), tmp_path, TOKEN)
    url = "https://business-api.tiktok.com/open_api/v1.3"
    assert (found.base_url, dict(found.headers), found.app, found.shown_as) == (
        url,
        {"Access-Token": "t0ken"},
        None,
        url,
    )


def test_a_printed_endpoint_does_not_show_the_token(tmp_path: Path) -> None:
    """Tracebacks and logs print values."""
    assert "t0ken" not in repr(endpoint(block(None), tmp_path, TOKEN))


def test_a_missing_token_names_the_places_it_may_come_from(tmp_path: Path) -> None:
    """The message tells how to go on."""
    with pytest.raises(ConfigError) as caught:
        endpoint(block(None), tmp_path)
    (problem,) = caught.value.problems
    assert problem.code == "no-access-token"
    assert problem.place == "profiles.yml:10:5"
    assert problem.fix == (
        "Authorise with `pusher auth login`, or set access_token of this target in profiles.yml, or the environment "
        "variable TIKTOK_ACCESS_TOKEN; `base_url: sandbox` needs none."
    )


@pytest.mark.parametrize(
    ("base_url", "written", "found"),
    [
        (None, "the-token", [("profiles.yml:12:7", "The access token itself stands in the file.")]),
        (
            "https://business-api.tiktok.com/open_api/v1.3",
            "the-token",
            [("profiles.yml:12:7", "The access token itself stands in the file.")],
        ),
        (None, "{{ env_var('TIKTOK_ACCESS_TOKEN') }}", []),
        (None, None, []),
        ("http://127.0.0.1:9001/open_api/v1.3", "made-up", []),
        ("sandbox", "made-up", []),
    ],
)
def test_a_token_of_the_real_api_never_stands_in_the_file(
    base_url: str | None, written: str | None, found: list[tuple[str, str]]
) -> None:
    """Files get into version control and backups; a server on this machine takes any token. It is not repeated."""
    document = Document("profiles.yml", {"pusher": {"dev": {"tiktok": {"access_token": written}}}}, LINES)
    given = DestinationSettings("tiktok", base_url, TOKEN if written else None, {}, document, PATH)
    problems = []
    try:
        check_settings(given)
    except ConfigError as error:
        problems = list(error.problems)
    assert [(problem.place, problem.message) for problem in problems] == found
    assert "the-token" not in repr(problems)


@pytest.mark.parametrize("token", ["Bearer abc", "abc\n", " abc", "tökén"])
def test_a_token_that_cannot_be_one_is_refused_without_being_shown(tmp_path: Path, token: str) -> None:
    """Mostly a line break from a file, or a prefix from another API."""
    message = "The access token holds a character that no token has."
    assert refused(block(None), tmp_path, Secret(token)) == [("profiles.yml:12:7", message)]


@pytest.mark.parametrize(
    "base_url",
    [
        "http://127.0.0.1:9001/open_api/v1.3",
        "http://127.0.0.1:9001/open_api/v1.3/",
        "http://localhost:9001/open_api/v1.3",
        "http://[::1]:9001/open_api/v1.3",
        "https://127.0.0.1/v1.3",
    ],
)
def test_loopback_may_be_plain_http_and_needs_no_token(tmp_path: Path, base_url: str) -> None:
    """A sandbox on this machine."""
    found = endpoint(block(base_url), tmp_path)
    assert (found.base_url, dict(found.headers)) == (base_url.rstrip("/"), {})


@pytest.mark.parametrize(
    ("base_url", "message"),
    [
        ("http://business-api.tiktok.com/open_api/v1.3", "Plain http is for loopback only."),
        ("https://business-api.tiktok.com.evil.example/v1.3", None),
        ("https://evilbusiness-api.tiktok.com/open_api/v1.3", None),
        ("https://tiktok.com/open_api/v1.3", None),
        ("https://127.0.0.1.evil.example/v1.3", None),
        ("https://business-api.tiktok.com", "`base_url` does not end with the API version."),
        ("https://business-api.tiktok.com/open_api", "`base_url` does not end with the API version."),
        ("https://business-api.tiktok.com/open_api/v1.3/event/track", "`base_url` does not end with the API version."),
        ("https://business-api.tiktok.com/../v1.3?x=1", "`base_url` holds more than host, port and path."),
        ("https://user:pw@business-api.tiktok.com/v1.3", "`base_url` holds more than host, port and path."),
        ("https://business-api.tiktok.com@evil.example/v1.3", "`base_url` holds more than host, port and path."),
        ("https://business-api.tiktok.com/v1.3#x", "`base_url` holds more than host, port and path."),
        ("ftp://127.0.0.1/v1.3", "`base_url` is not an http or https URL."),
        ("sandbx", "`base_url` is not an http or https URL."),
        ("https:///v1.3", "`base_url` is not an http or https URL."),
        ("http://127.0.0.1:99999/v1.3", "`base_url` is not a URL."),
        ("http://[::1/v1.3", "`base_url` is not a URL."),
    ],
)
def test_the_token_goes_to_known_hosts_over_https_only(tmp_path: Path, base_url: str, message: str | None) -> None:
    """A base URL of a pull request must not carry the token away."""
    place, found = refused(block(base_url), tmp_path)[0]
    assert place == "profiles.yml:11:7"
    assert found == message or found.startswith("The token is never sent to ")
    assert (message is None) == found.startswith("The token is never sent to ")


def test_every_problem_of_the_block_is_found_at_once(tmp_path: Path) -> None:
    """One run shows all there is to correct."""
    settings = block(
        "http://business-api.tiktok.com/open_api/v1.3",
        advertiser_ids=[7654321098765432109, "123"],
        event_set_id=7654321098765432109,
        pixel_code="c4a",
        requests_per_second=0,
        concurrency=1.5,
        ca_file="ca.pem",
        acess_tokn=["x"],
    )
    assert [message for _, message in refused(settings, tmp_path)] == [
        "Unknown key `acess_tokn`.",
        "`advertiser_ids.0` must be text.",
        "`advertiser_ids.1` is not in its form, [0-9]{19}.",
        "`event_set_id` must be text.",
        "`pixel_code` is not in its form, [A-Z0-9]{10,40}.",
        "`requests_per_second` must be a number from 0.01 to 1000.",
        "`concurrency` must be a whole number from 1 to 64.",
        "`ca_file` must be an absolute path.",
        "Plain http is for loopback only.",
    ]


def test_a_misspelt_key_gets_a_suggestion(tmp_path: Path) -> None:
    """Unknown keys are errors, with the nearest known one."""
    with pytest.raises(ConfigError) as caught:
        endpoint(block(event_setid=ID), tmp_path)
    assert [problem.fix for problem in caught.value.problems] == ["Did you mean `event_set_id`?"]


@pytest.mark.parametrize("values", [{"advertiser_ids": ID}, {"advertiser_ids": []}, {"advertiser_ids": {}}])
def test_advertisers_are_a_list(tmp_path: Path, values: dict[str, Any]) -> None:
    """One account is still a list of one."""
    messages = [message for _, message in refused(block(**values), tmp_path)]
    assert messages == ["`advertiser_ids` must be a list of quoted texts."]


def test_settings_are_read_as_values(tmp_path: Path) -> None:
    """What is right comes back typed."""
    settings = block(
        advertiser_ids=[ID], requests_per_second=2.5, concurrency=8, ca_file=str(tmp_path / "ca.pem"), event_set_id=ID
    )
    assert read_settings(settings) == TikTokSettings((ID,), 2.5, 8, tmp_path / "ca.pem")
    assert read_settings(block()) == TikTokSettings((), None, None, None)


def test_the_source_id_comes_from_the_setting_of_its_payload() -> None:
    """Offline events have an event set, web events a pixel."""
    settings = block(event_set_id=ID, pixel_code="C4A1B2C3D4E5F6G7H8I9")
    found = {
        name: destination.source_id(destination.payloads[name], settings) for name in ("offline_events", "web_events")
    }
    assert found == {"offline_events": ID, "web_events": "C4A1B2C3D4E5F6G7H8I9"}
    assert destination.source_id(destination.payloads["offline_events"], block()) is None


@pytest.mark.parametrize(
    ("value", "message", "fix"),
    [
        (
            int(ID),
            "`event_set_id` must be text.",
            "Put it in quotes: YAML reads bare digits as a number, which can change them.",
        ),
        (
            "C4A1",
            "`event_set_id` is not in its form, [0-9]{19}.",
            "Offline event set that receives the event: 19 digits as text; it must exist already.",
        ),
    ],
)
def test_a_source_id_in_the_wrong_form_names_its_place(value: Any, message: str, fix: str) -> None:
    """The message points at the key in profiles.yml."""
    with pytest.raises(ConfigError) as caught:
        destination.source_id(destination.payloads["offline_events"], block(event_set_id=value))
    assert [(p.place, p.message, p.fix) for p in caught.value.problems] == [("profiles.yml:14:7", message, fix)]


@pytest.mark.parametrize(
    ("name", "key", "good", "wrong"),
    [
        ("offline_events", "event_set_id", ID, "C4A1B2C3D4E5F6G7H8I9"),
        ("web_events", "pixel_code", "C4A1B2C3D4E5F6G7H8I9", "c4a"),
        ("crm_events", "crm_event_set_id", ID, ID[1:]),
        ("app_events", "tiktok_app_id", "7123456789", "com.example.shop"),
        ("audience", "audience_name", "Best customers 2026", " Best"),
    ],
)
def test_each_payload_has_a_setting_of_its_own_for_where_its_rows_go(
    tmp_path: Path, name: str, key: str, good: str, wrong: str
) -> None:
    """The setting is read in its form, and refused in any other, also by an endpoint that does not need it."""
    payload = destination.payloads[name]
    assert destination.source_id(payload, block(**{key: good})) == good
    assert destination.source_id(payload, block()) is None
    with pytest.raises(ConfigError) as caught:
        destination.source_id(payload, block(**{key: wrong}))
    form = payload.source_id_pattern.strip("^$")
    message = f"`{key}` is not in its form, {form}."
    assert [(problem.message, problem.fix) for problem in caught.value.problems] == [(message, payload.source_id.doc)]
    assert [text for _, text in refused(block(**{key: wrong}), tmp_path)] == [message]
