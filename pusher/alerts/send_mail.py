"""Sends an alert by SMTP, under TLS wherever the server is not this machine."""

from __future__ import annotations

import os
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from pusher.alerts.message import Message
from pusher.config.alerts import Email, is_loopback
from pusher.errors import PusherError


def mail(account: Email, message: Message, *, timeout_s: float) -> str | None:
    """Send the text; returns why it failed, or None.

    Args:
        account: Server and addresses.
        message: What to say.
        timeout_s: For each answer of the server.
    """
    password = None if account.password is None else os.environ.get(account.password)
    if account.password is not None and not password:
        return f"The environment variable {account.password} is not set."
    try:
        with _connected(account, timeout_s) as server:
            if account.user is not None and password is not None:
                server.login(account.user, password)
            refused = server.send_message(_letter(account, message))
    except smtplib.SMTPResponseException as error:
        # Its words may quote what was sent.
        return f"The server answered {error.smtp_code} ({type(error).__name__})."
    except smtplib.SMTPRecipientsRefused:
        return "The server took none of the addresses."
    except smtplib.SMTPServerDisconnected:
        return "The server did not answer in time, or closed the connection."
    except smtplib.SMTPException as error:
        return f"The server does not do what was asked of it ({type(error).__name__})."
    except PusherError as error:
        return error.problems[0].message
    except ssl.SSLCertVerificationError:
        return "The certificate of the server could not be verified."
    except OSError as error:
        return f"The connection failed ({error.strerror or type(error).__name__})."
    return f"The server refused {len(refused)} of {len(account.to)} addresses." if refused else None


def _connected(account: Email, timeout_s: float) -> smtplib.SMTP:
    """Return a session that is under TLS, unless it stays on this machine."""
    from pusher.transport import tls_context

    context = tls_context(account.ca_file)
    if account.security == "tls":
        return smtplib.SMTP_SSL(account.server, account.port, timeout=timeout_s, context=context)
    server = smtplib.SMTP(account.server, account.port, timeout=timeout_s)
    if account.security == "none" and is_loopback(account.server):
        return server
    try:
        server.starttls(context=context)
    except BaseException:  # nothing goes on without TLS, and the error does
        server.close()
        raise
    return server


def _letter(account: Email, message: Message) -> EmailMessage:
    letter = EmailMessage()
    letter["Subject"] = message.subject
    letter["From"] = account.sender
    letter["To"] = ", ".join(account.to)
    letter["Date"] = formatdate()
    letter["Message-ID"] = make_msgid(domain=account.sender.rpartition("@")[2])
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(message.text)
    return letter
