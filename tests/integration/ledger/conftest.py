"""A sequencer on the service's database, run when a test says so."""

import pytest

from service.ledger.sequencing import Sequencer
from tests.running import Running
from tests.sequencing import sequencer_of


@pytest.fixture
def sequencer(service: Running) -> Sequencer:
    """The sequencer of the running service."""
    return sequencer_of(service)
