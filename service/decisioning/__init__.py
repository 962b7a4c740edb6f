"""Which offer fills which placement, only as far as consent goes. No identifier is known here."""
