"""`alerts` of pusher.yml: who is told, and nothing secret in the file or in a message about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pusher.config import load_policy_file
from pusher.config.alerts import Alerts, Command, Email, Webhook
from pusher.errors import ConfigError

URL = "https://hooks.example.com/services/T0/B0/canary-of-a-path"


def alerts(tmp_path: Path, text: str) -> Alerts:
    """Read a pusher.yml."""
    (tmp_path / "pusher.yml").write_text(f"version: 1\nalerts:\n{text}", encoding="utf-8")
    return load_policy_file(tmp_path).alerts


def refusals(tmp_path: Path, text: str) -> list[str]:
    """Return place and message of every problem of a pusher.yml."""
    with pytest.raises(ConfigError) as caught:
        alerts(tmp_path, text)
    for problem in caught.value.problems:
        assert "canary" not in f"{problem.message} {problem.fix}"
    return [f"{problem.line}: {problem.message}" for problem in caught.value.problems]


def test_without_alerts_nobody_is_told(tmp_path: Path) -> None:
    """The default, and an empty list, are nobody."""
    assert load_policy_file(tmp_path).alerts == Alerts()
    assert alerts(tmp_path, "  on_failure: []\n  on_success:\n").everybody == ()


def test_all_three_channels(tmp_path: Path) -> None:
    """Secrets are names of variables; ports follow from the way of encryption."""
    found = alerts(
        tmp_path,
        """\
  on_failure:
    - webhook: "{{ env_var('ALERT_URL') }}"
    - email:
        server: smtp.example.com
        from: pusher@example.com
        to: [data@example.com, shop@example.com]
        user: pusher
        password: '{{ env_var("MAIL_PASSWORD") }}'
        ca_file: /etc/ssl/own.pem
  on_success:
    - command: [page, --quiet]
  on_findings:
    - webhook: "{{env_var('ALERT_URL')}}"
    - email: {server: 127.0.0.1, security: none, from: a@example.com, to: [b@example.com], port: 2525}
    - email: {server: smtp.example.com, security: tls, from: a@example.com, to: [b@example.com]}
""",
    )

    mail = Email(
        "smtp.example.com", 587, "starttls", "pusher@example.com", ("data@example.com", "shop@example.com"), "pusher",
        "MAIL_PASSWORD", Path("/etc/ssl/own.pem"),
    )  # fmt: skip
    plain = Email("127.0.0.1", 2525, "none", "a@example.com", ("b@example.com",))
    tls = Email("smtp.example.com", 465, "tls", "a@example.com", ("b@example.com",))
    assert found == Alerts(
        failure=(Webhook("ALERT_URL"), mail),
        success=(Command(("page", "--quiet")),),
        findings=(Webhook("ALERT_URL"), plain, tls),
    )
    assert found.everybody == (Webhook("ALERT_URL"), mail, Command(("page", "--quiet")), plain, tls)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("  on_fail: []\n", ["3: Unknown key `on_fail`."]),
        ("  on_failure: yes please\n", ["3: `on_failure` must be a list."]),
        ("  on_failure: [pager]\n", ["3: An alert has one channel."]),
        ("  on_failure: [{webhook: a, command: [b]}]\n", ["3: An alert has one channel."]),
        ("  on_failure: [{webhok: a}]\n", ["3: Unknown key `webhok`."]),
        ("  on_failure: [{command: run me}]\n", ["3: `command` must be a list of texts."]),
        ("  on_failure: [{command: [run, 3]}]\n", ["3: `command` must be a list of texts."]),
        ("  on_failure: [{email: me}]\n", ["3: `email` must be a mapping."]),
        (
            f"  on_failure: [{{webhook: '{URL}'}}]\n",
            ["3: The URL is a secret, and comes from an environment variable only."],
        ),
        (
            f"  on_failure: [{{webhook: \"{{{{ env_var('A', '{URL}') }}}}\"}}]\n",
            ["3: The URL is a secret, and comes from an environment variable only."],
        ),
        (
            "  on_failure: [{email: {server: 'a b', from: me, to: [you], port: 0, security: ssl, ca_file: own.pem}}]\n",
            [
                "3: `server` must be the name of a host.",
                "3: `security` must be starttls, tls or none.",
                "3: `port` must be a number from 1 to 65535.",
                "3: `ca_file` must be an absolute path.",
                "3: `from` must be an address.",
                "3: `to` must be a list of addresses.",
            ],
        ),
        (
            "  on_failure: [{email: {server: a.example, security: none, from: a@b.example, to: [a@b.example]}}]\n",
            ["3: Mail without TLS is for this machine only."],
        ),
        (
            "  on_failure: [{email: {server: a.example, from: a@b.example, to: [a@b.example], user: me}}]\n",
            ["3: `user` and `password` go together."],
        ),
        (
            (
                "  on_failure: [{email: {server: a.example, from: a@b.example, to: [a@b.example], user: 3, "
                "password: canary}}]\n"
            ),
            [
                "3: `user` must be text.",
                "3: The password is a secret, and comes from an environment variable only.",
            ],
        ),
        (
            "  on_failure: [{email: {server: a.example, from: a@b.example, to: [a@b.example], cc: x}}]\n",
            ["3: Unknown key `cc`."],
        ),
    ],
)
def test_what_is_not_understood_is_refused_with_its_line(tmp_path: Path, text: str, said: list[str]) -> None:
    """All problems at once, and no value of a secret in any of them."""
    assert refusals(tmp_path, text) == said
