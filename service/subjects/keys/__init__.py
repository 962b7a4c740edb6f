"""The keyring's database: a data key and a pseudonym secret for each subject, wrapped by the key of an epoch."""
