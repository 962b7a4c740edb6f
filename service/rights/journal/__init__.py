"""The journal of erasures: a file beside the database, which no backup of the database takes back."""
