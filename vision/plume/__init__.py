"""Plumes: opacity above outlets, steam, and what the standards make of a series of readings."""
