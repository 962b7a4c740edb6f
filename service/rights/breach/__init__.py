"""Whom a breach touches, in numbers (Art. 33)."""
