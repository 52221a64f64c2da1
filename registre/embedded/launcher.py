"""The script that starts an unpacked program with the libraries and fonts unpacked beside it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path
from xml.sax.saxutils import escape


def write(launcher: Path, program: Path, *, libraries: Iterable[Path], fonts: Iterable[Path] = ()) -> None:
    """Write `launcher`; where there are fonts also, beside it, the fontconfig file it names."""
    lines = ["#!/bin/sh", f"export LD_LIBRARY_PATH={shlex.quote(':'.join(map(str, libraries)))}"]
    folders = "".join(f"<dir>{escape(str(path))}</dir>" for path in fonts)
    if folders:
        fontconfig = launcher.with_suffix(".fonts.conf")
        fontconfig.write_text(
            '<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "fonts.dtd">\n<fontconfig>'
            f"<dir>/usr/share/fonts</dir>{folders}<cachedir>{escape(f'{launcher}.cache')}</cachedir></fontconfig>\n"
        )
        lines.append(f"export FONTCONFIG_FILE={shlex.quote(str(fontconfig))}")
    lines.append(f'exec {shlex.quote(str(program))} "$@"')
    launcher.write_text("\n".join(lines) + "\n")
    launcher.chmod(0o755)
