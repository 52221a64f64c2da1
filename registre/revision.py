"""Which revision of the program this is: its version, and the commit that its files come from."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import registre

_ROOT: Final = Path(__file__).resolve().parents[1]
#: Written by `scripts/deploy` into each release; a clone is asked itself.
RELEASE: Final = "REVISION"
_SHOWN: Final = 10


@cache
def revision(root: Path = _ROOT) -> str:
    """`0.1.0+4f1c2d3e5a`, or the version alone where no commit is known.

    Read once: what runs stays what it was, whatever is checked out under it.
    """
    commit = _text(root / RELEASE) or _head(root / ".git")
    return f"{registre.__version__}+{commit[:_SHOWN]}" if commit else registre.__version__


def _head(git: Path) -> str:
    """The commit that is checked out, from git's own files: git itself need not be installed."""
    if git.is_file():  # a linked worktree
        git = git.parent / _text(git).removeprefix("gitdir:").strip()
    head = _text(git / "HEAD")
    if not head.startswith("ref:"):
        return head
    name = head.removeprefix("ref:").strip()
    common = git / (_text(git / "commondir") or ".")
    packed = (line.split() for line in _text(common / "packed-refs").splitlines())
    return _text(common / name) or next((words[0] for words in packed if words[1:] == [name]), "")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""
