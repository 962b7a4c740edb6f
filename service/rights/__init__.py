"""Requests of people about their data (Art. 15-21): filed, verified, approved, served, proven."""
