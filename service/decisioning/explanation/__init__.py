"""Why a decision was what it was, and what would have changed it, in words that a person knows (Art. 15(1)(h))."""

from importlib.resources import files

FILES = files(__name__)
"""The words of explanations."""
