"""A row of a person in every table, something unmistakable in every column that holds personal data: whatever comes.

What is planted follows from the catalogue, so that a new column is planted, and found or missed, by itself.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from service.kernel.database import Connection
from service.kernel.datamap import Column, DataMap, Table
from tests.running import Running

FEW: Mapping[str, Any] = {
    "subjects.state": "active",
    "consent_state.status": "given",
    "decisions.site": "shop",
    "decisions.placement": "home_hero",
    "decisions.offer": "welcome",
    "decisions.mode": "profiled",
    "decisions.reason": "TARGETING_MATCH",
    "decisions.purposes": ["personalization"],
    "decisions.propensity": 1.0,
    "interactions.event": "impression",
    "interactions.shown": False,
    "interactions.succeeded": False,
    "outbox.answer": "done",
    "rights_requests.right": "access",
    "rights_requests.state": "refused",
    "interactions.purposes": ["personalization"],
    "touchpoints.purposes": ["personalization"],
    "touchpoints.sentiment": 2,
}
"""Values of columns that know few, or that the policies must know."""
SEALED = {"decisions.inputs": '{"facts": {"device": {"value": "%s", "purpose": null}}, "allowed": []}'}
"""What is sealed in a form of its own, in which a text is planted."""
FOUND_ALREADY = frozenset({"subjects", "lookups", "letters"})
"""Rows that whoever is known has, or has by the id of a request."""

Planted = dict[tuple[str, str], Any]
"""What was planted in a column of a table, as `data.json` shows it."""


class Filling:
    """Plants rows of one person after another; no two values are alike but those that can be few."""

    def __init__(self, service: Running, datamap: DataMap) -> None:
        self._service = service
        self._datamap = datamap
        self._few = {**FEW, "decisions.bundle": service.desks.policy.current.digest}
        self._numbers = count(1000)

    async def fill(self, subject_id: UUID, lookup: bytes, marker: str) -> Planted:
        """Plant a row of a person in every table; returns what was planted where."""
        seals = await self._service.desks.keys.seals([subject_id])
        planted: Planted = {}

        async def work(connection: Connection) -> None:
            for table, owner in self._datamap.of_subjects():
                if table.name in FOUND_ALREADY:
                    continue
                whose = [lookup] if "lookups" in owner.flags else subject_id
                values = {c.name: self._value(table, c, marker) for c in table.columns} | {owner.name: whose}
                place = subject_id if "subject" in owner.flags else values[table.key]
                for column in table.personal:
                    if "sealed" in column.flags:
                        text = f"{marker} in {table.name}.{column.name}"
                        planted[table.name, column.name] = text
                        seal = seals.seal if "own" in column.flags else self._service.desks.subjects.seal
                        plain = SEALED.get(f"{table.name}.{column.name}", "%s") % text
                        values[column.name] = seal(table.name, column.name, place, plain.encode())
                    elif column in table.own:
                        planted[table.name, column.name] = values[column.name]
                names = ", ".join(f'"{name}"' for name in values)
                places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
                await connection.execute(f'INSERT INTO "{table.name}" ({names}) VALUES ({places})', *values.values())  # noqa: S608 - names from the catalogue

        await self._service.database.run("test.fill", work)
        return planted

    def _value(self, table: Table, column: Column, marker: str) -> Any:
        """A value of a column's type that stands nowhere else."""
        where = f"{table.name}.{column.name}"
        if where in self._few:
            return self._few[where]
        many = column.type.endswith("[]")
        value = self._of_type(column.type.removesuffix("[]"), f"{marker} in {where}")
        return [value] if many else value

    def _of_type(self, kind: str, text: str) -> Any:
        number = next(self._numbers)
        made: Mapping[str, Callable[[], Any]] = {
            "uuid": uuid4,
            "text": lambda: text,
            "bytea": text.encode,
            "jsonb": lambda: {"planted": text},
            "boolean": lambda: bool(number % 2),
            "smallint": lambda: number,
            "integer": lambda: number,
            "bigint": lambda: number,
            "double precision": lambda: number / 2,
            "timestamp with time zone": lambda: datetime.now(UTC) + timedelta(hours=number),
        }
        return made[kind]()
