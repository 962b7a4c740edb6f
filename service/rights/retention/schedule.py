"""How long the rows of each table stay, and why: what retention follows, and the record of processing tells."""

from collections.abc import Mapping
from enum import Enum

from msgspec import Struct


class Until(Enum):
    """When the rows of a table go, in words for the record of processing (Art. 30(1)(f))."""

    PURPOSES = "when the retention of their purposes has run out"
    PERSON = "with the person: at an erasure, or after `retention.inactive-subjects` without activity"
    REQUEST = "with their rights request: `retention.closed-requests` after it was closed"
    TASK = "when what they are for is done"
    DAY = "after 24 hours"
    PROOF = "`retention.consent-proof` after the erasure"
    NEVER = "for ever"


class Stay(Struct, frozen=True):
    """Until when rows stay and, where that is not told by the table itself, why; `since` is the time of a row."""

    until: Until
    why: str = ""
    since: str | None = None


PROOF = "it is proof, and names nobody"
COUNT = "it counts, and names nobody"
STAFF = "who acted, and with which permission, is proof (Art. 5(2)); it says nothing of subjects"

SCHEDULE: Mapping[str, Stay] = {
    "activations": Stay(Until.NEVER, "which policies were in force when is proof (Art. 5(2))"),
    "api_keys": Stay(Until.NEVER, STAFF),
    "arm_tables": Stay(Until.TASK, "but for the newest, when no decision that is kept can refer to it"),
    "arms": Stay(Until.NEVER, COUNT),
    "bundles": Stay(Until.NEVER, "what people were shown has to be shown again (Art. 7(1))"),
    "cap_counters": Stay(Until.PURPOSES, "of everybody together, a month after their window", "counted_since"),
    "consent_proofs": Stay(Until.PROOF),
    "consent_state": Stay(Until.PERSON, since="effective_at"),
    "decisions": Stay(Until.PURPOSES, "inputs and stage the shortest of them, the rest the longest", "decided_at"),
    "deletions": Stay(Until.TASK, since="since"),
    "farewells": Stay(Until.TASK, "30 days, in which recipients learn of an erasure", "erased_at"),
    "holds": Stay(Until.TASK, "when the hold ends; the data that it kept goes with it", "held_at"),
    "idempotency": Stay(Until.DAY, since="created_at"),
    "interactions": Stay(Until.PURPOSES, "the shortest of them", "recorded_at"),
    "key_fingerprints": Stay(Until.NEVER, "keys are known again by it; no key can be found from it"),
    "key_stages": Stay(Until.NEVER, "a row a use of keys"),
    "ledger_checkpoints": Stay(Until.NEVER, PROOF),
    "ledger_entries": Stay(Until.PERSON, "then they are emptied; times and commitment are proof", "recorded_at"),
    "ledger_leaves": Stay(Until.NEVER, PROOF),
    "ledger_nodes": Stay(Until.NEVER, PROOF),
    "ledger_queue": Stay(Until.TASK),
    "letters": Stay(Until.TASK, "once delivered, or of no use", "enqueued_at"),
    "lookups": Stay(Until.PERSON, since="created_at"),
    "migrations": Stay(Until.NEVER, "a row a change of the schema"),
    "notice_texts": Stay(Until.NEVER, "what people were shown has to be shown again (Art. 7(1))"),
    "objections": Stay(Until.PERSON, since="effective_at"),
    "officer_sessions": Stay(Until.TASK, "after eight hours, or at the logout"),
    "officers": Stay(Until.NEVER, STAFF),
    "outbox": Stay(Until.TASK, since="enqueued_at"),
    "retention_marks": Stay(Until.NEVER, "a row a table and purpose"),
    "package_links": Stay(Until.REQUEST),
    "restrictions": Stay(Until.PERSON, since="since"),
    "rights_approvals": Stay(Until.REQUEST),
    "rights_codes": Stay(Until.TASK, "their request has got further", "expires_at"),
    "rights_requests": Stay(Until.REQUEST, since="received_at"),
    "rights_tasks": Stay(Until.REQUEST, "whom it is about is forgotten with the certificate"),
    "subjects": Stay(Until.NEVER, "of whoever was erased a random id remains, which leads nowhere", "created_at"),
    "suppressions": Stay(Until.TASK, "after `retention.suppressions`", "erased_at"),
    "touchpoint_counts": Stay(Until.NEVER, COUNT),
    "touchpoints": Stay(Until.PURPOSES, "the longest of them", "recorded_at"),
}
"""Every table. A new one is not complete without its line (tests/architecture/test_retention.py)."""
