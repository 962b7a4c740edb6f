"""Identifiers in, subject ids out. Nothing else in the service ever sees an identifier."""
