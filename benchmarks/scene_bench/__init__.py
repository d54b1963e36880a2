"""Scenes benchmark: rendered events, look-alikes, opacities and faults."""
