"""``python -m solvent`` is the command ``solvent``."""

from solvent.cli.main import main

main()
