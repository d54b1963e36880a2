"""
Small matrices are one thread's work.

NumPy reads how many threads take part in one when it is imported, one a processor if it is not told. Where the
processors have other work they wait for each other: the fits of a plume (`vision.plume.plume_field`) took twelve times
the processor time with two threads on two busy cores. What can be done at once is done by threads of our own.
"""

import os

MATRIX_THREADS = "OPENBLAS_NUM_THREADS"


def in_one_thread() -> None:
    """Say so for this process and those that it starts, before NumPy is imported; what a person has set stays."""
    os.environ.setdefault(MATRIX_THREADS, "1")
