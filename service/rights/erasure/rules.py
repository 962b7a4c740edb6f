"""When an erasure ends, and how (rules R9 and R10)."""

from collections.abc import Collection, Sequence
from datetime import datetime

from service.recipients.model import Did, Outcome
from service.recipients.model import State as Delivered
from service.rights.model import State


def ending(
    outcomes: Sequence[Outcome], held_until: Collection[datetime], due_at: datetime, now: datetime
) -> State | None:
    """How an erasure ends now; None while it is worth waiting, which it is until it is due and no longer.

    A recipient is waited for until it answers, and a hold that is over before the answer is due until it is over.
    """
    silent = any(outcome.state is not Delivered.ACKNOWLEDGED for outcome in outcomes)
    if now < due_at and (silent or any(until < due_at for until in held_until)):
        return None
    refused = any(outcome.answer == Did.REFUSED.value for outcome in outcomes)
    return State.COMPLETED_WITH_EXCEPTIONS if silent or refused or held_until else State.COMPLETED
