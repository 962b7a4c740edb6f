"""Who carries letters: a mail server; in development a folder; and where nobody was named, nobody."""

import os
import smtplib
import ssl
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from ipaddress import ip_address
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit
from uuid import UUID

import msgspec
from email_validator import EmailNotValidError, validate_email

from service.kernel.clock import system_now
from service.recipients.mail.model import Letter, NotNow, Undeliverable
from service.settings import Settings

SECONDS = 10.0
"""How long a mail server may take for one step; it takes about nine."""
PORTS = {"smtps": 465, "smtp": 587, "smtp+plain": 25}
PERMANENT = 500
"""From this reply on trying again does not help (RFC 5321, 4.2.1)."""
PRIVATE = 0o600


class Carrier(Protocol):
    """What letters are handed to."""

    def carry(self, letter: Letter, letter_id: UUID) -> None:
        """Hand a letter over; raises `NotNow` or `Undeliverable`. It takes its time: call it in a thread."""
        ...


class Folder:
    """Drops each letter as a JSON file, for a developer to read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def carry(self, letter: Letter, letter_id: UUID) -> None:
        """Write the file, whole or not at all; the same letter again replaces it."""
        path = self._path / f"{letter_id}.json"
        part = path.with_suffix(".part")
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            part.unlink(missing_ok=True)
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(letter)) + b"\n")
            part.replace(path)
        except OSError as error:
            raise NotNow(f"the folder for letters cannot be written to ({error.strerror})") from error


class Nobody:
    """Carries nothing: letters wait until a mail server is named, or they are of no use any longer."""

    def carry(self, letter: Letter, letter_id: UUID) -> None:
        """Raise `NotNow`."""
        del letter, letter_id
        raise NotNow("no mail server is named; set PLACET_SMTP_URL and PLACET_MAIL_FROM")


class MailServer:
    """Hands letters to one mail server, over TLS with a certificate that holds, or inside a private network."""

    def __init__(self, url: str, sender: str, trust: ssl.SSLContext) -> None:
        """A server at an address that the settings have checked."""
        parts = urlsplit(url)
        self._scheme = parts.scheme
        self._host, self._port = parts.hostname or "", parts.port or PORTS[parts.scheme]
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._sender = sender
        self._trust = trust

    def carry(self, letter: Letter, letter_id: UUID) -> None:
        """Hand a letter over (RFC 5321). A server that does not know the address for good is believed."""
        message = _message(letter, letter_id, self._sender)
        try:
            with self._connected() as server:
                server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            (code, _), *_ = error.recipients.values()
            refused = Undeliverable if code >= PERMANENT else NotNow
            raise refused(f"the mail server refused the address ({code})") from None
        except smtplib.SMTPResponseException as error:
            raise NotNow(f"the mail server refused ({type(error).__name__} {error.smtp_code})") from None
        except (smtplib.SMTPException, OSError) as error:
            raise NotNow(f"the mail server could not be used ({type(error).__name__})") from None

    def _connected(self) -> smtplib.SMTP:
        """A connection on which nobody listens in; raises `NotNow` before anything is said on another one."""
        if self._scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(self._host, self._port, timeout=SECONDS, context=self._trust)
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=SECONDS)
        try:
            self._secure(server)
        except BaseException:
            server.close()
            raise
        return server

    def _secure(self, server: smtplib.SMTP) -> None:
        if self._scheme == "smtp":
            server.starttls(context=self._trust)
        if self._scheme == "smtp+plain" and not _private(server):
            raise NotNow("the mail server is not in a private network; use smtp:// or smtps://")
        if self._user:
            server.login(self._user, self._password)


def carrier_of(settings: Settings) -> Carrier:
    """Who carries the letters of this deployment."""
    if settings.smtp_url and settings.mail_from:
        return MailServer(settings.smtp_url.reveal, settings.mail_from, ssl.create_default_context())
    return Folder(settings.outbox_dir) if settings.development else Nobody()


def _private(server: smtplib.SMTP) -> bool:
    connected = server.sock
    return connected is not None and ip_address(connected.getpeername()[0]).is_private


def _message(letter: Letter, letter_id: UUID, sender: str) -> EmailMessage:
    """The letter as RFC 5322 writes it; no robot answers it (RFC 3834), and a second copy has the same id."""
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = _on_the_wire(letter.address)
    message["Subject"] = " ".join(letter.subject.split())
    message["Date"] = system_now()
    message["Message-ID"] = f"<{letter_id}@{parseaddr(sender)[1].rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = letter.language
    message.set_content(letter.text)
    return message


def _on_the_wire(address: str) -> str:
    """An address whose domain is written in ASCII; raises `Undeliverable` for what is none."""
    try:
        checked = validate_email(address, check_deliverability=False)
    except EmailNotValidError:
        raise Undeliverable("the address is none") from None
    return f"{checked.local_part}@{checked.ascii_domain}"
