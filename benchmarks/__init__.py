"""Benchmarks: scenes, clips, scores and whole runs."""

from vision.matrices import in_one_thread

in_one_thread()
