"""Consent: what people said about each purpose, and whether a purpose may be pursued now."""
