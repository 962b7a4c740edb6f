"""Links with which people fetch their package themselves: for 72 hours, once, and known by a keyed hash alone."""

from importlib.resources import files

FILES = files(__name__)
"""The page before the package, and its words."""
