"""What if another policy had decided? Off-policy estimates from a log of decisions."""
