"""The command `placet`: one file for each group of subcommands."""
