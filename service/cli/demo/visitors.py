"""The scenario for who has no log: some thousands of visitors of a small shop, drawn from a seed."""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from service.cli.demo.scenario import Contact, Counted

VISITORS = 3000
OPENS = date(2025, 1, 1)
"""Any day will do: the replay moves the last one to today."""
DAYS = 180
COMES_BACK = 0.62
MOST_DAYS_AWAY = 28

BROWSING = (("view_product", "web"), ("search", "web"), ("ad_impression", "social"), ("view_product", "app"))
DECIDING = (("view_product", "web"), ("add_to_cart", "web"), ("try_on", "shop"))
BUYING = (("purchase", "web"), ("purchase", "shop"))
AFTERWARDS = (("newsletter_open", "email"), ("support_contact", "support"), ("review", "web"))
BUYS = 0.25


def visits(most: int | None, seed: int) -> list[Contact]:
    """The contacts of `most` visitors (None: some thousands): first they look, some buy, then some are cared for."""
    found: list[Contact] = []
    for number in range(most or VISITORS):
        # A scenario that can be repeated is the point; nothing secret is drawn
        random = Random(f"{seed}|visitor|{number}")  # noqa: S311 - see above
        for event, channel, day in _life(random):
            customer = f"visitor-{seed}-{number + 1:05}"
            found.append(
                Contact(id=f"visit-{len(found) + 1}", customer=customer, day=day, event=event, channel=channel)
            )
    return found


def count(contacts: list[Contact]) -> Counted:
    """How many contacts and visitors there are."""
    return Counted(contacts=len(contacts), customers=len({contact.customer for contact in contacts}))


def _life(random: Random) -> Iterator[tuple[str, str, date]]:
    day = random.randrange(DAYS)
    bought = False
    while day < DAYS:
        at = OPENS + timedelta(days=day)
        for event, channel in _visit(random, bought=bought):
            yield event, channel, at
            bought = bought or event == "purchase"
        if random.random() > COMES_BACK:
            return
        day += 1 + random.randrange(MOST_DAYS_AWAY)


def _visit(random: Random, *, bought: bool) -> Iterator[tuple[str, str]]:
    """What happens on one day: the first step always, each next one for some."""
    yield random.choice(AFTERWARDS if bought else BROWSING)
    if random.random() < BUYS * 2:
        yield random.choice(DECIDING)
        if random.random() < BUYS:
            yield random.choice(BUYING)
