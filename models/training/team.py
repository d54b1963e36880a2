"""
Several processes that train one model: each draws its own batches, gradients are averaged before every step.

One process a GPU, or, on a CPU shared with other work, one single-threaded process a core: measured on two shared
cores, one thread trained 13 images/s where a pool of two threads, waiting for each other, trained 3. Started with
``torchrun``, which sets ``RANK``, ``WORLD_SIZE`` and the meeting point.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Self

import torch
from torch import distributed

if TYPE_CHECKING:
    from torch import nn

PATIENCE = timedelta(hours=12)
"""How long one process waits for another: both may be stopped for a while, or one may validate on a busy machine."""


@dataclass(frozen=True, slots=True)
class Team:
    """
    The place of one process among those that train together.

    Attributes:
        rank: Number of this process; 0 validates and writes.

        size: Number of processes.
    """

    rank: int = 0
    size: int = 1

    @classmethod
    def join(cls) -> Self:
        """Return this process's place, once all have met; alone when ``WORLD_SIZE`` is not set."""
        size = int(os.environ.get("WORLD_SIZE", "1"))
        if size > 1:
            distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo", timeout=PATIENCE)
        return cls(int(os.environ.get("RANK", "0")), size)

    def agree(self, model: nn.Module) -> None:
        """Give every process the weights and statistics of rank 0."""
        if self.size > 1:
            for value in model.state_dict().values():
                distributed.broadcast(value, 0)

    def share(self, model: nn.Module) -> None:
        """Average the gradients over the processes, in one message."""
        if self.size == 1:
            return
        gradients = [item.grad for item in model.parameters() if item.grad is not None]
        flat = torch.cat([item.flatten() for item in gradients])
        distributed.all_reduce(flat)
        flat /= self.size
        at = 0
        for item in gradients:
            item.copy_(flat[at : at + item.numel()].view_as(item))
            at += item.numel()

    def agreed(self, value: float) -> float:
        """Return rank 0's ``value``: elapsed time decides learning rates and the end, so all must read one clock."""
        if self.size == 1:
            return value
        said = torch.tensor([value], dtype=torch.float64)
        distributed.broadcast(said, 0)
        return float(said.item())
