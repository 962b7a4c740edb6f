"""The access package (Art. 15): everything held of a person, gathered at one moment and made into one zip file."""

from importlib.resources import files

FILES = files(__name__)
"""The template, style and words of the package."""
