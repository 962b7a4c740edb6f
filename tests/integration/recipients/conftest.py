"""A shop whose customer records listen on this machine."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.receiving import Receiver, reach, receiving


@pytest.fixture
async def crm() -> AsyncIterator[Receiver]:
    """The customer records, which are told of `personalization`."""
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
def policies_dir(tmp_path: Path, crm: Receiver) -> Path:
    """The shop, in which the customer records can be reached."""
    folder = Path(shutil.copytree(ROOT / "policies", tmp_path / "policies"))
    reach(folder, "crm", crm.endpoint)
    return folder
