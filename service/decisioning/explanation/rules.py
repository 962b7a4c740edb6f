"""Which single change would have led to another offer: found by running the same pipeline on it (CJEU C-203/22)."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime

from msgspec import Struct
from msgspec.structs import replace

from service.decisioning.explanation.model import Change, plain
from service.decisioning.explanation.past import recalled
from service.decisioning.explanation.values import others
from service.decisioning.model import Choice, Exclusion, Input, Inputs, Slot
from service.decisioning.rules import facts_of, fill, stage
from service.decisioning.slots import slot
from service.journey.model import PastContact
from service.journey.rules import persona
from service.policy.expression import Value
from service.policy.model import Bundle, Field, LegalBasis, Placement

Changed = tuple[Change, Inputs]
MOST = 2000
"""Contacts of somebody that are left out one after the other; with more of them that would take seconds."""


class Found(Struct, frozen=True):
    """A change that leads to another offer, and what it leads to."""

    change: Change
    choice: Choice


class Case(Struct, frozen=True):
    """A decision as it can be made again. `contacts` are those that may still be read, as they were known then.

    Of somebody with more than `most` of them none is left out to see what would have been.
    """

    bundle: Bundle
    placement: Placement
    inputs: Inputs
    now: datetime
    contacts: Sequence[PastContact] = ()
    most: int = MOST

    @property
    def slot(self) -> Slot:
        """What consent left for the placement."""
        return slot(self.bundle, self.placement, frozenset(self.inputs.allowed), held_out=self.inputs.held_out)

    @property
    def facts(self) -> dict[str, Value]:
        """What was known, `today` among it."""
        return facts_of(self.bundle, self.inputs, self.now)

    def fill(self, inputs: Inputs) -> Choice:
        """What the pipeline makes of inputs."""
        return fill(self.bundle, self.placement, inputs, self.now)


def counterfactuals(case: Case) -> list[Found]:
    """The changes that would have led to another offer, the smallest first; of several that say the same the first."""
    actual = case.fill(case.inputs).offer.id
    found: dict[tuple[object, ...], Found] = {}
    for change, inputs in changes(case):
        choice = certain(case, inputs)
        if choice is not None and choice.offer.id != actual:
            key = (change.kind, change.event, change.field, change.purpose, choice.offer.id)
            found.setdefault(key, Found(change, choice))
    return [*found.values()]


def changes(case: Case) -> Iterator[Changed]:
    """Every single change that is tried: a contact less, another value, no contact of an event, a purpose less."""
    remembers = len(case.contacts) <= case.most and _remembers(case)
    if remembers:
        yield from _a_contact_less(case)
    yield from _another_value(case)
    if remembers:
        yield from _no_contact_of_an_event(case)
    yield from _a_purpose_less(case)


def certain(case: Case, inputs: Inputs) -> Choice | None:
    """What changed inputs lead to; None where that hangs on something that was not read, and so is not known."""
    choice = case.fill(inputs)
    if inputs.allowed != case.inputs.allowed:  # of whoever allows less, fewer caps and dismissals would be known
        shown = {offer: out for offer, out in inputs.excluded.items() if out is Exclusion.SHOWN}
        if case.fill(replace(inputs, excluded=shown)).offer.id != choice.offer.id:
            return None
    return choice if choice.propensity >= 1.0 or _drawn_alike(case, inputs, choice) else None


def _drawn_alike(case: Case, inputs: Inputs, choice: Choice) -> bool:
    """Whether a draw among what would be left is known: where it falls, and by which weights."""
    draw = inputs.draw
    if draw is None or bool(choice.slot.purposes) != bool(case.slot.purposes):  # who is nobody draws like everybody
        return False
    if case.placement.ranking == "weighted":
        return True
    before, after = (stage(case.slot, facts_of(case.bundle, each, case.now)) for each in (case.inputs, inputs))
    return before == after and (draw.table is None or choice.weights.keys() <= draw.weights.keys())


def _remembers(case: Case) -> bool:
    """Whether the contacts that may still be read tell the very facts that were decided on."""
    then, again = (
        {name: given.value for name, given in inputs.facts.items() if given.purpose}
        for inputs in (case.inputs, _with_contacts(case, case.contacts))
    )
    return then == again


def _a_contact_less(case: Case) -> Iterator[Changed]:
    """The last contact of each kind had not been, the latest first."""
    last = {(contact.event, contact.channel): place for place, contact in enumerate(case.contacts)}
    for place in sorted(last.values(), reverse=True):
        gone = case.contacts[place]
        change = Change("contact", event=gone.event, channel=gone.channel, occurred_at=gone.occurred_at)
        yield change, _with_contacts(case, [*case.contacts[:place], *case.contacts[place + 1 :]])


def _no_contact_of_an_event(case: Case) -> Iterator[Changed]:
    """None of the several contacts of an event had been, the event with the fewest first."""
    number = Counter(contact.event for contact in case.contacts)
    for event, times in sorted(number.items(), key=lambda counted: (counted[1], counted[0])):
        if times > 1:
            left = [contact for contact in case.contacts if contact.event != event]
            yield Change("contacts", event=event, number=times), _with_contacts(case, left)


def _another_value(case: Case) -> Iterator[Changed]:
    facts = case.facts
    for name in sorted(case.slot.reads):
        field = case.bundle.fields[name]
        for value in others(case.bundle, case.slot.offers, field, facts.get(name)):
            kind = "absent" if value is None else "value"
            yield Change(kind, field=name, value=plain(value)), _with_value(case, field, value)


def _a_purpose_less(case: Case) -> Iterator[Changed]:
    """The person had not agreed to one of the purposes that were used; nobody is held out of whom nothing is."""
    for purpose in sorted(case.slot.purposes):
        if case.bundle.purposes[purpose].legal_basis is LegalBasis.CONSENT:
            allowed = tuple(one for one in case.inputs.allowed if one != purpose)
            facts = {name: given for name, given in case.inputs.facts.items() if given.purpose != purpose}
            profiled = slot(case.bundle, case.placement, frozenset(allowed)).purposes
            held_out = case.inputs.held_out and bool(profiled)
            less = replace(case.inputs, allowed=allowed, facts=facts, held_out=held_out)
            yield Change("purpose", purpose=purpose), less


def _with_contacts(case: Case, contacts: Sequence[PastContact]) -> Inputs:
    """The inputs, had these been all the contacts."""
    fields, given = case.bundle.fields, case.inputs.facts
    context = {name: value for name, value in case.facts.items() if name not in given or not given[name].purpose}
    told = recalled(case.bundle, case.slot.personal, contacts, case.now, context)
    facts = {name: each for name, each in given.items() if not each.purpose}
    return replace(case.inputs, facts=facts | {name: _input(fields[name], value) for name, value in told.items()})


def _with_value(case: Case, field: Field, value: Value | None) -> Inputs:
    """The inputs, had one fact been otherwise; who somebody is taken for follows from the facts."""
    follows = {each.id: each for each in case.slot.personal if each.source == "persona"}
    facts = {name: given for name, given in case.inputs.facts.items() if name != field.id and name not in follows}
    if value is not None:
        facts[field.id] = _input(field, value)
    changed = replace(case.inputs, facts=facts)
    who = persona(case.bundle, facts_of(case.bundle, changed, case.now)) if follows else None
    return replace(changed, facts=facts | {name: _input(each, who) for name, each in follows.items() if who})


def _input(field: Field, value: Value) -> Input:
    return Input(value.isoformat() if isinstance(value, date) else value, field.purpose)
