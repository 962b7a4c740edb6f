"""A browser whose person becomes known, and the way back: what each of the two said, merged so that no wins."""
