"""How long what is kept, and its deletion when that has run out (Art. 5(1)(e))."""
