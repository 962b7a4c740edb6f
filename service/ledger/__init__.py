"""The ledger: append-only facts with commitments, and the receipts that people keep."""
