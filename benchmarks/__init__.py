"""Benchmarks: scenes, clips, scores and whole runs."""
