"""Recipients: who else receives data, how they are told of changes, and what they answer (Art. 19)."""
