"""What may be told of groups: no figure of fewer than k people, also not by subtraction (D10).

People are counted in parts: by persona, and by whether they used the channel that is asked for. A report that is
filtered tells of some of the parts, the reports beside it tell of the others, and who has both can subtract. So a
figure is told of one part only if it may be told of all of them; which figures those are is decided for all people
first, then for each finer division, and what was withheld once stays withheld.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from typing import TypeVar

from msgspec import Struct

Cell = Mapping[int, int]
"""How many people, by part."""
Group = frozenset[int]
"""Parts that are told of together."""
Key = TypeVar("Key")


def people_in(cell: Cell, parts: Collection[int]) -> int:
    """How many people of a cell are in some of its parts."""
    return sum(number for part, number in cell.items() if part in parts)


def together(cells: Iterable[Cell]) -> Cell:
    """The people of several cells that have nobody in common."""
    total: dict[int, int] = {}
    for cell in cells:
        for part, number in cell.items():
            total[part] = total.get(part, 0) + number
    return total


def without(cell: Cell, other: Cell) -> Cell:
    """The people of a cell who are not in another that lies within it."""
    return {part: number - other.get(part, 0) for part, number in cell.items()}


class Divisions(Struct, frozen=True):
    """How people are divided by what is asked for, from all of them to the finest; `asked` is what is told of."""

    smallest: int
    divisions: tuple[tuple[Group, ...], ...]
    asked: Group

    def few(self, cell: Cell) -> bool:
        """Whether some group has some of these people, and fewer than may be told."""
        return any(0 < people_in(cell, group) < self.smallest for groups in self.divisions for group in groups)

    def told(self, cell: Cell, within: Cell) -> bool:
        """Whether neither these people nor the others of those within whom they are would be too few."""
        return not self.few(cell) and not self.few(without(within, cell))

    def withheld(self, family: Mapping[Key, Cell], before: Set[Key] = frozenset()) -> set[Key]:
        """Which cells of a family must not be told, where its total is known; `before`: these in any case."""
        hidden = set(before)
        for groups in self.divisions:
            hidden = _withheld(family, groups, self.smallest, hidden)
        return hidden


def _withheld(family: Mapping[Key, Cell], groups: Sequence[Group], smallest: int, before: Set[Key]) -> set[Key]:
    """Cells that are too small in any group, and as many of the next smallest as hide those from a subtraction."""

    def few(number: int) -> bool:
        return 0 < number < smallest

    hidden = set(before) | {key for key, cell in family.items() if any(few(people_in(cell, group)) for group in groups)}
    rest = sorted(
        (key for key, cell in family.items() if key not in hidden and any(cell.values())),
        key=lambda key: sum(family[key].values()),
    )
    for key in rest:
        if not any(few(sum(people_in(family[h], group) for h in hidden if h in family)) for group in groups):
            break
        hidden.add(key)
    return hidden


def divided(
    people: Cell, personas: int, smallest: int, *, channel: bool, persona: int | None
) -> tuple[Divisions, frozenset[int]]:
    """How people are divided by a question, and the personas (by number, 0: none) that are too few to be told of.

    Part 2n + 1 are those of persona n who used the channel that is asked for, part 2n the others.
    """
    everybody = frozenset(range(2 * (personas + 1)))
    halves = [frozenset(part for part in everybody if part % 2 == used) for used in (1, 0)] if channel else [everybody]
    by_persona = {n: {part: people.get(part, 0) for part in (2 * n, 2 * n + 1)} for n in range(personas + 1)}
    alike = _withheld(by_persona, [everybody], smallest, set())
    levels: list[tuple[Group, ...]] = [(everybody,)]
    if channel:
        levels.append(tuple(halves))
    if persona is not None:
        levels.append(tuple(_by_persona(by_persona, alike, [everybody])))
    if channel:
        alike = _withheld(by_persona, halves, smallest, alike)
        levels += [tuple(_by_persona(by_persona, alike, halves))] if persona is not None else []
    asked = halves[0]
    if persona is not None:
        asked = asked & frozenset({2 * persona, 2 * persona + 1}) if persona not in alike else frozenset[int]()
    return Divisions(smallest=smallest, divisions=tuple(levels), asked=asked), frozenset(alike)


def _by_persona(personas: Iterable[int], alike: Set[int], halves: Sequence[Group]) -> Iterable[Group]:
    """Each persona apart, but those that must not be told from each other together."""
    apart = [{n} for n in personas if n not in alike] + ([set(alike)] if alike else [])
    for some in apart:
        for half in halves:
            yield frozenset(part for part in half if part // 2 in some)
