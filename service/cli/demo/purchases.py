"""A shop's log: `customer_id,date,quantity,amount_usd`, dates as YYYYMMDD, one purchase a line, plain or gzipped."""

import csv
import gzip
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from io import BufferedReader
from pathlib import Path

from service.cli.demo.scenario import Contact, Counted, in_shop

CUSTOMER = "customer_id"
COLUMNS = frozenset({CUSTOMER, "date", "quantity", "amount_usd"})
EVENT = "purchase"
CENTS = 100


class LogRefused(Exception):
    """The file is no log of purchases; the message says where and what is wrong."""


def read(path: Path, most: int | None, seed: int) -> list[Contact]:
    """The purchases of the first `most` customers (None: of all), named by line; raises `LogRefused`.

    The log does not say where somebody bought: for a seeded share it was in the shop, for the others on the web.
    """
    customers: set[str] = set()
    found: list[Contact] = []
    try:
        with _open(path) as file:
            rows = csv.DictReader((line.decode() for line in file), strict=True)
            if missing := COLUMNS.difference(rows.fieldnames or ()):
                raise LogRefused(f"{path}: the first line does not name {', '.join(sorted(missing))}")
            for row in rows:
                if row[CUSTOMER] in customers or len(customers) != most:
                    customers.add(row[CUSTOMER])
                    found.append(_contact(row, path, rows.line_num, seed))
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise LogRefused(f"{path}: cannot be read as a log of purchases") from error
    if not found:
        raise LogRefused(f"{path}: holds no purchase")
    return found


def count(path: Path, most: int | None) -> Counted:
    """How many purchases and customers the file holds: read another way, so that it proves what `read` did."""
    purchases: dict[bytes, int] = {}
    with _open(path) as file:
        place = next(file).strip().split(b",").index(CUSTOMER.encode())
        for line in filter(bytes.strip, file):
            customer = line.split(b",")[place]
            if customer in purchases or len(purchases) != most:
                purchases[customer] = purchases.get(customer, 0) + 1
    return Counted(contacts=sum(purchases.values()), customers=len(purchases))


def _contact(row: Mapping[str, str], path: Path, line: int, seed: int) -> Contact:
    customer = f"customer-{seed}-{row[CUSTOMER]}"
    try:
        return Contact(
            id=str(line),
            customer=customer,
            day=date.fromisoformat(row["date"]),
            event=EVENT,
            channel="shop" if in_shop(customer) else "web",
            properties={
                "quantity": int(row["quantity"]),
                "amount": int(Decimal(row["amount_usd"]) * CENTS),
                "currency": "USD",
            },
        )
    except (TypeError, ValueError, InvalidOperation, OverflowError):
        raise LogRefused(f"{path}: line {line}: is not a customer, a date, a quantity and an amount") from None


def _open(path: Path) -> gzip.GzipFile | BufferedReader:
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")
