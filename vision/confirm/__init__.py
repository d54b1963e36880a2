"""Confirmation: tracks, what is measured of them, and when they are sure enough for a lead."""
