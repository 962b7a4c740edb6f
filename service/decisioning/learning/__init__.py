"""Which offers people like, learnt by counting, from those who allow it."""
