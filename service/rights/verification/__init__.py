"""Whether it is the person who asks: a code sent to an identifier, which proves that identifier and no other."""
