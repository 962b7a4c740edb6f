"""Whatever people say and do, in whatever order: nothing is decided by what they do not allow then; over HTTP."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.consenting import ON_CONSENT, text
from tests.replaying import inputs_of
from tests.reporting import report
from tests.running import Running, customer, succeeded
from tests.visiting import PLACEMENTS

EVENTS = ("search", "view_product", "add_to_cart", "purchase", "delivery")
CONTEXT = {"page_category": "headphones", "device": "desktop", "cart_value": 4000}
some = st.sets(st.sampled_from(ON_CONSENT), min_size=1).map(sorted)
steps = st.one_of(
    st.tuples(st.sampled_from(["given", "refused", "withdrawn"]), some),
    st.tuples(st.just("given"), st.just(["personalization"])),
    st.tuples(st.just("touched"), st.sampled_from(EVENTS)),
    st.tuples(st.just("decided"), st.permutations(PLACEMENTS)),
    st.tuples(st.just("dismissed"), st.just(None)),
)
lives = st.lists(steps, min_size=3, max_size=12)


class Person:
    """Somebody with what they said and did, and what may be known of them by that."""

    def __init__(self, service: Running) -> None:
        self.service = service
        self.subject = customer(uuid4().hex)
        self.grants: dict[str, str] = {}
        self.orders = 0
        self.kept = 0
        self.tokens: list[str] = []

    async def live(self, what: str, of: Any) -> None:
        """Take one step."""
        match what:
            case "given" | "refused":
                answer = succeeded(await self.service.record(self.subject, dict.fromkeys(of, what)), 201)
                if what == "given":
                    self.grants |= {record["purpose"]: record["entry_id"] for record in answer["records"]}
                else:
                    self._end(of)
            case "withdrawn":
                await self.service.withdraw(self.subject, of)
                self._end(of)
            case "touched":
                await self.service.touch(self.subject, of, text(datetime.now(UTC)))
                self.orders += of == "purchase" and "personalization" in self.grants
            case "dismissed":
                for token in self.tokens[-1:]:
                    await report(self.service, token, "dismissal")
            case _:
                for decision in await self.service.decide(self.subject, *of, context=CONTEXT):
                    await self.check(decision)

    def _end(self, purposes: list[str]) -> None:
        """Purposes are over, and what was kept for them."""
        for purpose in purposes:
            self.grants.pop(purpose, None)
        if "personalization" in purposes:
            self.orders = 0

    async def check(self, decision: dict[str, Any]) -> None:
        """A profiled decision rests on what is allowed now, and on nothing from before; any other left nothing."""
        if decision["mode"] != "profiled":
            left = [decision[name] for name in ("decision_id", "stage", "token", "proof")]
            assert left == [None, None, None, []]
            return
        inputs, row = await inputs_of(self.service, decision)
        assert set(row["purposes"]) <= self.grants.keys()
        assert set(decision["proof"]) == {self.grants[purpose] for purpose in row["purposes"]}
        assert {fact.purpose for fact in inputs.facts.values()} - {None} <= set(row["purposes"])
        assert set(inputs.allowed) - {"service"} == self.grants.keys()
        assert row["learnable"] == ("model_training" in self.grants)
        orders = inputs.facts.get("lifetime_orders")
        assert orders is None or orders.value == self.orders
        self.kept += 1
        self.tokens.append(decision["token"])


@pytest.mark.rule("D1")
@pytest.mark.rule("D4")
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],  # each life is somebody else's
)
@given(lives)
async def test_no_life_is_profiled_beyond_what_it_allows(service: Running, life: list[tuple[str, Any]]) -> None:
    """No sequence of consents, withdrawals, touchpoints and decisions profiles anyone without its purposes."""
    person, before = Person(service), await service.count("decisions")
    for what, of in life:
        await person.live(what, of)
    assert await service.count("decisions") == before + person.kept
