"""Pseudonyms: the names of subjects that one recipient gets, which mean nothing to another (Art. 25)."""
