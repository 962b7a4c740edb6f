"""The program of docs/how-an-erasure-ends.md checks a certificate with the saved public keys and nothing else."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from service.kernel.crypto import from_text, to_text
from tests.conftest import ROOT
from tests.filing import erase
from tests.integration.cli.playing import Ended, ended
from tests.running import Running, customer

PROGRAM = (ROOT / "docs/how-an-erasure-ends.md").read_text().split("```python\n")[1].split("```")[0]


@pytest.fixture
async def certificate(service: Running, tmp_path: Path) -> str:
    """The certificate of somebody, beside which the public keys are saved."""
    await service.give(customer(), "analytics")
    (tmp_path / "jwks.json").write_bytes((await service.http.get("/.well-known/jwks.json")).content)
    return await erase(service, customer())


async def checked(folder: Path, certificate: str) -> Ended:
    """What the program says of a certificate, in a folder with this and the keys."""
    (folder / "certificate.txt").write_text(certificate)
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-I", "-c", PROGRAM)
    return await ended(await asyncio.create_subprocess_exec(*command, cwd=folder, env={}, stdout=pipe, stderr=pipe))


async def test_a_certificate_is_checked_offline(tmp_path: Path, certificate: str) -> None:
    """Whoever has it and the public keys is told what was erased, without asking the service."""
    said = await checked(tmp_path, certificate)
    assert said.status == 0, said.complained
    assert "'subjects': 1" in said.said


async def test_a_forged_certificate_is_not_believed(tmp_path: Path, certificate: str) -> None:
    """Nothing can be changed in what it says, and a receipt's signature does not make it a certificate."""
    head, claims, signature = certificate.split(".")
    changed = to_text(from_text(claims).replace(b'"subjects":1', b'"subjects":2'))
    other = to_text(json.dumps({"alg": "Ed25519", "kid": json.loads(from_text(head))["kid"], "typ": "JWT"}).encode())
    assert changed != claims
    for forged in (f"{head}.{changed}.{signature}", f"{other}.{claims}.{signature}", f"{head}.{claims}."):
        said = await checked(tmp_path, forged)
        assert (said.status, said.said) == (1, "")
        assert "BadSignatureError" in said.complained
