"""The report of a journey: how people walk through it, told of groups alone (D10)."""
