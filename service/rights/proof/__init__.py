"""The proof of consents that outlives an erasure, for legal claims (Art. 7(1), 17(3)(e))."""
