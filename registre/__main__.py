"""`python -m registre`."""

from __future__ import annotations

from registre.cli import main

if __name__ == "__main__":
    main(prog_name="registre")
