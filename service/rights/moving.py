"""How a request moves: where it stands, and the ledger entry that says so, are written together or not at all."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from service.kernel.database import Connection
from service.kernel.ids import new_id
from service.ledger import rules as ledger_rules
from service.ledger import store as ledger
from service.rights import rules, store
from service.rights.model import RequestSettled, RightsRequest, State

RIGHTS_REQUEST = "rights_request"
"""The kind of these entries; they stand under the request's id, since a request may name nobody who is known."""


async def enter(
    connection: Connection,
    request: RightsRequest,
    bundle: str,
    *,
    at: datetime,
    by: UUID | None = None,
    also: Mapping[str, str] | None = None,
) -> None:
    """Write in the ledger where a request stands; `by` is the officer who moved it. No identifier and no free text."""
    facts = {
        "request_id": str(request.request_id),
        "right": request.right.value,
        "state": request.state.value,
        "bundle": bundle,
        **({"officer": str(by)} if by else {}),
        **(also or {}),
    }
    await ledger.append(connection, [ledger_rules.entry(RIGHTS_REQUEST, request.request_id, new_id(), at, at, facts)])


async def move(
    connection: Connection,
    request: RightsRequest,
    to: State,
    bundle: str,
    *,
    by: UUID | None = None,
    at: datetime | None = None,
) -> RightsRequest:
    """Let a request, whose row the caller has locked, take its next step; returns it as it stands then.

    The time is the database's unless the caller chose it. Raises `RequestSettled` for a step that the state machine
    does not have (`rules.MOVES`).
    """
    if to not in rules.MOVES[request.state]:
        raise RequestSettled("It has gone another way meanwhile; GET it to see where it stands.")
    moved_at = at or await store.clock(connection)
    await store.move(connection, request.request_id, to, moved_at, closes=to in rules.FINAL)
    moved = replace(
        request,
        state=to,
        completed_at=moved_at if to in rules.SERVED else request.completed_at,
        closed_at=moved_at if to in rules.FINAL else None,
    )
    await enter(connection, moved, bundle, at=moved_at, by=by)
    return moved


async def drop(
    connection: Connection, request: RightsRequest, to: State, bundle: str, *, at: datetime | None
) -> RightsRequest:
    """Let a request end with nothing kept of what was written, and nobody told."""
    moved = await move(connection, request, to, bundle, at=at)
    await store.empty(connection, request.request_id)
    await store.forget_address(connection, request.request_id)
    return moved
