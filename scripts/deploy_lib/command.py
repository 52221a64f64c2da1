"""command.py FOLDER WORDS…: `registre WORDS…` of the deployed release, with its settings. For `bin/registre`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from deploy_lib.place import Place


def main() -> None:
    environment = Place(Path(sys.argv[1])).environment()
    environment["PYTHONPATH"] = os.environ["PYTHONPATH"]
    os.execve(sys.executable, [sys.executable, "-P", "-m", "registre", *sys.argv[2:]], environment)


if __name__ == "__main__":
    main()
