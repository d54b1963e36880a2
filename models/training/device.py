"""The device that a run computes on, prepared: threads, seeds, kernels, and on a CPU memory that stays."""

import ctypes

import torch

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4
"""Parameters of ``mallopt`` (glibc's malloc.h)."""

_PAD_BYTES = 256 * 1024**2


def prepare(number: int, *, threads: int | None, seed: int) -> torch.device:
    """Return the GPU of that number, or the CPU where there is none, set up for training; seeds PyTorch's draws."""
    device = torch.device("cuda", number) if torch.cuda.is_available() else torch.device("cpu")
    if device.type == "cpu":
        keep_freed_memory()
    if threads:
        torch.set_num_threads(threads)
    torch.manual_seed(seed)
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    return device


def keep_freed_memory() -> None:
    """
    Let this process keep what it frees, so that it shrinks only at its end; where the C library knows how.

    On a CPU every step frees its activations and asks for them again, some gigabytes each time. glibc hands large
    blocks back to the system at once and faults every page in anew. Kept instead, a step of the s model at 512 px takes
    four fifths of the time (decision 0052).
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    for name, value in ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, -1), (_TOP_PAD, _PAD_BYTES)):
        mallopt(name, value)
