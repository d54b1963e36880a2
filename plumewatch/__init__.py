"""Plumewatch (青目): the front door."""
