"""A real mail server whose letters a test reads, and the letters of a developer's folder."""

import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.running import Running

HOST = "127.0.0.1"
USER, PASSWORD = "placet", "s3cret/with:signs"


class Inbox:
    """What a mail server was handed; it may refuse addresses."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.addresses: list[list[str]] = []
        self.encrypted: list[bool] = []
        self.refuses = ""

    async def handle_RCPT(self, server: Any, session: Any, envelope: Envelope, address: str, options: Any) -> str:  # noqa: N802 - aiosmtpd's
        """Take the address, or refuse it as the test said."""
        del server, session, options
        if self.refuses:
            return self.refuses
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        """Take the letter."""
        del session
        letter = message_from_bytes(envelope.content, policy=default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        self.addresses.append(envelope.rcpt_tos)
        self.encrypted.append(server.transport.get_extra_info("ssl_object") is not None)
        return "250 OK"


@contextmanager
def mail_server(inbox: Inbox, **more: Any) -> Iterator[int]:
    """A mail server that hands over to an inbox; yields its port."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    controller = Controller(inbox, hostname=HOST, port=port, **more)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


def known(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    """Let in who has the password."""
    del server, session, envelope, mechanism
    return AuthResult(success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()))


def certified(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What a mail server at 127.0.0.1 shows, and what somebody checks it with who trusts that."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "mail.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(path)
    return shown, ssl.create_default_context(cadata=certificate.public_bytes(Encoding.PEM).decode())


def dropped(folder: Path) -> list[dict[str, Any]]:
    """The letters in a developer's folder, oldest first."""
    return [json.loads(path.read_bytes()) for path in sorted(folder.glob("*.json"))]


async def letters_of(service: Running, request_id: str | None = None) -> list[dict[str, Any]]:
    """What the service has written to people, of one request or of all, once everything due is delivered."""
    await service.desks.post.run()
    letters = dropped(service.data_dir / "mail")
    return [letter for letter in letters if request_id in (None, letter["request_id"])]
