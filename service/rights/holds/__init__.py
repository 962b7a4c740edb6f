"""Legal holds (Art. 17(3)): data that is kept although its erasure was asked for, and for how long."""
