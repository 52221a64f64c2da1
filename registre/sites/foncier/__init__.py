"""Registre foncier du Québec: index des immeubles, actes, plans cadastraux."""

from __future__ import annotations
