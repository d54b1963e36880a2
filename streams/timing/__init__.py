"""Timing: when a picture was taken, and at which pace it is read."""
