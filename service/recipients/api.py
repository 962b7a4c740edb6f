"""Recipients over HTTP: what they acknowledge, and what officers see of deliveries."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter, JSONBody, QueryParameter

from service.kernel.auth import anyone, may
from service.kernel.clock import system_now
from service.kernel.problem import Fault, InvalidBody
from service.kernel.webhooks import ID, SIGNATURE, TIMESTAMP
from service.recipients.commands import DeliveryDesk
from service.recipients.model import Acknowledged, Acknowledgement, Deliveries, DeliveryShown, State

MOST = 200
STATES = [state.value for state in State]


@post("/{recipient_id:str}/acknowledgements", operation_id="Acknowledge", guards=[anyone], status_code=200)
async def acknowledge(
    recipient_id: FromPath[str],
    data: JSONBody[Acknowledgement],
    delivery_desk: NamedDependency[DeliveryDesk],
    request: Request[Any, Any, Any],
    webhook_id: Annotated[str | None, HeaderParameter(name=ID)] = None,
    webhook_timestamp: Annotated[str | None, HeaderParameter(name=TIMESTAMP)] = None,
    webhook_signature: Annotated[str | None, HeaderParameter(name=SIGNATURE)] = None,
) -> Acknowledged:
    """Say what you, a recipient, did about a message; signed by you as Standard Webhooks says, and needs no key."""
    headers = {ID: webhook_id or "", TIMESTAMP: webhook_timestamp or "", SIGNATURE: webhook_signature or ""}
    return await delivery_desk.acknowledge(recipient_id, data, await request.body(), headers, system_now())


@get("/deliveries", operation_id="ListDeliveries", guards=[may("rights:decide")])
async def list_deliveries(
    delivery_desk: NamedDependency[DeliveryDesk],
    in_state: Annotated[str | None, QueryParameter(name="state", enum=STATES)] = None,
    after: Annotated[str | None, QueryParameter(format="uuid")] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=MOST)] = 50,
) -> Deliveries:
    """Messages to recipients and what became of them, the oldest first; `dead` ones wait for an officer."""
    if in_state is not None and in_state not in STATES:
        raise InvalidBody(
            "The list cannot be made.", faults=[Fault("query.state", f"must be one of {', '.join(STATES)}")]
        )
    try:
        place = UUID(after) if after else None
    except ValueError:
        raise InvalidBody("The list cannot be made.", faults=[Fault("query.after", "must be a message_id")]) from None
    return await delivery_desk.deliveries(State(in_state) if in_state else None, place, limit)


@post(
    "/deliveries/{message_id:uuid}/retry", operation_id="RetryDelivery", guards=[may("rights:decide")], status_code=200
)
async def retry(message_id: FromPath[UUID], delivery_desk: NamedDependency[DeliveryDesk]) -> DeliveryShown:
    """Try a message again that was given up."""
    return await delivery_desk.retry(message_id)


router = Router(path="/v1/recipients", route_handlers=[acknowledge, list_deliveries, retry], tags=["Recipients"])
