"""The clauses of a rule: the parts that 'and' joins, so that a rule that does not hold can say which part failed."""

from typing import Literal

from msgspec import Struct

from service.policy.expression.language import Facts, Run

Finding = Literal["held", "failed", "unknown"]


class Clause(Struct, frozen=True):
    """One part of a rule: its text, the column at which it starts (from 1), and what it reads, `today` among it."""

    text: str
    column: int
    reads: tuple[str, ...]
    run: Run

    def found(self, facts: Facts) -> Finding:
        """Whether it is true of these facts, or false, or unknown because a fact is missing. Never raises."""
        value = self.run(facts)
        return "unknown" if value is None else "held" if value else "failed"
