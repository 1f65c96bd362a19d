"""``python -m solvent.cli`` is the command ``solvent``; workers are started so."""

from solvent.cli.main import main

if __name__ == "__main__":
    main()
