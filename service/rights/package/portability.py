"""What people may take along (Art. 20): provided by them or observed of them, under consent or under a contract."""

from collections.abc import Callable

from msgspec.structs import replace

from service.kernel.database import Row
from service.kernel.datamap import Column, DataMap, Table
from service.kernel.origins import ORIGINS
from service.policy.model import Bundle, LegalBasis

BASES = frozenset({LegalBasis.CONSENT, LegalBasis.CONTRACT})
THEIRS = frozenset({"provided", "observed"})
STANDING = frozenset({"lookups", "consent_state"})
"""Of the tables whose rows name no purpose those that serve all of them: who somebody is, and what they agreed to.

The others are kept because the law says so: the ledger (Art. 7(1)), objections (21), restrictions (18), requests (12).
"""

type_of_portable = Callable[[Row], bool]


def portable(datamap: DataMap) -> DataMap:
    """The part of the data map that people may take along."""
    tables = [_portable(table) for table, _ in datamap.of_subjects() if table.purposes or table.name in STANDING]
    return DataMap(tables=tuple(table for table in tables if any(map(_theirs, _told(table)))))


def _portable(table: Table) -> Table:
    needed = {table.key, table.purposes.column if table.purposes else "", table.owner.name if table.owner else ""}
    return replace(table, columns=tuple(c for c in table.columns if c.name in needed or _theirs(c)))


def _told(table: Table) -> list[Column]:
    """The columns but that of the purposes, which alone tells nothing."""
    return [column for column in table.columns if not table.purposes or column.name != table.purposes.column]


def _theirs(column: Column) -> bool:
    return column.category is not None and ORIGINS[column.category] in THEIRS


def under_consent_or_contract(bundle: Bundle, table: Table) -> type_of_portable:
    """Whether a row of a table is kept for a purpose that rests on consent or on a contract."""
    if table.purposes is None:
        return lambda _: True
    column = table.purposes.column
    resting = {purpose.id for purpose in bundle.purposes.values() if purpose.legal_basis in BASES}
    return lambda row: not resting.isdisjoint(row[column] or ())
