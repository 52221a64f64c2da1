"""The queue's view: which message runs which stage. No logic; importing it declares the actors on a broker."""

from __future__ import annotations
