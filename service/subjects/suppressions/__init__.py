"""Suppressions: the identifiers of the erased, so that no import and no older grant brings them back."""
