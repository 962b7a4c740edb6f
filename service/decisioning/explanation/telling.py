"""How an explanation is told: what was shown, because of what, what permitted it, what would change it, how to say no.

What is told was found by `rules`; here it only gets its words.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from service.decisioning.explanation.candidates import candidates
from service.decisioning.explanation.model import (
    Change,
    Counterfactual,
    Detail,
    Explanation,
    InputsAre,
    InputUsed,
    PurposeUsed,
    Ranking,
    plain,
)
from service.decisioning.explanation.names import Names
from service.decisioning.explanation.rules import Case, Found, counterfactuals
from service.decisioning.model import Mode, Reason
from service.policy.model import LegalBasis, Offer


class Grant(Struct, frozen=True):
    """The ledger entry that allowed a purpose, and since when (None: not on record any more)."""

    proof: UUID | None
    since: datetime | None


NO_GRANT = Grant(None, None)


class Shown(Struct, frozen=True):
    """A decision as it was answered, or as it is stored, and what became of the values that it was made on."""

    decision_id: UUID | None
    decided_at: datetime
    bundle: str
    placement: str
    offer: str
    mode: Mode
    reason: Reason
    stage: str | None
    propensity: float
    purposes: tuple[str, ...]
    grants: Mapping[str, Grant] = {}
    inputs_are: InputsAre = "kept"
    emptied_at: datetime | None = None


def told(names: Names, shown: Shown, case: Case | None, detail: Detail) -> Explanation:
    """The explanation of a decision; without a case, where its inputs are gone, what was done is told all the same."""
    found = counterfactuals(case) if case else []
    inputs = _inputs(names, case) if case else []
    purposes = [_purpose(names, purpose, shown.grants.get(purpose, NO_GRANT)) for purpose in shown.purposes]
    changed = [_counterfactual(names, one) for one in found]
    return Explanation(
        decision_id=shown.decision_id,
        decided_at=shown.decided_at,
        language=names.language,
        bundle=shown.bundle,
        placement=names.placement(shown.placement),
        offer=names.offer(shown.offer),
        mode=shown.mode.value,
        reason=shown.reason.value,
        stage=names.stage(shown.stage) if shown.stage else None,
        paragraphs=_paragraphs(names, shown, case, inputs, purposes, changed),
        inputs_are=shown.inputs_are,
        inputs=inputs,
        purposes=purposes,
        candidates=candidates(names, case, detail) if case else [],
        ranking=_ranking(names, shown, case) if case else None,
        counterfactuals=changed,
    )


def _inputs(names: Names, case: Case) -> list[InputUsed]:
    facts = case.facts
    return [
        InputUsed(name, names.field(name).title, plain(facts.get(name)), names.bundle.fields[name].purpose)
        for name in sorted(case.slot.reads)
    ]


def _purpose(names: Names, purpose: str, grant: Grant) -> PurposeUsed:
    basis = names.bundle.purposes[purpose].legal_basis.value
    return PurposeUsed(purpose, names.purpose(purpose).title, basis, grant.proof, grant.since)


def _ranking(names: Names, shown: Shown, case: Case) -> Ranking:
    method, draw = case.placement.ranking, case.inputs.draw
    return Ranking(
        method=method,
        text=names.words.rankings[method],
        propensity=shown.propensity,
        u=draw.u if draw else None,
        table=draw.table if draw else None,
    )


def _counterfactual(names: Names, found: Found) -> Counterfactual:
    offer = names.offer(found.choice.offer.id)
    change = _change(names, found.change)
    return Counterfactual(
        change=found.change,
        offer=offer,
        mode=found.choice.mode.value,
        reason=found.choice.reason.value,
        text=names.words.changes["then"].format(change=change, offer=names.words.quoted(offer.title)),
    )


def _change(names: Names, change: Change) -> str:
    """A change as a clause of a sentence."""
    said = names.words.changes[change.kind]
    quoted = names.words.quoted
    event = quoted(names.event(change.event, change.channel).title) if change.event else ""
    channel = names.channel(change.channel).title if change.channel else ""
    field = names.bundle.fields.get(change.field or "")
    if field and field.source == "stage" and change.kind == "value":
        said = names.words.changes["stage"]
    return said.format(
        event=event,
        channel=channel,
        day=names.day(change.occurred_at) if change.occurred_at else "",
        number=change.number,
        title=names.field(field.id).title if field else "",
        value=names.value(field.id, change.value) if field else "",
        purpose=quoted(names.purpose(change.purpose).title) if change.purpose else "",
    )


def _paragraphs(
    names: Names,
    shown: Shown,
    case: Case | None,
    inputs: Sequence[InputUsed],
    purposes: Sequence[PurposeUsed],
    changed: Sequence[Counterfactual],
) -> list[str]:
    """Short paragraphs for the person, each about one thing."""
    offer = names.words.quoted(names.offer(shown.offer).title)
    told = [
        _what(names, shown, offer),
        _why(names, shown, case, offer),
        _read(names, shown, inputs),
        [_permission(names, purpose) for purpose in purposes],
        _changed(names, changed, offer) if case else [],
        _no(names, shown, purposes),
    ]
    return [paragraph for sentences in told if (paragraph := " ".join(sentences))]


def _what(names: Names, shown: Shown, offer: str) -> Iterator[str]:
    say, placement = names.words.say, names.words.quoted(names.placement(shown.placement).title)
    day, time = names.day(shown.decided_at), names.time(shown.decided_at)
    yield say["shown"].format(day=day, time=time, placement=placement, offer=offer)
    yield say["automatic"]
    if names.bundle.offers[shown.offer].personalised_price:
        yield say["price"]


def _why(names: Names, shown: Shown, case: Case | None, offer: str) -> Iterator[str]:
    yield names.words.modes["profiled" if shown.purposes else shown.mode.value]
    yield names.words.reasons[shown.reason.value].format(percent=f"{100 * shown.propensity:.3g}")
    if case and shown.offer != case.placement.fallback:
        yield from _suits(names, case, names.bundle.offers[shown.offer], offer)


def _suits(names: Names, case: Case, shown: Offer, offer: str) -> Iterator[str]:
    """What made the offer suit."""
    said = names.words.suits
    if shown.stages:
        yield said["stage"].format(offer=offer, stages=names.listed(names.stage(stage) for stage in shown.stages))
    if shown.rule:
        values = {name: plain(case.facts.get(name)) for clause in shown.rule.clauses for name in clause.reads}
        yield said["rule"].format(inputs=names.read(values))
    if not shown.stages and not shown.rule:
        yield said["anyone"].format(offer=offer)


def _read(names: Names, shown: Shown, inputs: Sequence[InputUsed]) -> Iterator[str]:
    said = names.words.inputs
    if shown.inputs_are != "kept":
        yield said[shown.inputs_are]
        if shown.emptied_at:
            yield said["deleted"].format(day=names.day(shown.emptied_at))
        return
    known = {one.field: one.value for one in inputs if one.value is not None}
    yield said["some"].format(inputs=names.read(known)) if known else said["none"]
    if missing := [names.field(one.field) for one in inputs if one.value is None]:
        yield said["missing"].format(fields=names.listed(missing))


def _permission(names: Names, purpose: PurposeUsed) -> str:
    said, quoted = names.words.permissions, names.words.quoted(purpose.title)
    if purpose.legal_basis != LegalBasis.CONSENT.value:
        return said[purpose.legal_basis].format(purpose=quoted)
    if purpose.since is None:
        return said["consent-given"].format(purpose=quoted)
    return said["consent"].format(purpose=quoted, day=names.day(purpose.since))


def _changed(names: Names, changed: Sequence[Counterfactual], offer: str) -> list[str]:
    """One counterfactual of each kind, the smallest."""
    first: dict[tuple[str, str | None], str] = {}
    for one in changed:
        first.setdefault((one.change.kind, one.change.field), one.text)
    return [*first.values()] or [names.words.changes["none"].format(offer=offer)]


def _no(names: Names, shown: Shown, purposes: Sequence[PurposeUsed]) -> Iterator[str]:
    said, controller = names.words.no, names.bundle.controller
    contact = controller.rights_contact or controller.contact
    consented = [names.purpose(one.id) for one in purposes if one.legal_basis == LegalBasis.CONSENT.value]
    if consented and shown.inputs_are != "ended":
        yield said["purposes"].format(purposes=names.listed(consented), contact=contact)
    elif not purposes:
        yield said["nothing"]
    yield said["ask"].format(contact=contact)
