"""An evaluation in words, and for programs."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec
from msgspec import Struct

from service.decisioning.evaluation.model import Doubt, Estimate, Rate
from service.decisioning.evaluation.rules import FEW, FEW_SUCCESSES, HEAVY

DOUBTS: Mapping[Doubt, str] = {
    "propensities": "Left out, because their propensity is missing or 0: {left_out:,}. Log it with each decision.",
    "unmatched": "The log shows nothing that this policy would show, so it says nothing of it; show some at random.",
    "few": f"That is worth fewer than {FEW} decisions of its own: read it as a hint, or log for longer.",
    "successes": f"Fewer than {FEW_SUCCESSES} successes speak for it, so the interval is too narrow.",
    "weights": f"Decisions that weigh more than {HEAVY:g}: {{heavy:,}}. Few decide, on what the log shows rarely.",
    "uncovered": "About {missing:.0%} of what it would show the log never shows: SNIPS speaks of the rest, IPS counts "
    "it as failures.",
    "surplus": "Weights are {mean_weight:.2f} on average where 1 is expected: the propensities do not add up to one. "
    "Trust SNIPS more than IPS.",
}


class Evaluation(Struct, frozen=True):
    """Everything that was asked, and the answers; `own` is the rate in the policy's own log, where there is one."""

    log: str
    policy: str
    repetitions: int
    seed: int
    placements: Sequence[Estimate]
    together: Estimate
    own: Mapping[str, tuple[int, int]]
    notes: Sequence[str]


def document(evaluation: Evaluation) -> dict[str, object]:
    """The evaluation, for programs."""
    return {
        "log": evaluation.log,
        "policy": evaluation.policy,
        "bootstrap": evaluation.repetitions,
        "seed": evaluation.seed,
        "placements": [_document(one, evaluation.own.get(one.placement or "")) for one in evaluation.placements],
        "all": _document(evaluation.together, _sum(evaluation.own)),
        "notes": evaluation.notes,
    }


def _document(estimate: Estimate, own: tuple[int, int] | None) -> dict[str, object]:
    told = [{"doubt": doubt, "sentence": _doubt(doubt, estimate)} for doubt in estimate.doubts]
    shown = msgspec.to_builtins(estimate) | {"doubts": told}
    return shown | {"own": {"successes": own[0], "decisions": own[1], "value": own[0] / own[1]} if own else None}


def sentences(evaluation: Evaluation) -> Iterator[str]:
    """The evaluation, for people."""
    yield f"What if {evaluation.policy} had decided? {evaluation.together.decisions:,} decisions of {evaluation.log}."
    for one in evaluation.placements:
        yield ""
        yield from _paragraph(f"placement {one.placement}", one, evaluation.own.get(one.placement or ""))
    if len(evaluation.placements) > 1:
        yield ""
        yield from _paragraph("all placements", evaluation.together, _sum(evaluation.own))
    if evaluation.notes:
        yield ""
        yield from evaluation.notes


def _paragraph(title: str, estimate: Estimate, own: tuple[int, int] | None) -> Iterator[str]:
    yield f"{title}: {estimate.decisions:,} decisions, {estimate.successes:,} successes"
    yield from _rate("as logged", estimate.logged)
    yield from _rate("would be (SNIPS)", estimate.snips)
    yield from _rate("would be (IPS)", estimate.ips)
    if own:
        yield f"  {'in its own log':<18}{_percent(own[0] / own[1])}   {own[0]:,} of {own[1]:,}"
    weighed = estimate.decisions - estimate.left_out
    if estimate.matched:
        yield (
            f"  It might have made {estimate.matched / weighed:.1%} of these decisions; they are worth "
            f"{estimate.effective:,.0f} of its own. Largest weight {estimate.largest_weight:.1f}."
        )
    for doubt in estimate.doubts:
        yield f"  ! {_doubt(doubt, estimate)}"


def _rate(name: str, rate: Rate | None) -> Iterator[str]:
    if rate is not None:
        between = f"   {_percent(rate.interval.low)} to {_percent(rate.interval.high)}" if rate.interval else ""
        yield f"  {name:<18}{_percent(rate.value)}{between}"


def _percent(share: float) -> str:
    return f"{share:8.3%}"


def _doubt(doubt: Doubt, estimate: Estimate) -> str:
    return DOUBTS[doubt].format(
        left_out=estimate.left_out,
        heavy=estimate.heavy,
        mean_weight=estimate.mean_weight,
        missing=max(0.0, 1 - estimate.mean_weight),
    )


def _sum(own: Mapping[str, tuple[int, int]]) -> tuple[int, int] | None:
    return (sum(won for won, _ in own.values()), sum(of for _, of in own.values())) if own else None
