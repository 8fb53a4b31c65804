"""Whom the token is sent to, and over what."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from pusher.contracts import Answer
from pusher.transport import Transport
from pusher.transport.client import tls_context
from tests.cli.conftest import pusher
from tests.conftest import PROFILES, ProjectFactory
from tests.transport.conftest import Loopback, answer_all

PUSHER = Path(__file__).parents[2] / "pusher"


def test_passwords_of_netrc_are_not_sent(
    serve: Callable[..., Loopback], connect: Callable[..., Transport], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file in the home folder adds nothing to a request."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login somebody password sesame\ndefault login a password b\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    server = serve(answer_all)
    assert isinstance(connect(server).post("event/track/", b"{}"), Answer)
    ((head, _),) = server.requests
    assert b"authorization" not in head.lower()


def test_certificates_of_the_environment_are_not_trusted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whoever can set a variable does not decide who TikTok is; `ca_file` in the profile can add an authority."""
    usual = tls_context(None).cert_store_stats()
    (tmp_path / "ca.pem").write_bytes((Path(__file__).parents[1] / "transport/tls/ca.pem").read_bytes())
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert tls_context(None).cert_store_stats() == usual
    assert tls_context(tmp_path / "ca.pem").cert_store_stats()["x509"] == usual["x509"] + 1


_LOOSENING = {"verify", "insecure", "check_hostname", "verify_mode", "_create_unverified_context", "CERT_NONE"}


def test_nothing_turns_verification_off() -> None:
    """No setting of the contract, no option and no line of the program can."""
    settings = tomllib.loads((PUSHER / "destinations/tiktok/contract/settings.toml").read_text("utf-8"))
    assert [name for name in settings if "verify" in name or "insecure" in name or "tls" in name] == []
    found = set()
    for path in sorted(PUSHER.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            name = getattr(node, "attr", None) or getattr(node, "arg", None)
            if name in _LOOSENING:
                found.add((path.name, name))
    assert found == set()


BASE_URLS = [
    "https://evil.example/open_api/v1.3",
    "https://business-api.tiktok.com.evil.example/open_api/v1.3",
    "https://business-api.tiktok.com@evil.example/open_api/v1.3",
    "https://evil.example/business-api.tiktok.com/open_api/v1.3",
    "https://evil.example#.tiktok.com/open_api/v1.3",
    "https://evil.example\\.tiktok.com/open_api/v1.3",
    "https://eviltiktok.com/open_api/v1.3",
    "https://tiktok.com.evil/open_api/v1.3",
    "http://business-api.tiktok.com/open_api/v1.3",
    "http://10.0.0.1/open_api/v1.3",
    "http://169.254.169.254/open_api/v1.3",
    "http://127.0.0.1.evil.example/open_api/v1.3",
    "http://[::ffff:10.0.0.1]/open_api/v1.3",
    "http://0.0.0.0/open_api/v1.3",
    "file:///etc/passwd/v1.3",
    "ftp://business-api.tiktok.com/open_api/v1.3",
    "https://business-api.tiktok.com/open_api/v1.3?next=https://evil.example",
    "https://business-api.tiktok.com:443:80/open_api/v1.3",
    "//evil.example/open_api/v1.3",
]


@pytest.mark.parametrize("base_url", BASE_URLS)
def test_a_base_url_of_somebody_else_is_refused(project: ProjectFactory, base_url: str) -> None:
    """A profile that comes with a pull request cannot send the token of the environment anywhere else."""
    root = project({"profiles.yml": PROFILES.replace('"sandbox"', repr(base_url).replace("'", '"'))})
    ran = pusher("push", "--json", "--project-dir", str(root))
    assert (ran.code, [error["code"] for error in ran.json["errors"]]) == (2, ["base-url"])
