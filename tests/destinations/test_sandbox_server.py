"""The sandbox behind a port: sockets that break as scripted, and a clean end."""

from __future__ import annotations

import hashlib
import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from pusher.clock import SystemClock
from pusher.contracts import Answer, Endpoint, Failure
from pusher.destinations.tiktok.facts import contract
from pusher.destinations.tiktok.sandbox import sandbox_app
from pusher.destinations.tiktok.sandbox_server import SandboxServer
from pusher.errors import ConfigError
from pusher.transport import Bounds, Transport
from tests.loopback import NO_AUTHORITIES

ROW = {"event": "Purchase", "event_id": "order-1", "event_time": 1_780_000_000}
BODY = json.dumps({"event_source": "offline", "event_source_id": "7654321098765432109", "data": [ROW]}).encode()
SERVE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from pusher.destinations.tiktok.sandbox_server import serve
state, faults = Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None
serve(0, state, faults, lambda: datetime.now(UTC), lambda base_url: print(base_url, flush=True))
print("stopped", flush=True)
"""


def post(base_url: str, total_s: float = 5, path: str = "event/track/", body: bytes = BODY) -> Answer | Failure:
    """Send one request to a sandbox."""
    transport = Transport(Endpoint(base_url, {}, None, base_url), clock=SystemClock(), bounds=Bounds(total_s=total_s))
    try:
        return transport.post(path, body)
    finally:
        transport.close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[Sequence[Mapping[str, Any]]], str]]:
    """Return a function that serves a sandbox in this process; it stops at the end."""
    running: list[tuple[SandboxServer, threading.Thread]] = []

    def start(faults: Sequence[Mapping[str, Any]]) -> str:
        app = sandbox_app(tmp_path / "s.sqlite", contract(), lambda: datetime.now(UTC), faults)
        server = SandboxServer(app, 0)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        running.append((server, thread))
        return server.base_url

    yield start
    for server, thread in running:
        server.stop()
        thread.join(5)
        assert not thread.is_alive()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("drop_before", ("in_doubt", "protocol")),
        ("drop_after_accept", ("in_doubt", "protocol")),
        ("truncate", ("in_doubt", "protocol")),
        ("slow_drip", ("in_doubt", "deadline")),
        ("redirect", ("stop", "redirect")),
    ],
)
def test_a_scripted_fault_breaks_the_real_connection(
    serve: Callable[..., str], name: str, expected: tuple[str, str]
) -> None:
    """What the embedded sandbox raises happens on the wire here, and the next request works."""
    base_url = serve([{"do": name}])
    result = post(base_url, total_s=0.5)
    assert isinstance(result, Failure)
    assert (result.kind, result.reason) == expected
    answer = post(base_url)
    assert isinstance(answer, Answer)
    assert json.loads(answer.body)["code"] == 0


def test_audiences_are_filled_over_a_socket(serve: Callable[..., str]) -> None:
    """The largest request of members there is, and one whose answer is lost."""
    base_url = serve([{"do": "late", "delay_s": 0, "match": {"path": "segment/mapping/", "nth": 2}}])
    advertiser = "7654321098765432109"
    create = {"advertiser_id": advertiser, "action": "create", "custom_audience_name": "Best"}
    answer = post(base_url, path="segment/audience/", body=json.dumps(create).encode())
    assert isinstance(answer, Answer)
    audience_id = json.loads(answer.body)["data"]["audience_id"]
    results = []
    for action in ("add", "delete"):
        rows = [[{"id": f"{number:064x}", "audience_ids": [audience_id]}] for number in range(10_000)]
        body = {"advertiser_ids": [advertiser], "action": action, "id_schema": ["EMAIL_SHA256"], "batch_data": rows}
        results.append(post(base_url, path="segment/mapping/", body=json.dumps(body).encode()))
    assert isinstance(results[0], Answer)
    assert json.loads(results[0].body)["code"] == 0
    assert isinstance(results[1], Failure)
    assert (results[1].kind, results[1].reason) == ("in_doubt", "protocol")
    origin = base_url.partition("/open_api")[0]
    with httpx.Client(verify=NO_AUTHORITIES) as client:  # noqa: TID251 -- the sandbox's own pages
        audiences = client.get(f"{origin}/_sandbox/audiences").json()["audiences"]
        totals = client.get(f"{origin}/_sandbox/history").json()["totals"]
    assert [one["members"] for one in audiences] == [0]
    assert {name: count for name, count in totals.items() if count} == {
        "requests": 3,
        "members": 20_000,
        "added": 10_000,
        "removed": 10_000,
    }


def test_a_file_is_uploaded_over_a_socket(serve: Callable[..., str]) -> None:
    """A form larger than what the server holds in memory, and one whose connection is lost after it."""
    base_url = serve([{"do": "drop_after_accept", "match": {"path": "file/upload/", "nth": 2}}])
    advertiser = "7654321098765432109"
    content = b"".join(b"%064x\n" % number for number in range(40_000))
    signature = hashlib.md5(content, usedforsecurity=False).hexdigest()
    fields = {"advertiser_id": advertiser, "calculate_type": "EMAIL_SHA256", "file_signature": signature}
    with httpx.Client(verify=NO_AUTHORITIES) as client:  # noqa: TID251 -- the transport sends JSON only
        url = f"{base_url}/dmp/custom_audience/file/upload/"
        answer = client.post(url, data=fields, files={"file": ("best.csv", content)}).json()
        with pytest.raises(httpx.RemoteProtocolError):
            client.post(url, data=fields, files={"file": ("best.csv", content)})
        totals = client.get(f"{base_url.partition('/open_api')[0]}/_sandbox/history").json()["totals"]
    assert (answer["code"], len(answer["data"]["file_path"])) == (0, 16)
    assert {name: count for name, count in totals.items() if count} == {"requests": 2, "members": 80_000}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_and_its_state_stays(tmp_path: Path, number: signal.Signals) -> None:
    """The base URL is the first line; after a signal nothing is left but the state."""
    faults = tmp_path / "faults.json"
    faults.write_text('[{"do": "drop_after_accept"}]')
    codes = []
    for arguments in ([str(tmp_path / "s.sqlite"), str(faults)], [str(tmp_path / "s.sqlite")]):
        with subprocess.Popen(
            [sys.executable, "-c", SERVE, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            base_url = process.stdout.readline().strip()
            assert base_url.startswith("http://127.0.0.1:")
            assert base_url.endswith("/open_api/v1.3")
            result = post(base_url)
            codes.append(json.loads(result.body)["code"] if isinstance(result, Answer) else result.reason)
            process.send_signal(number)
            assert process.communicate(timeout=10) == ("stopped\n", "")
            assert process.returncode == 0
    assert codes == ["protocol", 0]
    app = sandbox_app(tmp_path / "s.sqlite", contract(), lambda: datetime.now(UTC))
    assert {name: count for name, count in app.totals().items() if count} == {
        "requests": 2,
        "rows": 2,
        "counted": 1,
        "duplicates": 1,
    }


def test_a_taken_port_is_a_setting_to_change(tmp_path: Path) -> None:
    """The message says what to do, and nothing was started."""
    app = sandbox_app(tmp_path / "s.sqlite", contract(), lambda: datetime.now(UTC))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError) as caught:
            SandboxServer(app, port)
    assert [(problem.code, problem.fix) for problem in caught.value.problems] == [("port", "Choose another --port.")]
