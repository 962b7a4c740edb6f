"""`placet recipients`: a test message to each recipient, what became of it, and with what it is signed."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from service.recipients.signatures import PUBLIC
from tests.conftest import ROOT
from tests.integration.cli.playing import Ended, ended
from tests.receiving import Receiver, reach, receiving
from tests.running import Running


@pytest.fixture
async def crm() -> AsyncIterator[Receiver]:
    """The customer records."""
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
def policies_dir(tmp_path: Path, crm: Receiver) -> Path:
    """The shop, in which the customer records can be reached."""
    folder = Path(shutil.copytree(ROOT / "policies", tmp_path / "policies"))
    reach(folder, "crm", crm.endpoint)
    return folder


async def recipients(service: Running, policies_dir: Path, *arguments: str, **environment: str) -> Ended:
    """A command, run to its end."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PLACET_")}
    more = {"PLACET_POLICIES_DIR": str(policies_dir), "PLACET_ENVIRONMENT": "development"} | environment
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "service.cli", "recipients", *arguments),
        cwd=ROOT,
        env=own | service.settings() | more,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    return await ended(process)


async def test_a_recipient_is_sent_a_signed_test(service: Running, policies_dir: Path, crm: Receiver) -> None:
    """It can be checked with the secret that the command prints, and tells of nobody."""
    tried = await recipients(service, policies_dir, "test")
    assert (tried.status, tried.complained) == (0, "")
    assert tried.said.startswith("crm: 127.0.0.1 took it with status 204 after ")
    assert f"signed with {PUBLIC}" in tried.said
    (received,) = crm.received
    assert (received.content["type"], received.data) == ("test", {})
    signatures = service.desks.deliveries.signatures
    known = service.desks.policy.current.recipients["crm"]
    received.verified(*signatures.checking(known))
    printed = await recipients(service, policies_dir, "secret", "crm")
    assert (printed.status, printed.said.strip()) == (0, signatures.secret(known))


async def test_what_a_recipient_answers_is_the_exit_status(service: Running, policies_dir: Path, crm: Receiver) -> None:
    """1 for a no of the recipient or of the guard, 3 for who cannot be reached, 2 for nobody to tell."""
    crm.answer = b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"
    tried = await recipients(service, policies_dir, "test", "crm", "--json")
    (one,) = tried.document["recipients"]
    assert (tried.status, one["status"], one["failure"], one["address"]) == (1, 401, "status_401", "127.0.0.1")
    tried = await recipients(service, policies_dir, "test", PLACET_ENVIRONMENT="production")
    assert (tried.status, "http, which is for development" in tried.said) == (1, True)
    for name, told in (("ads", "endpoint"), ("nobody", "crm")):
        tried = await recipients(service, policies_dir, "test", name)
        assert (tried.status, told in tried.complained) == (2, True)
    file = policies_dir / "recipients.toml"
    file.write_text(file.read_text().replace(f":{crm.port}/", ":1025/"))
    tried = await recipients(service, policies_dir, "test")
    assert (tried.status, "nothing can be connected to" in tried.said) == (3, True)
