"""The script that starts an unpacked browser with the libraries and fonts unpacked beside it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path
from xml.sax.saxutils import escape


def write(launcher: Path, program: Path, *, libraries: Iterable[Path], fonts: Iterable[Path]) -> None:
    """Write `launcher` and, beside it, the fontconfig file it names."""
    folders = "".join(f"<dir>{escape(str(path))}</dir>" for path in (Path("/usr/share/fonts"), *fonts))
    cache = escape(f"{launcher}.cache")
    fontconfig = launcher.with_suffix(".fonts.conf")
    fontconfig.write_text(
        '<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "fonts.dtd">\n'
        f"<fontconfig>{folders}<cachedir>{cache}</cachedir></fontconfig>\n"
    )
    launcher.write_text(
        "#!/bin/sh\n"
        f"export LD_LIBRARY_PATH={shlex.quote(':'.join(map(str, libraries)))}\n"
        f"export FONTCONFIG_FILE={shlex.quote(str(fontconfig))}\n"
        f'exec {shlex.quote(str(program))} "$@"\n'
    )
    launcher.chmod(0o755)
