"""What people are told of their requests, in Italian and English: whole sentences, in a file of each language."""

from importlib.resources import files

FILES = files(__name__)
