"""The nouns of changing the bundle in force."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from service.kernel.problem import Fault, Problem
from service.policy.model.mistake import BundleRefused

Digest = Annotated[str, Meta(pattern=r"^sha256:[0-9a-f]{64}$")]


class Reviewed(Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody looked at: the digest that `placet policies check` told. Any other folder is refused."""

    digest: Digest | None = None


class BundleInForce(Struct, frozen=True):
    """The bundle in force: since when, by which officer (null: by a start or a signal), and what it holds."""

    digest: str
    activated_at: datetime
    activated_by: UUID | None
    purposes: list[str]
    counts: Mapping[str, int]


class BundleActivated(Struct, frozen=True):
    """What is in force now, what was before, and whether that is a change."""

    changed: bool
    before: str
    bundle: BundleInForce


class PoliciesRefused(Problem):
    """The policies have mistakes."""

    slug = "policies-refused"
    status = 422

    @classmethod
    def of(cls, refused: BundleRefused) -> "PoliciesRefused":
        """The problem with every mistake: its path is the file and the place in it."""
        faults = [Fault(f"{fault.file}: {fault.path}", fault.message) for fault in refused.faults]
        return cls("Nothing was changed; mend what `errors` lists and ask again.", faults=faults)


class PoliciesDiffer(Problem):
    """The policies are not those that were reviewed."""

    slug = "policies-differ"
    status = 409
