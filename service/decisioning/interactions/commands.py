"""The verb of interactions: report what became of decisions. A token is all the authority that it takes."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from service.consent import store as consent_store
from service.decisioning import store as decisions
from service.decisioning.interactions import rules, store
from service.decisioning.interactions.batch import Batch
from service.decisioning.interactions.model import (
    Interaction,
    InteractionOutcome,
    InteractionOutcomes,
    InteractionRefused,
    Interactions,
)
from service.decisioning.learning import arms
from service.decisioning.tokens import TokenClaims, TokenRefused, Tokens
from service.kernel.auth import Admission, Principal
from service.kernel.database import Connection, Database
from service.kernel.idempotency import Answers
from service.kernel.problem import Fault, Forbidden, IdempotencyConflict
from service.policy.commands import ActivePolicy
from service.policy.model import Bundle
from service.subjects.store import lock

CLOCK_SKEW = timedelta(seconds=5)
TOKEN = InteractionOutcome(outcome="dropped", reason="token")

Told = tuple[Interaction, TokenClaims | None]
"""An interaction and what its token says; None for a token that is refused."""


class InteractionDesk:
    """Keeps what became of decisions where their purposes still allow it, and learns from who allows that too."""

    def __init__(self, *, database: Database, policy: ActivePolicy, answers: Answers, tokens: Tokens) -> None:
        self._database = database
        self._policy = policy
        self._answers = answers
        self._tokens = tokens

    async def report(self, batch: Interactions, caller: Admission, key: str | None) -> InteractionOutcomes:
        """Keep interactions; one with a refused token, or without consent, is dropped, and the answer says so (D13)."""
        bundle = self._policy.current
        told = [(interaction, self._opened(interaction, caller)) for interaction in batch.interactions]
        _refuse_faulty(told, caller)
        whose = [claims.subject_id.bytes for _, claims in told if claims]
        claim = self._answers.claim(caller.principal, key, "interactions", batch, whose)

        async def work(connection: Connection) -> InteractionOutcomes:
            if claim and (earlier := (await self._answers.earlier(connection, [claim])).get(claim.key_hash)):
                if isinstance(earlier, IdempotencyConflict):
                    raise earlier
                return msgspec.json.decode(earlier, type=InteractionOutcomes)
            outcomes = InteractionOutcomes(outcomes=await _keep(connection, bundle, told, caller))
            if claim:
                await self._answers.keep(connection, [(claim, msgspec.json.encode(outcomes), None)])
            return outcomes

        return await self._database.run("interactions.report", work)

    def _opened(self, interaction: Interaction, caller: Admission) -> TokenClaims | None:
        try:
            claims = self._tokens.open(interaction.token, caller.moment.now)
        except TokenRefused:
            return None
        _refuse_elsewhere(claims, caller.principal)
        return claims


async def _keep(
    connection: Connection, bundle: Bundle, told: Sequence[Told], caller: Admission
) -> list[InteractionOutcome]:
    """Decide under the subjects' shared locks, so that no withdrawal or erasure in flight is overlooked."""
    named = {(claims.subject_id, claims.decision_id) for _, claims in told if claims}
    if not named:
        return [TOKEN for _ in told]
    subjects = {subject_id for subject_id, _ in named}
    await lock(connection, subjects, shared=True)
    clock, before = await store.past(connection, named)
    now = caller.moment.override or clock
    standings = await consent_store.standing_of(connection, subjects, bundle.purposes)
    allow = {who: rules.allowed(bundle, standings.get(who), now, gpc=caller.gpc) for who in subjects}
    batch = Batch(bundle, allow, before, now)
    outcomes = [batch.add(interaction, claims) if claims else TOKEN for interaction, claims in told]
    if batch.kept:
        await store.keep(connection, batch.kept, now)
        if wanted := batch.counters():
            taken = await decisions.take(connection, wanted, now)
            await decisions.count(connection, batch.counted(taken))
        await arms.add(connection, batch.lessons())
    return outcomes


def _refuse_elsewhere(claims: TokenClaims, caller: Principal) -> None:
    if caller.site is not None and caller.site != claims.site:
        raise Forbidden("A publishable key works for its own site only.")


def _refuse_faulty(told: Sequence[Told], caller: Admission) -> None:
    """Raises `InteractionRefused` for times at which it cannot have happened."""
    faults: list[Fault] = []
    for place, (interaction, claims) in enumerate(told):
        if interaction.occurred_at is None:
            continue
        if interaction.occurred_at > caller.moment.now + CLOCK_SKEW:
            faults.append(Fault(f"$.interactions[{place}].occurred_at", "lies in the future"))
        elif claims and interaction.occurred_at < claims.decided_at - CLOCK_SKEW:
            faults.append(Fault(f"$.interactions[{place}].occurred_at", "lies before the decision"))
    if faults:
        raise InteractionRefused("Nothing was stored.", faults=faults)
