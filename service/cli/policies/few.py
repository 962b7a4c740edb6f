"""Numbers of people, of which few are only said to be few."""

NOT_COUNTED = "people (not counted)"


def few(number: int | None, smallest_group: int) -> bool:
    """Whether so few that they are not counted out."""
    return number is not None and 0 < number < smallest_group


def people(number: int | None, smallest_group: int) -> dict[str, int | None]:
    """A number of people, for programs."""
    return {"people": None, "fewer_than": smallest_group} if few(number, smallest_group) else {"people": number}


def told(number: int | None, smallest_group: int) -> str:
    """A number of people, in words."""
    if number is None:
        return NOT_COUNTED
    return f"fewer than {smallest_group} people" if few(number, smallest_group) else f"{number:,} people"
