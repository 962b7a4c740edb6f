"""How tests make stored decisions again from what was sealed with them."""

from typing import Any
from uuid import UUID

import msgspec

from service.decisioning.model import Inputs
from tests.running import Running


async def inputs_of(service: Running, decision: dict[str, Any]) -> tuple[Inputs, Any]:
    """What was sealed with a decision, and its row."""
    query = "SELECT * FROM decisions WHERE decision_id = $1"
    row = await service.database.fetchrow(query, UUID(decision["decision_id"]))
    assert row is not None
    plain = service.desks.subjects.open("decisions", "inputs", row["subject_id"], row["inputs"])
    return msgspec.json.decode(plain, type=Inputs), row
