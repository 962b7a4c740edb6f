"""What each table and column of a package means, read from the data map."""

from collections.abc import Mapping

from msgspec import Struct

from service.kernel.datamap import DataMap


class Meaning(Struct, frozen=True):
    """What a column holds, its category of personal data, its type in the database, and whether it is sealed there."""

    meaning: str
    category: str
    type: str
    sealed: bool = False


class TableMeaning(Struct, frozen=True):
    """What a table holds, and each of its personal columns."""

    meaning: str
    columns: dict[str, Meaning]


def meanings(datamap: DataMap) -> Mapping[str, TableMeaning]:
    """The meaning of every table with rows of subjects."""
    return {
        table.name: TableMeaning(
            meaning=table.meaning,
            columns={
                column.name: Meaning(
                    column.meaning, column.category or "", column.type, sealed="sealed" in column.flags
                )
                for column in table.columns
                if column in table.own or column.name == table.key
            },
        )
        for table, _ in datamap.of_subjects()
    }
