"""`python -m actors browser|ocr|clock`: one worker process, as the Procfile starts it. SIGINT or SIGTERM stops it."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the role; an installation in which something is missing says so in one line."""
    try:
        # Within: each role loads what it alone needs.
        from actors.roles import main as run

        return run()
    except (ImportError, SyntaxError) as exc:
        sys.stderr.write(f"registre: l'installation est incomplète ({exc}): lancez scripts/bootstrap.\n")
        return 15  # Exit.BUILD, which may itself be what is missing


if __name__ == "__main__":
    sys.exit(main())
