"""Alerts over real sockets and to real programs: what arrives, and what is said of one that does not."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from email import message_from_string
from pathlib import Path

import pytest

from pusher.alerts import Message, deliver
from pusher.clock import SystemClock
from pusher.config.alerts import Channel, Command, Email, Webhook
from tests.alerts.mail_server import TLS, Mailbox, certificate
from tests.transport.conftest import Loopback, Visit

MESSAGE = Message(
    "pusher push of shop: failed", "pusher push of shop: failed\nSee: pusher status 1", {"event": "failure"}
)
PATH = "services/T0/B0/canary-of-a-path"
PASSWORD = "canary-of-a-password"  # noqa: S105 -- a made-up one
ANSWER = b"HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n%s\r\nok"
Serve = Callable[[Callable[[Visit], None]], Loopback]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Return a function that starts a server; all stop at the end."""
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    servers: list[Loopback] = []

    def start(script: Callable[[Visit], None]) -> Loopback:
        servers.append(Loopback(script))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def answering(status: bytes, headers: bytes = b"") -> Callable[[Visit], None]:
    """Return a script that answers one request."""

    def script(visit: Visit) -> None:
        visit.read_request()
        visit.socket.sendall(ANSWER % (status, headers))

    return script


def told(channel: Channel, root: Path = Path(), longest_s: float = 10) -> tuple[str, str | None]:
    """Tell one channel; nothing secret is in what is said of it."""
    target, failure = deliver(channel, MESSAGE, clock=SystemClock(), root=root, longest_s=longest_s)
    assert "canary" not in f"{target} {failure}"
    return target, failure


# webhook --------------------------------------------------------------------------------------------------------------


def hook(monkeypatch: pytest.MonkeyPatch, url: str) -> Webhook:
    """Return a webhook whose URL stands in the environment."""
    monkeypatch.setenv("ALERT_URL", url)
    return Webhook("ALERT_URL")


def test_a_webhook_gets_the_text_as_json(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """One POST to the whole path and query, in the form that Slack takes; the path is masked in what is shown."""
    server = serve(answering(b"200 OK"))
    base_url = f"http://127.0.0.1:{server.port}"

    said = told(hook(monkeypatch, f"{base_url}/{PATH}?thread=1"))

    ((head, body),) = server.requests
    assert said == (f"{base_url}/****", None)
    assert head.startswith(f"POST /{PATH}?thread=1 HTTP/1.1".encode())
    assert b"content-type: application/json" in head.lower()
    assert json.loads(body) == {"text": MESSAGE.text}


@pytest.mark.parametrize(
    ("status", "headers", "failure"),
    [
        (b"404 Not Found", b"", "It answered HTTP 404."),
        (b"500 Oh", b"", "It answered HTTP 500."),
        (
            b"302 Found",
            b"Location: http://127.0.0.1:9/\r\n",
            "{host} answered with a redirect, which is never followed.",
        ),
    ],
)
def test_a_webhook_that_refuses_is_told_by_its_status(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, status: bytes, headers: bytes, failure: str
) -> None:
    """Its own words are not repeated, and a redirect is not followed."""
    server = serve(answering(status, headers))
    host = f"127.0.0.1:{server.port}"

    assert told(hook(monkeypatch, f"http://{host}/{PATH}")) == (f"http://{host}/****", failure.format(host=host))
    assert len(server.requests) == 1


def test_a_webhook_that_is_not_there_is_told_by_its_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing listens on the port."""
    said = told(hook(monkeypatch, f"http://127.0.0.1:9/{PATH}"))
    assert said == ("http://127.0.0.1:9/****", "127.0.0.1:9 refused the connection.")


@pytest.mark.parametrize(
    ("url", "failure"),
    [
        ("", "The environment variable ALERT_URL is not set."),
        ("https://[canary", "Its URL is not a URL."),
        ("ftp://canary.example.com/x", "Its URL is not an https URL with a host and a path."),
        ("https://user:canary@hooks.example.com/x", "Its URL is not an https URL with a host and a path."),
        ("http://hooks.example.com/canary", "Its URL is not https; plain http is for this machine only."),
    ],
)
def test_a_url_that_may_not_be_used_is_never_quoted(monkeypatch: pytest.MonkeyPatch, url: str, failure: str) -> None:
    """Only the variable is named."""
    assert told(hook(monkeypatch, url)) == ("$ALERT_URL", failure)


@pytest.mark.parametrize(
    ("host", "failure"),
    [("xn--a.example", "It failed by InvalidCodepoint."), ("a..example\u3002", "It failed by InvalidURL.")],
)
def test_a_host_that_no_name_can_be_is_told(monkeypatch: pytest.MonkeyPatch, host: str, failure: str) -> None:
    """The push has ended by then, and keeps its exit code."""
    assert told(hook(monkeypatch, f"https://{host}/{PATH}")) == (f"https://{host}/****", failure)


def test_a_proxy_that_is_not_supported_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client's own rules hold for webhooks too."""
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:1")
    target, failure = told(hook(monkeypatch, f"https://hooks.example.com/{PATH}"))
    assert target == "https://hooks.example.com/****"
    assert failure is not None
    assert "proxy" in failure


# e-mail ---------------------------------------------------------------------------------------------------------------


def account(server: Loopback, security: str = "none", **more: object) -> Email:
    """Return an account at a server on loopback."""
    facts: dict[str, object] = {
        "server": "127.0.0.1",
        "port": server.port,
        "security": security,
        "sender": "pusher@example.com",
        "to": ("data@example.com", "shop@example.com"),
        "ca_file": TLS / "ca.pem",
        **more,
    }
    return Email(**facts)  # type: ignore[arg-type]


def test_a_letter_arrives_under_tls_after_a_login(serve: Serve) -> None:
    """STARTTLS first, then user and password, then one letter to everybody."""
    box = Mailbox(context=certificate())
    server = serve(lambda visit: box.serve(visit.socket))

    said = told(account(server, "starttls", user="pusher", password="MAIL_PASSWORD"))  # noqa: S106 -- a variable's name

    assert said == (f"127.0.0.1:{server.port}", None)
    assert (box.logins, box.was_encrypted) == ([("pusher", PASSWORD)], [True])
    assert box.recipients == ["data@example.com", "shop@example.com"]
    letter = message_from_string(box.letters[0])
    assert (letter["Subject"], letter["From"]) == (MESSAGE.subject, "pusher@example.com")
    assert letter["To"] == "data@example.com, shop@example.com"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert str(letter.get_payload()).splitlines() == MESSAGE.text.splitlines()


def test_a_letter_arrives_over_tls_from_the_first_byte(serve: Serve) -> None:
    """`security: tls` is what port 465 speaks."""
    box, context = Mailbox(), certificate()
    server = serve(lambda visit: box.serve(context.wrap_socket(visit.socket, server_side=True)))

    assert told(account(server, "tls")) == (f"127.0.0.1:{server.port}", None)
    assert box.was_encrypted == [True]


def test_a_server_on_this_machine_needs_no_tls(serve: Serve) -> None:
    """A relay on loopback."""
    box = Mailbox()
    server = serve(lambda visit: box.serve(visit.socket))
    assert told(account(server)) == (f"127.0.0.1:{server.port}", None)
    assert box.was_encrypted == [False]


def test_nothing_is_sent_to_a_server_without_tls(serve: Serve) -> None:
    """Neither password nor letter leave when STARTTLS is not offered, or its certificate is not good."""
    without = Mailbox()
    server = serve(lambda visit: without.serve(visit.socket))
    strange = Mailbox(context=certificate("self_signed.pem"))
    other = serve(lambda visit: strange.serve(visit.socket))
    login = {"user": "pusher", "password": "MAIL_PASSWORD"}

    _, failure = told(account(server, "starttls", **login))
    _, untrusted = told(account(other, "starttls", **login))

    assert failure == "The server does not do what was asked of it (SMTPNotSupportedError)."
    assert untrusted == "The certificate of the server could not be verified."
    assert (without.letters, without.logins, strange.letters, strange.logins) == ([], [], [], [])


@pytest.mark.parametrize(
    ("answers", "failure"),
    [
        ({"AUTH": f"535 no {PASSWORD}"}, "The server answered 535 (SMTPAuthenticationError)."),
        ({"MAIL": "552 full"}, "The server answered 552 (SMTPSenderRefused)."),
        ({"RCPT": "550 who"}, "The server took none of the addresses."),
        ({"DATA": "554 no"}, "The server answered 554 (SMTPDataError)."),
    ],
)
def test_a_server_that_refuses_is_told_by_its_code(serve: Serve, answers: dict[str, str], failure: str) -> None:
    """Its words may quote what it was sent, so they are not repeated."""
    box = Mailbox(answers=answers, context=certificate())
    server = serve(lambda visit: box.serve(visit.socket))
    _, said = told(account(server, "starttls", user="pusher", password="MAIL_PASSWORD"))  # noqa: S106 -- a variable's name
    assert said == failure


def test_a_server_that_takes_some_addresses_is_told(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody was told, and somebody was not."""
    box = Mailbox()
    real, asked = box._say, iter(["550 who"])

    def say(stream: object, text: str) -> None:
        is_first = len(box.recipients) == 1 and text == "250 OK"
        real(stream, next(asked, text) if is_first else text)  # type: ignore[arg-type]

    monkeypatch.setattr(box, "_say", say)
    server = serve(lambda visit: box.serve(visit.socket))
    assert told(account(server))[1] == "The server refused 1 of 2 addresses."


def test_a_server_that_does_not_answer_holds_nobody_up(serve: Serve) -> None:
    """The alert is given up after its time."""
    box = Mailbox(is_silent=True)
    server = serve(lambda visit: box.serve(visit.socket))
    began = time.monotonic()
    _, failure = told(account(server), longest_s=0.3)
    assert time.monotonic() - began < 5
    assert failure in {
        "It took longer than 0.3 seconds.",
        "The connection failed (timed out).",
        "The connection failed (TimeoutError).",
        "The server did not answer in time, or closed the connection.",
    }


def test_what_is_missing_for_mail_is_told(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No server, no password, no certificates, and a defect of ours: each in one sentence."""
    box = Mailbox()
    server = serve(lambda visit: box.serve(visit.socket))
    nobody = Email("127.0.0.1", 9, "none", "a@example.com", ("b@example.com",))
    assert told(nobody)[1] == "The connection failed (Connection refused)."
    assert told(account(server, "tls", ca_file=tmp_path / "none.pem"))[1] == (
        f"ca_file {tmp_path}/none.pem cannot be used."
    )
    monkeypatch.delenv("MAIL_PASSWORD")
    missing = told(account(server, user="pusher", password="MAIL_PASSWORD"))  # noqa: S106 -- a variable's name
    assert missing[1] == "The environment variable MAIL_PASSWORD is not set."
    monkeypatch.setattr("pusher.alerts.mail", lambda *_words, **_more: 1 / 0)
    assert told(account(server))[1] == "It failed by ZeroDivisionError."
    assert box.letters == []


# command --------------------------------------------------------------------------------------------------------------


def program(*lines: str) -> Command:
    """Return a command that runs some Python."""
    return Command((sys.executable, "-c", "\n".join(("import json, os, sys, time", *lines))))


def test_a_command_gets_the_summary_on_its_stdin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the project's folder, without a shell, and without what opens an account."""
    monkeypatch.setenv("TIKTOK_ACCESS_TOKEN", "canary")
    monkeypatch.setenv("OTHER", "kept")
    command = program(
        "found = json.load(sys.stdin)",
        "found |= {'folder': os.getcwd(), 'words': sys.argv[1:], 'other': os.environ['OTHER']}",
        "found['token'] = os.environ.get('TIKTOK_ACCESS_TOKEN')",
        "open('told.json', 'w').write(json.dumps(found))",
        "print('this goes nowhere')",
    )

    said = told(Command((*command.words, "$HOME; true")), tmp_path)

    assert said == (Path(sys.executable).name, None)
    assert json.loads((tmp_path / "told.json").read_text()) == {
        "event": "failure", "folder": str(tmp_path.resolve()), "words": ["$HOME; true"], "other": "kept", "token": None,
    }  # fmt: skip


def test_a_command_that_fails_is_told(tmp_path: Path) -> None:
    """By its exit code, or because it cannot be started; one that reads nothing is no failure."""
    assert told(program("sys.exit(3)"), tmp_path)[1] == "It ended with exit code 3."
    assert told(Command(("/no/such/program",)), tmp_path) == (
        "program", "It could not be started (No such file or directory).",
    )  # fmt: skip
    assert told(Command(("a\0b",)), tmp_path)[1] == "It could not be started (ValueError)."
    assert told(program("pass"), tmp_path)[1] is None


def test_a_command_that_hangs_is_ended_with_what_it_started(tmp_path: Path) -> None:
    """Its whole group is killed, so that nothing of it goes on."""
    command = program(
        "import subprocess",
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])",
        "open('pids', 'w').write(f'{os.getpid()} {child.pid}')",
        "time.sleep(60)",
    )

    assert told(command, tmp_path, longest_s=3)[1] == "It took longer than 3 seconds and was ended."

    for pid in map(int, (tmp_path / "pids").read_text().split()):
        end = time.monotonic() + 5
        while _is_running(pid) and time.monotonic() < end:
            time.sleep(0.02)
        assert not _is_running(pid)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def test_ctrl_c_ends_a_command_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever interrupts an alert does not leave its program behind."""
    import subprocess

    started: list[subprocess.Popen[bytes]] = []

    def interrupted(process: subprocess.Popen[bytes], *_words: object, **_more: object) -> None:
        started.append(process)
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess.Popen, "communicate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        told(program("time.sleep(60)"), tmp_path)
    assert started[0].returncode is not None
