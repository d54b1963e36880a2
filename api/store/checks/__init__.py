"""Checks in the store."""
