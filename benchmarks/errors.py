"""
What can go wrong in benchmarks.

    BenchmarkError      cannot be run or read as asked; the message is one sentence for the person at the terminal
"""


class BenchmarkError(Exception):
    """A benchmark cannot be run or read as asked; the message is one sentence."""
