"""PDFs of the replica's documents and the truth printed on each page."""

from __future__ import annotations
