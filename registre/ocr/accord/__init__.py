"""Readings held against one another, against the registry's rules, and against what a person said."""
