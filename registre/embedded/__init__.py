"""What a machine without servers needs: a private Postgres and Valkey in a state folder, and a Chromium.

Knows no settings: every choice comes in as an argument. Imports `registre.domain` only.
"""

from __future__ import annotations
