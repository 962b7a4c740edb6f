"""What tests of policies may ask for."""

from pathlib import Path

import pytest

from tests.unit.policy.folder import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A copy of the bundle that ships, to break."""
    return Folder(tmp_path / "policies")
