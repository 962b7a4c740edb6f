"""Decisions made again by another bundle: what would have been shown, and what that would have earned."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from service.consent.model import Standing
from service.consent.rules import counts_since
from service.consent.verdicts import permissions
from service.decisioning import rules
from service.decisioning.evaluation.model import Past
from service.decisioning.evaluation.rules import Sums
from service.decisioning.slots import slot
from service.policy.model import Bundle, Placement


def usable(
    bundle: Bundle, purposes: Collection[str], standing: Standing | None, recorded_at: datetime, now: datetime
) -> bool:
    """Whether what was recorded for purposes may still be used for all of them, by the bundle in force.

    Nothing is used of who has withdrawn since, objects or is restricted (Art. 7(3), 18, 21), and a later grant brings
    back nothing that is older.
    """
    if standing is None or not bundle.purposes.keys() >= set(purposes):
        return False
    verdicts = permissions(bundle, list(purposes), standing, now, gpc=False)
    since = (counts_since(bundle.purposes[purpose], standing) for purpose in purposes)
    return all(verdict.allowed for verdict in verdicts.values()) and all(s is None or s <= recorded_at for s in since)


class WhatIf:
    """What the success would have been if a bundle had decided, placement by placement.

    `unread`: in how many decisions the log does not have a field that the bundle reads. `untaught`: in how many it does
    not have the chances that `thompson` would have drawn by.
    """

    learns = True

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self.sums: dict[str, Sums] = {}
        self.left_out: Counter[str] = Counter()
        self.unread: Counter[str] = Counter()
        self.untaught = 0

    def add(self, past: Past) -> None:
        """Weigh one decision."""
        placement = self._bundle.placements.get(past.stored.placement)
        if placement is None:
            self.left_out["gone"] += 1
            return
        if past.inputs.held_out:
            self.left_out["held_out"] += 1
            return
        for field in _unread(self._bundle, placement, past):
            self.unread[field] += 1
        self.untaught += placement.ranking == "thompson" and not (past.inputs.draw and past.inputs.draw.table)
        chances = rules.chances(self._bundle, placement, past.inputs, past.asked_at)
        self.sums.setdefault(placement.id, Sums()).add(
            past.stored.propensity,
            chances.get(past.stored.offer, 0.0),
            success=placement.success in past.stored.events,
        )


def _unread(bundle: Bundle, placement: Placement, past: Past) -> frozenset[str]:
    """The fields that the bundle would have read and the one that decided did not: nobody knows their values."""
    allowed = frozenset(past.inputs.allowed)
    decided = past.bundle.placements.get(placement.id)
    known = slot(past.bundle, decided, allowed).reads if decided else frozenset[str]()
    return slot(bundle, placement, allowed).reads - known - past.inputs.facts.keys()


class Shift(NamedTuple):
    """Another offer than was shown; None where the placement is gone."""

    placement: str
    shown: str
    instead: str | None


class Shifts:
    """Which decisions would have been otherwise, and of how many people. People come one after the other."""

    learns = False

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self.left_out: Counter[str] = Counter()
        self.decisions: Counter[str] = Counter()
        self.shifts: Counter[Shift] = Counter()
        self.people: Counter[Shift] = Counter()
        self.people_concerned = self.people_seen = 0
        self._person: UUID | None = None
        self._of_person: set[Shift] = set()

    def add(self, past: Past) -> None:
        """Make one decision again."""
        stored = past.stored
        if stored.subject_id != self._person:
            self._person, self._of_person = stored.subject_id, set()
            self.people_seen += 1
        self.decisions[stored.placement] += 1
        placement = self._bundle.placements.get(stored.placement)
        instead = rules.fill(self._bundle, placement, past.inputs, past.asked_at).offer.id if placement else None
        if instead == stored.offer:
            return
        shift = Shift(stored.placement, stored.offer, instead)
        self.shifts[shift] += 1
        if shift not in self._of_person:
            self.people_concerned += not self._of_person
            self._of_person.add(shift)
            self.people[shift] += 1
