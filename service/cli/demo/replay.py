"""Lives the days of a scenario against the service: whatever happens to one customer happens in its order."""

import asyncio
import zipfile
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from io import BytesIO
from itertools import islice
from typing import TypeVar
from uuid import uuid4

import msgspec

from service.cli.demo import scenario
from service.cli.demo.answers import (
    Certified,
    Checked,
    Decisions,
    NoticeToShow,
    Outcome,
    Outcomes,
    Progress,
    Recorded,
)
from service.cli.demo.caller import Caller, Suppressed
from service.cli.demo.scenario import Act, Contact, Day
from service.cli.demo.tally import Tally

T = TypeVar("T")

SITE = "shop"
BATCH = 500
LOOKS_AT: Mapping[Act, tuple[Sequence[str], Mapping[str, str | int]]] = {
    Act.FIRST_VISIT: (("home_hero",), {}),
    Act.LATER_VISIT: (
        ("home_hero", "product_sidebar", "cart_banner"),
        {"page_category": "records", "cart_value": 3500},
    ),
    Act.LAST_VISIT: (("home_hero", "account_banner"), {}),
}
"""The placements of the page that a visit is about, and what the page knows by itself."""
LOST = ("dropped", "counted")
"""What becomes of a touchpoint of which nothing is left that is anybody's."""
SAYS, COMES, IS_TOLD, LOOKS, CHANGES = (timedelta(seconds=second) for second in range(5))
"""When things happen in a day, from midnight on: so early that nothing of today lies in the future."""


class Setting(msgspec.Struct, frozen=True):
    """How to replay: the notice that customers see, and the officers who serve them."""

    notice: NoticeToShow
    officers: Sequence[str]
    connections: int

    @property
    def purposes(self) -> list[str]:
        """The purposes that are up for consent."""
        return [purpose.id for purpose in self.notice.purposes if purpose.legal_basis == "consent"]


class Replay:
    """One replay: what has happened so far decides what must be answered next."""

    def __init__(self, caller: Caller, tally: Tally, setting: Setting, step: Callable[[int], None]) -> None:
        self._caller = caller
        self._tally = tally
        self._setting = setting
        self._step = step
        self._valid_until: dict[str, datetime | None] = {}
        self._withdrawn: set[str] = set()
        self._erased: set[str] = set()

    async def live(self, day: Day) -> None:
        """One day: who is new decides, then the contacts are told, then each customer's acts happen."""
        midnight = datetime.combine(day.date, time(), UTC)
        deciding = [
            c for c in dict.fromkeys(contact.customer for contact in day.contacts) if self._decides(c, midnight)
        ]
        await self._each(deciding, lambda customer: self._decide(customer, midnight))
        await self._each(_batches(day.contacts), lambda batch: self._tell(batch, midnight))
        await self._each(day.acts.items(), lambda acts: self._act(*acts, midnight))

    async def _each(self, items: Iterable[T], act: Callable[[T], Awaitable[None]]) -> None:
        """Act on every item, on as many at once as there are connections."""
        waiting = iter(items)

        async def line() -> None:
            for item in waiting:
                await act(item)

        async with asyncio.TaskGroup() as group:
            for _ in range(self._setting.connections):
                group.create_task(line())

    def _decides(self, customer: str, midnight: datetime) -> bool:
        """Whether the shop asks: at the first visit, and again once consent has expired, who will say."""
        if customer not in self._valid_until:
            return True
        if customer in self._withdrawn or customer in self._erased:
            return False
        valid_until = self._valid_until[customer]
        return valid_until is not None and valid_until <= midnight and scenario.renews(customer)

    async def _decide(self, customer: str, midnight: datetime) -> None:
        body = {
            "subject": _subject(customer),
            "site": SITE,
            "decisions": scenario.decisions(customer, self._setting.purposes),
            "notice": self._setting.notice.notice,
            "method": "form",
        }
        try:
            recorded = await self._caller.post("/v1/consents", body, Recorded, now=midnight + SAYS)
        except Suppressed:  # an earlier replay had them erased
            self._erased.add(customer)
            self._tally.erased_before += 1
            self._valid_until[customer] = None
            return
        self._tally.recorded(recorded)
        limits = [record.valid_until for record in recorded.records if record.valid_until]
        self._valid_until[customer] = min(limits, default=None)

    async def _tell(self, batch: Sequence[Contact], midnight: datetime) -> None:
        occurred_at = midnight + COMES
        touchpoints = [
            {
                "subject": _subject(contact.customer),
                "event": contact.event,
                "channel": contact.channel,
                "occurred_at": occurred_at,
                "id": contact.id,
                "properties": contact.properties,
            }
            for contact in batch
        ]
        told = await self._caller.post(
            "/v1/touchpoints", {"touchpoints": touchpoints}, Outcomes, now=midnight + IS_TOLD
        )
        for contact, outcome in zip(batch, told.outcomes, strict=True):
            self._tally.told(outcome)
            self._hold(contact.customer, outcome)
        self._step(len(batch))

    def _hold(self, customer: str, outcome: Outcome) -> None:
        """A touchpoint of who withdrew, or was erased, is dropped, or counted without them, for exactly that reason."""
        reason = outcome.reason if outcome.outcome in LOST else outcome.outcome
        if customer in self._withdrawn and reason != "withdrawn":
            self._tally.violations["a touchpoint after a withdrawal was not dropped for it"] += 1
        if customer in self._erased and reason != "unknown":
            self._tally.violations["a touchpoint after an erasure was not dropped for it"] += 1

    async def _act(self, customer: str, acts: Sequence[Act], midnight: datetime) -> None:
        for act in acts:
            match act:
                case Act.FIRST_VISIT | Act.LATER_VISIT | Act.LAST_VISIT:
                    await self._look(customer, act, midnight + LOOKS)
                case Act.WITHDRAWAL:
                    if customer not in self._erased:
                        await self._withdraw(customer, midnight + CHANGES)
                case Act.ACCESS:
                    await self._access(customer, midnight + CHANGES)
                case Act.ERASURE:
                    await self._erase(customer, midnight + CHANGES)
            self._step(1)

    async def _look(self, customer: str, visit: Act, now: datetime) -> None:
        placements, context = LOOKS_AT[visit]
        body = {
            "subject": _subject(customer),
            "site": SITE,
            "placements": placements,
            "context": {**context, "device": scenario.device(customer)},
        }
        for decision in (await self._caller.post("/v1/decisions", body, Decisions, now=now)).decisions:
            self._tally.decided(decision)

    async def _withdraw(self, customer: str, now: datetime) -> None:
        body = {"subject": _subject(customer), "purposes": "all", "site": SITE}
        self._tally.recorded(await self._caller.post("/v1/consents/withdraw", body, Recorded, now=now))
        self._withdrawn.add(customer)
        if await self._reasons(customer, now) != {"withdrawn"}:
            self._tally.violations["a check after a withdrawal did not say withdrawn"] += 1

    async def _access(self, customer: str, now: datetime) -> None:
        request = await self._approved("access", customer, now)
        package = await self._caller.fetch(f"/v1/rights/requests/{request}/package", token=self._setting.officers[0])
        if not _opens(package):
            self._tally.violations["a package cannot be opened"] += 1
        self._tally.served["access"] += 1

    async def _erase(self, customer: str, now: datetime) -> None:
        request = await self._approved("erasure", customer, now)
        path = f"/v1/rights/requests/{request}/certificate"
        certified = await self._caller.get(path, Certified, token=self._setting.officers[0])
        self._erased.add(customer)
        if certified.request_id != request:
            self._tally.violations["a certificate names another request"] += 1
        if await self._reasons(customer, now) != {"unknown"}:
            self._tally.violations["a check after an erasure did not say unknown"] += 1
        self._tally.served["erasure"] += 1

    async def _approved(self, right: str, customer: str, now: datetime) -> str:
        """File a request that the shop has verified, and have officers approve it until it is no longer open."""
        body = {
            "right": right,
            "identifiers": [_subject(customer)],
            "language": self._setting.notice.notice.language,
            "verified": {"method": "login", "note": "signed in to the shop"},
        }
        path = "/v1/rights/requests"
        filed = await self._caller.post(path, body, Progress, now=now, key=str(uuid4()))
        for officer in self._setting.officers:
            approved = await self._caller.post(f"{path}/{filed.request_id}/approve", {}, Progress, token=officer)
            if approved.state != "open":
                break
        return filed.request_id

    async def _reasons(self, customer: str, now: datetime) -> set[str]:
        """Why each purpose is denied; `allowed` for one that is not."""
        body = {"subject": _subject(customer), "purposes": self._setting.purposes}
        checked = await self._caller.post("/v1/consents/check", body, Checked, now=now)
        return {"allowed" if verdict.allowed else verdict.reason for verdict in checked.results.values()}


def _subject(customer: str) -> dict[str, str]:
    return {"kind": "customer_id", "value": customer}


def _batches(contacts: Sequence[Contact]) -> Iterable[Sequence[Contact]]:
    waiting = iter(contacts)
    while batch := list(islice(waiting, BATCH)):
        yield batch


def _opens(package: bytes) -> bool:
    """Whether a package is a sound zip with readable data in it."""
    try:
        with zipfile.ZipFile(BytesIO(package)) as archive:
            if archive.testzip() is not None:
                return False
            msgspec.json.decode(archive.read("data.json"))
    except (zipfile.BadZipFile, KeyError, msgspec.DecodeError):
        return False
    return True
