"""The gap that a restored backup leaves between its tree and the last published checkpoint (ADR 17)."""
