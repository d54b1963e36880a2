"""Backdrops: the places of the scenes, painted once a scene."""
