"""Erasure (Art. 17) in eight steps (DESIGN section 8): it survives a kill at any point and ends in one certificate."""
