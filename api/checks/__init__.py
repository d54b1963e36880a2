"""Checks: when a code is issued and refused, what follows from it, and the draw of who is checked."""
