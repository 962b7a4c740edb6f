"""Bundles are read in threads: there, rules are parsed as anywhere else."""

import gc
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.policy.expression import Rule, RuleRefused, TypeName, compile_rule

TYPES: dict[str, TypeName] = {"orders": "number", "page": "text"}
LONG = " and ".join(f"(orders > {number} or orders in [1, 2, {number}])" for number in range(40))


@pytest.fixture
def others_get_their_turn() -> Iterator[None]:
    """Let threads change at every collection of what is no longer needed, of which there are many."""
    before = gc.get_threshold()

    def give_way(_phase: str, _info: object) -> None:
        time.sleep(0)

    gc.callbacks.append(give_way)
    gc.set_threshold(50)
    yield
    gc.set_threshold(*before)
    gc.callbacks.remove(give_way)


@pytest.mark.usefixtures("others_get_their_turn")
def test_rules_are_parsed_in_many_threads_at_once() -> None:
    """Ten officers who activate at once are told of their policies, and of nothing else."""

    def compiled(_: int) -> Rule:
        return compile_rule(LONG, TYPES)

    with ThreadPoolExecutor(10) as threads:
        assert {rule.source for rule in threads.map(compiled, range(600))} == {LONG}


@pytest.mark.parametrize("rule", ["orders == 1or orders == 2", "orders > 0x1for", 'page == "\\d"', 'page == "\\477"'])
def test_what_python_would_only_warn_of_is_refused(rule: str) -> None:
    """A slip of the pen is a mistake, and no setting of the process is touched to find it."""
    before = [*warnings.filters]
    with pytest.raises(RuleRefused, match="cannot be read"):
        compile_rule(rule, TYPES)
    assert warnings.filters == before


@pytest.mark.parametrize(
    "rule", ["orders > 1e-5", "orders > 1_000.5", "orders < 0x1f", 'page == "4or"', 'page == "a\\"b"']
)
def test_what_is_written_well_is_read(rule: str) -> None:
    """Numbers in each of their forms, and texts with quotes in them, are no slips."""
    assert compile_rule(rule, TYPES).source == rule
