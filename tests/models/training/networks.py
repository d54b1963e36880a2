"""A tiny network for tests of what is done to trained ones. Needs the extra ``train``."""

from pathlib import Path

import torch

from models.training import weights
from models.training.pictures.dataset import CLASS_NAMES

TINY = 0.0625


def scattered(path: Path) -> Path:
    """Write a random YOLOv8 of the smallest width, its normalisation set and biases raised: scores are not alike."""
    torch.manual_seed(3)
    model = weights.build("yolov8n.yaml", CLASS_NAMES, width=TINY)
    for layer in model.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = 1.0
    with torch.no_grad():
        model.train()(torch.rand(8, 3, 64, 64))
    for level in model.model[-1].cv3:
        torch.nn.init.normal_(level[2].weight, std=0.5)
        torch.nn.init.constant_(level[2].bias, -1.0)
    weights.save(model, path, {})
    return path
