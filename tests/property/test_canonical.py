"""What the ledger commits to is canonical JSON, by the measure of a library made for it."""

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from service.ledger.rules import canonical

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
KEYS = st.text(st.characters(max_codepoint=127), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, VALUES, max_size=8))
def test_a_payload_is_written_as_canonical_json(payload: dict[str, object]) -> None:
    """Sorted keys, the shortest escapes, nothing between: the bytes of RFC 8785."""
    assert canonical(payload) == rfc8785.dumps(payload)  # pyright: ignore[reportArgumentType] - the strategy is JSON
