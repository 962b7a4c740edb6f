"""What another bundle would change, in words and for programs."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec
from msgspec import Struct

from service.cli.policies import decisions
from service.cli.policies.few import people, told
from service.consent.asking.model import Concerned, Effect
from service.decisioning.evaluation.replaying import Shifts
from service.policy.differences import SETTINGS, Difference, Part, Plain

EFFECTS: Mapping[Effect, str] = {
    "ask_again": "{people} must be asked again: a new major version of the notice changes what they said yes to",
    "ask": "{people} must be asked first: it rests on consent now",
    "unasked": "data, recipients or retention change for {people} who said yes, and no new major version of the notice "
    "says so: nobody is asked",
    "no_stays": "it rests on consent no longer, but the no of {people} stays a no",
    "ends": "it is gone, and with it the yes of {people}",
}


class Answer(Struct, frozen=True):
    """What two bundles differ in, and whom it concerns. Fewer people than `smallest_group` are not counted out."""

    old: str
    new: str
    differences: Sequence[Difference]
    concerned: Sequence[Concerned]
    smallest_group: int
    shifts: Shifts | None = None


def document(answer: Answer) -> dict[str, object]:
    """The answer, for programs."""
    return {
        "old": answer.old,
        "new": answer.new,
        "same": answer.old == answer.new,
        "differences": msgspec.to_builtins(answer.differences),
        "concerned": [
            {"purpose": one.purpose, "effect": one.effect, **people(one.people, answer.smallest_group)}
            for one in answer.concerned
        ],
        "decisions": decisions.document(answer.shifts, answer.smallest_group) if answer.shifts else None,
    }


def sentences(answer: Answer) -> Iterator[str]:
    """The answer, for people."""
    if answer.old == answer.new:
        yield f"Both are {answer.old}."
        return
    yield f"from {answer.old}\nto   {answer.new}"
    for difference in answer.differences:
        yield from _difference(difference)
    if not answer.differences:
        yield "The files differ, and say the same."
    if answer.concerned:
        yield "\nWhat becomes of what people have said"
    for one in answer.concerned:
        yield f"  {one.purpose}: {EFFECTS[one.effect].format(people=told(one.people, answer.smallest_group))}"
    if answer.shifts:
        yield "\nWhat decisions would have been"
        yield from decisions.sentences(answer.shifts, answer.smallest_group)


def _difference(difference: Difference) -> Iterator[str]:
    kind = "" if difference.kind == SETTINGS else difference.kind
    name = f"{kind} {difference.id}".strip() or SETTINGS
    match difference.change:
        case "added":
            yield f"{name} is new"
        case "removed":
            yield f"{name} is gone"
        case "changed":
            yield name
            yield from (f"  {_part(part)}" for part in difference.parts)


def _part(part: Part) -> str:
    old, new = part.old, part.new
    if part.path == "sha256":
        return "the text is another"
    if isinstance(old, list | None) and isinstance(new, list | None) and not part.path.endswith("order"):
        came = [f"+ {item}" for item in new or () if item not in (old or ())]
        went = [f"- {item}" for item in old or () if item not in (new or ())]
        return f"{part.path}: {', '.join([*went, *came]) or 'in another order'}"
    return f"{part.path}: {_shown(old)} -> {_shown(new)}"


def _shown(value: Plain) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{value}"'
        case int() | float():
            return f"{value:g}"
        case _:
            return f"[{', '.join(value)}]"
