"""What is asked of a log, and its answer."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from service.cli.offers.words import Evaluation
from service.decisioning.evaluation.rules import Sums, estimate
from service.policy.model import Bundle

DIGITS = len("sha256:") + 12


def called(folder: Path, bundle: Bundle) -> str:
    """What a bundle is called in an answer: where it lies, and the beginning of its digest."""
    return f"the bundle in {folder.name} ({bundle.digest[:DIGITS]})"


class Question(Struct, frozen=True):
    """On which placements (none named: on all), from how many repetitions the intervals, and which ones."""

    placements: frozenset[str]
    repetitions: int
    seed: int

    def answer(
        self,
        log: str,
        policy: str,
        sums: Mapping[str, Sums],
        *,
        own: Mapping[str, tuple[int, int]] | None = None,
        notes: Sequence[str] = (),
    ) -> Evaluation:
        """What the sums say, for each placement and for all of them together."""
        together = Sums()
        for of_placement in sums.values():
            together.include(of_placement)
        return Evaluation(
            log=log,
            policy=policy,
            repetitions=self.repetitions,
            seed=self.seed,
            placements=[
                estimate(name, sums[name], repetitions=self.repetitions, seed=self.seed) for name in sorted(sums)
            ],
            together=estimate(None, together, repetitions=self.repetitions, seed=self.seed),
            own={name: rate for name, rate in (own or {}).items() if name in sums},
            notes=notes,
        )
