"""The replica's invented data: lots' histories, actes, plans. Read through `registre.sandbox.foncier.catalogue`."""

from __future__ import annotations
