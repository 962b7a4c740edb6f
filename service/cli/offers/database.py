"""An evaluation of the decisions that the service itself has made."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from service.cli.ending import NO, Stop
from service.cli.keys.progress import Bars
from service.cli.offers.question import Question, called
from service.cli.offers.words import Evaluation
from service.cli.replaying import opened, replay
from service.decisioning.evaluation.model import Period
from service.decisioning.evaluation.replaying import WhatIf
from service.policy.load import load
from service.settings import Settings

LEFT_OUT: Mapping[str, str] = {
    "unlearnable": "of people who did not allow learning (model_training)",
    "ended": "that may no longer be used: consent was withdrawn, has expired or does not cover learning any more",
    "older": "of version 0.1, which did not keep enough to decide again",
    "held_out": "of people who are held out, whom no policy would have shown anything else",
    "gone": "on placements that the bundle does not have",
}


async def from_database(
    settings: Settings, folder: Path, since: datetime, until: datetime, question: Question
) -> Evaluation:
    """Evaluate a bundle on the decisions of a period, of those who allow it; raises `BundleRefused`."""
    bundle = load(folder)
    period = Period(since, until, sorted(question.placements) or None)
    async with opened(settings) as database:
        replayed = await replay(settings, database)
        with Bars() as bars:
            judge = await replayed.show(period, lambda: WhatIf(bundle), bars.bar("Deciding again"))
    notes = list(_notes(judge))
    if not judge.sums:
        raise Stop("\n".join(["There is no decision to learn from in this time.", *notes]), NO)
    return question.answer(f"the service since {since:%Y-%m-%d %H:%M}", called(folder, bundle), judge.sums, notes=notes)


def _notes(judge: WhatIf) -> Iterator[str]:
    """What was not looked at, and what could not be known."""
    for why, sentence in LEFT_OUT.items():
        if number := judge.left_out[why]:
            yield f"Left aside: {number:,} decisions {sentence}."
    for field, number in judge.unread.most_common():
        yield f"In {number:,} decisions nobody had read {field}: what this bundle asks of it counts as unknown."
    if judge.untaught:
        yield f"In {judge.untaught:,} decisions the log lacks the chances that thompson draws by: they count as equal."
