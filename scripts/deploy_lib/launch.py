"""launch.py FOLDER ROLE: becomes one process of that role, by the Procfile and with the settings in force now.

Whatever keeps the process (supervisor, systemd) knows neither settings nor commands, so a restart never uses old ones.
"""

from __future__ import annotations

import os
import shlex
import sys
import time
from pathlib import Path

from honcho import environ

from deploy_lib.place import Place

#: supervisor starts again at once what has run for a while; systemd has RestartSec.
RESTART_S = 4


def main() -> None:
    place, role = Place(Path(sys.argv[1])), sys.argv[2]
    release = Path.cwd()
    slot = os.environ.get("SUPERVISOR_PROCESS_NAME")
    if slot is not None:
        mark = place.run / f"{slot}.started"
        if mark.exists():
            time.sleep(RESTART_S)
        mark.touch()
    environment = place.environment()
    environment["PATH"] = f"{release / '.venv/bin'}{os.pathsep}{environment.get('PATH', os.defpath)}"
    if slot is not None:
        environment["HONCHO_PROCESS_NAME"] = slot
    command = environ.parse_procfile((release / "Procfile").read_text(encoding="utf-8")).processes[role]
    words = shlex.split(command)
    os.execvpe(words[0], words, environment)


if __name__ == "__main__":
    main()
