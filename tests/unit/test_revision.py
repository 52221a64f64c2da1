"""Which revision runs: a release's own file, a clone's commit, or the bare version."""

from __future__ import annotations

from pathlib import Path

import registre
from registre.revision import revision

COMMIT = "4f1c2d3e5a6b7c8d9e0f1a2b3c4d5e6f7a8b9c0d"


def _clone(root: Path, head: str) -> Path:
    (root / ".git" / "refs" / "heads").mkdir(parents=True)
    (root / ".git" / "HEAD").write_text(f"{head}\n")
    return root


def test_a_release_says_what_it_was_made_from(tmp_path: Path) -> None:
    _clone(tmp_path, "0" * 40)
    (tmp_path / "REVISION").write_text(f"{COMMIT}\n")
    assert revision(tmp_path) == f"{registre.__version__}+4f1c2d3e5a"


def test_a_clone_is_its_commit_on_a_branch_packed_or_not_and_off_it(tmp_path: Path) -> None:
    loose, packed, detached = (_clone(tmp_path / name, head) for name, head in (
        ("loose", "ref: refs/heads/main"), ("packed", "ref: refs/heads/main"), ("detached", COMMIT)))  # fmt: skip
    (loose / ".git/refs/heads/main").write_text(f"{COMMIT}\n")
    (packed / ".git/packed-refs").write_text(
        f"# pack-refs with: peeled\n{'1' * 40} refs/tags/v1\n{COMMIT} refs/heads/main\n"
    )
    assert {revision(root) for root in (loose, packed, detached)} == {f"{registre.__version__}+4f1c2d3e5a"}


def test_a_linked_worktree_is_its_own_commit(tmp_path: Path) -> None:
    _clone(tmp_path / "main", "ref: refs/heads/main")
    own = tmp_path / "main/.git/worktrees/side"
    own.mkdir(parents=True)
    (own / "HEAD").write_text("ref: refs/heads/side\n")
    (own / "commondir").write_text("../..\n")
    (tmp_path / "main/.git/refs/heads/side").write_text(f"{COMMIT}\n")
    (tmp_path / "side").mkdir()
    (tmp_path / "side/.git").write_text(f"gitdir: {own}\n")
    assert revision(tmp_path / "side").endswith("+4f1c2d3e5a")


def test_without_either_it_is_the_version(tmp_path: Path) -> None:
    assert revision(tmp_path) == registre.__version__
