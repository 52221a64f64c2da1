"""The registries: one folder each, siblings never import each other."""

from __future__ import annotations

from typing import assert_never

from registre.domain.job import Site
from registre.sites.base import SiteAdapter
from registre.sites.foncier.adapter import FoncierAdapter


def adapter_for(site: Site, base_url: str) -> SiteAdapter:
    """The adapter of a registry at an address (`https://…` or `http://127.0.0.1:…`, without a path)."""
    match site:
        case Site.FONCIER:
            return FoncierAdapter(base_url)
        case _:
            assert_never(site)
