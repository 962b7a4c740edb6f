"""A log of touchpoints: a line of .jsonl is one as POST /v1/touchpoints takes it, a column of .csv a part of one."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, cast

from msgspec import Meta, Struct

from service.cli.lines import Row, columns
from service.journey.model import Name, ShortText
from service.kernel.body import Instant, Reader
from service.kernel.problem import Fault, Problem
from service.policy.model import Bundle
from service.subjects.model import Identifier

REQUIRED = ("subject", "event", "channel", "occurred_at")
OPTIONAL = ("id", "sentiment")


class Event(Struct, frozen=True, forbid_unknown_fields=True):
    """One line: a touchpoint of somebody who is named by any label."""

    subject: ShortText | Identifier
    event: Name
    channel: Name
    occurred_at: Instant
    id: ShortText | None = None
    sentiment: Annotated[int, Meta(ge=-2, le=2)] | None = None
    properties: dict[str, ShortText | int | float | bool] | None = None

    @property
    def person(self) -> str:
        """The label of whose it is."""
        return self.subject if isinstance(self.subject, str) else f"{self.subject.kind}:{self.subject.value}"


_reader = Reader(Event)


def row_of(header: Sequence[str]) -> Row:
    """What makes a touchpoint of a row with these columns; raises `FileRefused`. An empty cell says nothing."""
    names = columns(header, REQUIRED, lambda name: name in REQUIRED or name in OPTIONAL)

    def row(cells: Sequence[str]) -> Mapping[str, Any]:
        said = {name: cell for name, cell in zip(names, cells, strict=True) if cell}
        sentiment = said.get("sentiment", "")
        return {**said, "sentiment": int(sentiment)} if sentiment.lstrip("+-").isdecimal() else said

    return row


def event_of(body: bytes | Fault, bundle: Bundle) -> Event | Sequence[Fault]:
    """What a line says, or everything that is wrong with it, as the service would say it."""
    if isinstance(body, Fault):
        return [body]
    try:
        event = cast("Event", _reader.read(body))
    except Problem as problem:
        return problem.faults or [Fault("$", problem.detail)]
    if event.channel not in bundle.channels:
        return [Fault("$.channel", f"unknown; channels.toml has: {', '.join(sorted(bundle.channels))}")]
    return event
