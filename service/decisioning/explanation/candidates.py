"""What became of each offer of a placement, and which parts of its rule held."""

from collections.abc import Iterable

from msgspec.structs import replace

from service.decisioning.explanation.model import Candidate, ClauseFound, Detail, Factor, Weighing, plain
from service.decisioning.explanation.names import Names
from service.decisioning.explanation.rules import Case
from service.decisioning.model import Verdict
from service.decisioning.ranking import weights
from service.decisioning.rules import verdicts
from service.policy.expression import Facts, Rule
from service.policy.model import Offer


def candidates(names: Names, case: Case, detail: Detail) -> list[Candidate]:
    """Every offer of the placement, in the order in which they rank."""
    found = verdicts(case.bundle, case.placement, case.inputs, case.now)
    return [_candidate(names, case, verdict, detail) for verdict in found]


def _candidate(names: Names, case: Case, verdict: Verdict, detail: Detail) -> Candidate:
    offer, facts = case.bundle.offers[verdict.offer], case.facts
    looked_at = offer.purposes <= frozenset(case.inputs.allowed)
    clauses = _clauses(offer.rule, facts) if offer.rule and looked_at else ()
    missing = tuple(clause for clause in clauses if clause.found != "held")
    told = Candidate(
        offer=names.offer(offer.id),
        verdict=verdict.verdict,
        text=_text(names, case, verdict, offer, missing),
        purposes=tuple(sorted(offer.purposes)),
        stages=offer.stages,
        clauses=missing if verdict.verdict == "rule" else (),
    )
    if detail == "person":
        return told
    weighing = _weighing(case, offer) if looked_at else None
    return replace(told, clauses=clauses, priority=offer.priority, weighing=weighing, probability=verdict.chance)


def _clauses(rule: Rule, facts: Facts) -> tuple[ClauseFound, ...]:
    return tuple(
        ClauseFound(
            clause.text, clause.column, clause.found(facts), {name: plain(facts.get(name)) for name in clause.reads}
        )
        for clause in rule.clauses
    )


def _weighing(case: Case, offer: Offer) -> Weighing | None:
    """How much an offer weighs where one is drawn."""
    if case.placement.ranking == "priority":
        return None
    factors = [Factor(w.rule.source, w.factor, held=w.rule.holds(case.facts)) for w in offer.context]
    (weight,) = weights(case.placement, [offer], case.facts, case.inputs.draw).values()
    return Weighing(value=offer.value, lever=offer.lever, context=tuple(factors), weight=weight)


def _text(names: Names, case: Case, verdict: Verdict, offer: Offer, missing: Iterable[ClauseFound]) -> str:
    said, kind = names.words.verdicts, verdict.verdict
    if kind == "outranked" and case.placement.ranking != "priority":
        kind = "not_drawn"
    allowed = case.inputs.allowed
    values = {name: value for clause in missing for name, value in clause.values.items()}
    return said[kind].format(
        offer=names.words.quoted(names.offer(offer.id).title),
        purposes=names.listed(names.purpose(p) for p in sorted(offer.purposes) if p not in allowed),
        stages=names.listed(names.stage(stage) for stage in offer.stages),
        inputs=names.read(values),
    )
