"""Which decisions would have been others, in words and for programs. What concerns few people is told together."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from service.cli.policies.few import few, people, told
from service.decisioning.evaluation.replaying import Shift, Shifts

LEFT_OUT = {
    "ended": "of people whose consent has ended since",
    "older": "of version 0.1, which did not keep enough to decide again",
}


class Told(Struct, frozen=True):
    """Decisions of a placement that would have been others, alike; of few people their number is not told."""

    placement: str
    shift: Shift | None
    decisions: int | None
    people: int


def document(shifts: Shifts, smallest_group: int) -> dict[str, Any]:
    """What would have been, for programs."""
    return {
        "looked_at": shifts.decisions.total(),
        "left_out": dict(shifts.left_out),
        "concerned": people(shifts.people_concerned, smallest_group),
        "placements": [
            {
                "placement": placement,
                "decisions": number,
                "changed_percent": _percent(shifts, placement),
                "changes": [_document(one, smallest_group) for one in _alike(shifts, placement, smallest_group)],
            }
            for placement, number in sorted(shifts.decisions.items())
        ],
    }


def _document(one: Told, smallest_group: int) -> dict[str, Any]:
    which = {"shown": one.shift.shown, "instead": one.shift.instead} if one.shift else {"others": True}
    return which | {"decisions": one.decisions} | people(one.people, smallest_group)


def sentences(shifts: Shifts, smallest_group: int) -> Iterator[str]:
    """What would have been, for people."""
    for placement, number in sorted(shifts.decisions.items()):
        yield f"  {placement}: {number:,} decisions, about {_percent(shifts, placement)} % of them would be others"
        for one in _alike(shifts, placement, smallest_group):
            which = f"{one.shift.shown} -> {one.shift.instead or 'nothing'}" if one.shift else "others"
            how_many = "" if one.decisions is None else f"{one.decisions:,} decisions of "
            yield f"    {which}: {how_many}{told(one.people, smallest_group)}"
    if not shifts.decisions:
        yield "  there is none that may be looked at"
    if shifts.people_concerned:
        yield f"  {told(shifts.people_concerned, smallest_group)} would have seen something else"
    for why, sentence in LEFT_OUT.items():
        if number := shifts.left_out[why]:
            yield f"  left aside: {number:,} decisions {sentence}"


def _alike(shifts: Shifts, placement: str, smallest_group: int) -> Iterator[Told]:
    """The changes of a placement, the most frequent first, and at the end those of few people as one."""
    rest: list[Shift] = []
    for shift, number in shifts.shifts.most_common():
        if shift.placement != placement:
            continue
        if few(shifts.people[shift], smallest_group):
            rest.append(shift)
        else:
            yield Told(placement, shift, number, shifts.people[shift])
    if rest:
        yield Told(placement, None, None, min(smallest_group - 1, sum(shifts.people[shift] for shift in rest)))


def _percent(shifts: Shifts, placement: str) -> int:
    """Which share changes, in whole percent, so that no difference tells what is not told."""
    changed = sum(number for shift, number in shifts.shifts.items() if shift.placement == placement)
    return round(100 * changed / shifts.decisions[placement])
