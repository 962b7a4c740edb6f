"""The code of docs/recipients.md checks what the service sends, and writes what it accepts."""

import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.receiving import Receiver, delivery, reach, receiving
from tests.running import Running, customer, succeeded


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


def manual() -> dict[str, Any]:
    """The functions of the page."""
    block = re.search(r"^```python\n(.*?)^```", (ROOT / "docs/recipients.md").read_text(), re.DOTALL | re.MULTILINE)
    assert block
    names: dict[str, Any] = {}
    exec(block[1], names)  # noqa: S102 - our own page
    return names


async def test_a_recipient_that_follows_the_manual_is_understood(service: Running, crm: Receiver) -> None:
    """It believes what we send and nothing else, and its acknowledgement counts."""
    await service.give(customer(), "personalization")
    await delivery(service).run()
    (got,) = crm.received
    known = service.desks.policy.current.recipients["crm"]
    secret, code = service.desks.deliveries.signatures.secret(known), manual()
    message = code["received"](got.headers, got.body, secret)
    assert message["data"]["status"] == "given"
    for headers, body in ((got.headers, got.body + b" "), (got.headers | {"webhook-timestamp": "1"}, got.body)):
        with pytest.raises(ValueError, match=r"sent|from"):
            code["received"](headers, body, secret)
    headers, body = code["acknowledgement"](got.headers, message, "done", secret)
    succeeded(await service.http.post("/v1/recipients/crm/acknowledgements", content=body, headers=headers))
