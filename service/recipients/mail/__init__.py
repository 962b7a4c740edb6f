"""Letters to people: written in the transaction of what they tell of, carried by SMTP, and forgotten once delivered."""
