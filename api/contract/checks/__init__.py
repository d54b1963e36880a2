"""Checks of enterprises: a check's code, its document, and draws of who is checked (domain.md 6.4)."""
