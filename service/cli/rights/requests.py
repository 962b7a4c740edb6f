"""`placet rights list`: which requests there are, and which are due first."""

from collections.abc import Iterator
from datetime import datetime

import click
import msgspec
from msgspec import Struct

from service.cli.ending import run, settings_of
from service.cli.replaying import opened, time_of
from service.kernel.clock import system_now
from service.rights import store
from service.rights.model import RightsRequest, State
from service.rights.store import Wanted, behind

AT_ONCE = 500


class Listed(Struct, frozen=True):
    """A request without anything that leads to a person; `days_left` is null once it is closed."""

    request_id: str
    right: str
    state: str
    received_at: datetime
    due_at: datetime
    days_left: int | None
    overdue: bool
    approvals: int


@click.command(name="list")
@click.option("--state", type=click.Choice([state.value for state in State]), help="Only requests in this state.")
@click.option("--due-before", callback=time_of, metavar="TIME", help="Only requests whose answer is due before then.")
@click.option("--json", "as_json", is_flag=True, help="For programs, one request a line.")
def list_requests(state: str | None, due_before: datetime | None, as_json: bool) -> None:
    """The requests, the most urgent first; it names nobody.

    What is not answered in time is marked OVERDUE (Art. 12(3)).
    """
    run(_list(State(state) if state else None, due_before, as_json=as_json))


async def _list(state: State | None, due_before: datetime | None, *, as_json: bool) -> None:
    async with opened(settings_of()) as database:
        wanted, place = Wanted(state=state, due_before=due_before), None
        while page := await store.page(database, wanted, place, AT_ONCE):
            now = system_now()
            for request in page:
                listed = _listed(request, now)
                click.echo(msgspec.json.encode(listed) if as_json else "  ".join(_words(listed)))
            place = behind(page[-1])


def _listed(request: RightsRequest, now: datetime) -> Listed:
    closed = request.closed_at is not None
    return Listed(
        request_id=str(request.request_id),
        right=request.right.value,
        state=request.state.value,
        received_at=request.received_at,
        due_at=request.due_at,
        days_left=None if closed else (request.due_at - now).days,
        overdue=not closed and request.due_at <= now,
        approvals=len(request.approved_by),
    )


def _words(listed: Listed) -> Iterator[str]:
    yield listed.request_id
    yield f"{listed.right:<13}"
    yield f"{listed.state:<10}"
    yield f"received {listed.received_at:%Y-%m-%d}"
    yield f"due {listed.due_at:%Y-%m-%d}"
    if listed.days_left is not None:
        yield "OVERDUE" if listed.overdue else f"{listed.days_left} days left"
