"""What the demo makes of its input before it speaks to anyone."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from service.cli.demo import purchases, visitors
from service.cli.demo.answers import Outcome, Recorded, RecordedPurpose
from service.cli.demo.scenario import Act, Contact, Counted, days
from service.cli.demo.tally import Tally

LOG = Path(__file__).parents[3] / "../shared/data/cdnow-purchases.csv.gz"
TODAY = date(2026, 11, 24)


@pytest.mark.skipif(not LOG.exists(), reason=f"{LOG.name} is not beside the checkout")
def test_the_whole_log_is_read() -> None:
    """Purchases, customers, discs, amounts and repeated lines are as many as the description of the log says."""
    read = purchases.read(LOG, None, seed=7)
    bought = [dict(contact.properties or {}) for contact in read]
    lines = Counter((c.customer, c.day, b["quantity"], b["amount"]) for c, b in zip(read, bought, strict=True))
    assert (len(read), len({contact.customer for contact in read})) == (69_659, 23_570)
    assert sum(int(b["quantity"]) for b in bought) == 167_881
    assert sum(int(b["amount"]) for b in bought) == 2_500_315_63
    assert sum(count - 1 for count in lines.values()) == 255
    assert len({contact.id for contact in read}) == len(read)
    assert purchases.count(LOG, None) == Counted(contacts=69_659, customers=23_570)


def test_the_last_day_is_today_and_the_days_between_stay_as_long() -> None:
    """The whole log moves by one number of days, whatever happens on the days after a purchase."""
    bought = [_contact("1", date(1997, 1, 1)), _contact("2", date(1998, 6, 30))]
    with_contacts = [day.date for day in days(bought, TODAY) if day.contacts]
    assert with_contacts == [date(2025, 5, 28), TODAY]
    assert max(day.date for day in days(bought, TODAY)) == TODAY


def test_everybody_looks_at_their_first_visit_and_nobody_acts_before_it() -> None:
    """Each life begins with a first visit on the day of the first contact."""
    contacts = visitors.visits(200, seed=7)
    first: dict[str, date] = {}
    began: dict[str, date] = {}
    for day in days(contacts, TODAY):
        for contact in day.contacts:
            first.setdefault(contact.customer, day.date)
        for customer, acts in day.acts.items():
            if customer not in began:
                assert acts[0] is Act.FIRST_VISIT
                began[customer] = day.date
    assert began == first


def test_the_same_seed_is_the_same_scenario() -> None:
    """A scenario can be repeated, and another seed is other people."""
    assert visitors.visits(50, seed=7) == visitors.visits(50, seed=7)
    assert not {c.customer for c in visitors.visits(50, seed=7)} & {c.customer for c in visitors.visits(50, seed=8)}


def test_counts_that_differ_from_the_input_are_faults() -> None:
    """A contact without an answer, and two customers who became one subject, are named."""
    tally = Tally()
    tally.recorded(Recorded(subject_id="one", records=[RecordedPurpose(status="given", valid_until=None)]))
    tally.told(Outcome(outcome="stored"))
    assert tally.faults(Counted(contacts=1, customers=1)) == []
    assert len(tally.faults(Counted(contacts=2, customers=1))) == 1
    assert len(tally.faults(Counted(contacts=1, customers=2))) == 1


def _contact(line: str, day: date) -> Contact:
    return Contact(id=line, customer="customer-7-1", day=day, event="purchase", channel="web")
