"""Nothing is kept without a word of how long: every table is in the schedule of retention."""

from service.kernel import datamap
from service.kernel.database import Database
from service.rights.retention.schedule import SCHEDULE, Until


async def test_every_table_says_how_long_it_is_kept(database_url: str) -> None:
    """A new table needs its line in service/rights/retention/schedule.py, and one that is gone has none."""
    database = Database(database_url, size=1)
    try:
        known = await datamap.read(database)
    finally:
        await database.close()
    tables = {table.name: table for table in known.tables}
    assert sorted(SCHEDULE) == sorted(tables)
    for name, stay in SCHEDULE.items():
        columns = {column.name for column in tables[name].columns}
        assert stay.since is None or stay.since in columns, name
        assert stay.why or stay.until is not Until.NEVER, f"{name} is kept for ever without a reason"
        assert bool(tables[name].purposes) == (stay.until is Until.PURPOSES), name
        of_people = tables[name].owner and stay.until is not Until.PROOF
        assert stay.since or not of_people, f"{name} does not say when a row was written"
