"""`python -m service.cli`."""

from service.cli.main import main

main(prog_name="placet")
