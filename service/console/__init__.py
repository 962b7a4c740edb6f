"""Where officers work."""
