"""Replicas of the registries, served on loopback: invented data, documents and web pages. Product code, not tests."""

from __future__ import annotations
