"""What happens when: each customer's life with the shop, drawn from their name; pure, so it can be counted twice."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from enum import Enum
from hashlib import sha256

from msgspec import Struct

REFUSES_ALL = 0.30
ANALYTICS_ONLY = 0.20
GIVES_OPTIONAL = 0.50
RENEWS = 0.70
WITHDRAWS = 0.05
WANTS_ACCESS = 0.01
WANTS_ERASURE = 0.01
BUYS_IN_SHOP = 0.20
BROWSES_MOBILE = 0.40
LOOKS_AGAIN = 0.20
"""The share of later days with a contact on which a page asks what to show."""
LOOKS_BACK = 0.50
"""The share of customers who come back some time after their last contact, to look only."""
CHANGES_MIND_WITHIN_DAYS = 90
LOOKS_BACK_AFTER_DAYS = 30

ANALYTICS = "analytics"
PERSONALIZATION = "personalization"


class Contact(Struct, frozen=True):
    """One contact of a customer with the shop; `id` becomes the touchpoint's.

    A customer's name carries the seed: with another seed they have another character, and so are another person.
    """

    id: str
    customer: str
    day: date
    event: str
    channel: str
    properties: Mapping[str, str | int] | None = None


class Counted(Struct, frozen=True):
    """How much there is in an input."""

    contacts: int
    customers: int


class Act(Enum):
    """What a customer does, or has done for them, beside the contacts of a day."""

    FIRST_VISIT = "first visit"
    LATER_VISIT = "later visit"
    LAST_VISIT = "last visit"
    WITHDRAWAL = "withdrawal"
    ACCESS = "access"
    ERASURE = "erasure"


class Day(Struct, frozen=True):
    """One day of the shop: the contacts, in the order of the input, and then what else happens to whom."""

    date: date
    contacts: Sequence[Contact]
    acts: Mapping[str, Sequence[Act]]

    @property
    def steps(self) -> int:
        """How much there is to replay."""
        return len(self.contacts) + sum(len(acts) for acts in self.acts.values())


def drawn(customer: str, question: str) -> float:
    """A number in [0, 1) that depends on nothing else, so that no order of events can change a customer's character."""
    return int.from_bytes(sha256(f"{customer}|{question}".encode()).digest()[:8]) / 2**64


def decisions(customer: str, purposes: Iterable[str]) -> dict[str, str]:
    """What a customer says to each purpose that is up for consent."""
    mood = drawn(customer, "consent")
    if mood < REFUSES_ALL:
        given: set[str] = set()
    elif mood < REFUSES_ALL + ANALYTICS_ONLY:
        given = {ANALYTICS}
    else:
        given = {p for p in purposes if drawn(customer, p) < GIVES_OPTIONAL} | {ANALYTICS, PERSONALIZATION}
    return {purpose: "given" if purpose in given else "refused" for purpose in purposes}


def refuses_all(customer: str) -> bool:
    """Whether a customer says no to everything."""
    return drawn(customer, "consent") < REFUSES_ALL


def renews(customer: str) -> bool:
    """Whether a customer who is asked again, once their consent has expired, says the same again."""
    return drawn(customer, "renewal") < RENEWS


def in_shop(customer: str) -> bool:
    """Whether a customer of whom a log says no more than that they bought did so in the shop."""
    return drawn(customer, "channel") < BUYS_IN_SHOP


def device(customer: str) -> str:
    """What a customer looks at the shop with."""
    return "mobile" if drawn(customer, "device") < BROWSES_MOBILE else "desktop"


def change(customer: str) -> Act | None:
    """What a customer does about their data later on, if anything; who never gave anything has nothing to withdraw."""
    mood = drawn(customer, "change")
    if mood < WITHDRAWS:
        return None if refuses_all(customer) else Act.WITHDRAWAL
    if mood < WITHDRAWS + WANTS_ACCESS:
        return Act.ACCESS
    return Act.ERASURE if mood < WITHDRAWS + WANTS_ACCESS + WANTS_ERASURE else None


def days(contacts: Iterable[Contact], today: date) -> list[Day]:
    """The days of the shop, moved so that the last one with a contact is `today`."""
    of_day: defaultdict[date, list[Contact]] = defaultdict(list)
    visits: defaultdict[str, set[date]] = defaultdict(set)
    for contact in contacts:
        of_day[contact.day].append(contact)
        visits[contact.customer].add(contact.day)
    last = max(of_day)
    acts: defaultdict[date, dict[str, list[Act]]] = defaultdict(dict)
    for customer, visited in visits.items():
        for day, act in _life(customer, sorted(visited), last):
            acts[day].setdefault(customer, []).append(act)
    shift = today - last
    return [
        Day(date=day + shift, contacts=of_day.get(day, []), acts=acts.get(day, {}))
        for day in sorted(of_day.keys() | acts.keys())
    ]


def _life(customer: str, visited: Sequence[date], last: date) -> list[tuple[date, Act]]:
    """A customer's acts in the order in which they happen."""
    life = [(visited[0], Act.FIRST_VISIT)]
    life += [(day, Act.LATER_VISIT) for day in visited[1:] if drawn(customer, day.isoformat()) < LOOKS_AGAIN]
    if drawn(customer, "last visit") < LOOKS_BACK:
        life.append((min(visited[-1] + timedelta(days=LOOKS_BACK_AFTER_DAYS), last), Act.LAST_VISIT))
    if act := change(customer):
        after = timedelta(days=1 + int(drawn(customer, "day") * CHANGES_MIND_WITHIN_DAYS))
        life.append((min(visited[0] + after, last), act))
    return sorted(life, key=lambda moment: moment[0])
