"""A small SMTP server on loopback that does what a test says."""

from __future__ import annotations

import base64
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

TLS = Path(__file__).parents[1] / "transport" / "tls"


def certificate(name: str = "good.pem") -> ssl.SSLContext:
    """Return a server's context with one of the test certificates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / name)
    return context


@dataclass
class Mailbox:
    """What arrived, and how the server behaves.

    Attributes:
        answers: Answer by the first word of a command, instead of the good one.
        context: For STARTTLS, or None when it is not offered.
        is_silent: Nothing is answered at all.
        letters: What came after DATA.
        logins: User and password of each login.
        recipients: Every recipient.
        was_encrypted: Whether each letter came under TLS.
    """

    answers: Mapping[str, str] = field(default_factory=dict)
    context: ssl.SSLContext | None = None
    is_silent: bool = False
    letters: list[str] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    was_encrypted: list[bool] = field(default_factory=list)

    def serve(self, sock: socket.socket) -> None:
        """Speak SMTP on one connection."""
        if self.is_silent:
            time.sleep(1)
            return
        with ExitStack() as stack:
            self._speak(sock, stack)

    def _speak(self, sock: socket.socket, stack: ExitStack) -> None:
        stack.callback(sock.close)
        stream = stack.enter_context(sock.makefile("rwb", buffering=0))
        self._say(stream, "220 mail.example.com")
        while line := stream.readline():
            word = line.split()[0].decode().upper()
            if word in self.answers:
                self._say(stream, self.answers[word])
                continue
            match word:
                case "EHLO":
                    offers = ["AUTH PLAIN"] + (["STARTTLS"] if self.context else [])
                    self._say(
                        stream, "\r\n".join(["250-mail.example.com", *(f"250-{one}" for one in offers), "250 OK"])
                    )
                case "STARTTLS":
                    assert self.context is not None
                    self._say(stream, "220 go")
                    sock = self.context.wrap_socket(sock, server_side=True)
                    stack.callback(sock.close)
                    stream = stack.enter_context(sock.makefile("rwb", buffering=0))
                case "AUTH":
                    _, user, password = base64.b64decode(line.split()[2]).decode().split("\0")
                    self.logins.append((user, password))
                    self._say(stream, "235 welcome")
                case "RCPT":
                    self.recipients.append(line.decode().partition("<")[2].partition(">")[0])
                    self._say(stream, "250 OK")
                case "DATA":
                    self._say(stream, "354 go on")
                    lines = iter(stream.readline, b".\r\n")
                    self.letters.append(b"".join(lines).decode())
                    self.was_encrypted.append(isinstance(sock, ssl.SSLSocket))
                    self._say(stream, "250 taken")
                case "QUIT":
                    self._say(stream, "221 bye")
                    return
                case _:
                    self._say(stream, "250 OK")

    @staticmethod
    def _say(stream: socket.SocketIO, text: str) -> None:
        stream.write(f"{text}\r\n".encode())
