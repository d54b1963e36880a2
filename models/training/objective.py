"""What a training step minimises: the YOLO detection loss with ignored regions, and the distance to a teacher."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional
from ultralytics.utils.loss import v8DetectionLoss
from ultralytics.utils.metrics import bbox_iou
from ultralytics.utils.tal import make_anchors

if TYPE_CHECKING:
    from ultralytics.nn.tasks import DetectionModel

    from models.training.pictures.batches import Batch
    from models.training.recipe import Distillation

NOMINAL = 64
"""The losses are means over images times this, so learning rates mean what they mean in ultralytics at any batch."""

SURE = 0.1
"""Anchors whose best teacher score is below this take no part in the box term."""


class Objective:
    """Turns raw predictions and a batch into one number to minimise."""

    def __init__(self, model: DetectionModel, settings: Distillation) -> None:
        """Measure predictions of ``model`` (its ``args`` hold the loss gains)."""
        self.detection = v8DetectionLoss(model)
        self.settings = settings

    def __call__(
        self, answers: dict[str, torch.Tensor], batch: Batch, teacher: dict[str, torch.Tensor] | None
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """
        Return the loss and its parts.

        ``answers`` and ``teacher`` hold ``boxes`` ``(b, 64, a)``, ``scores`` ``(b, classes, a)`` and ``feats`` as a
        YOLOv8 head returns them in training; the teacher's for the images with ``batch.is_taught`` only, or for all
        where it teaches alone: then the loss is the distance to it, and no label counts.
        """
        if self.settings.alone and teacher is None:
            message = "a teacher that teaches alone was not asked"
            raise ValueError(message)
        answers = {key: value.float() if key != "feats" else value for key, value in answers.items()}
        points, strides = make_anchors(answers["feats"], self.detection.stride, 0.5)
        parts: dict[str, torch.Tensor] = {}
        total = torch.zeros((), device=points.device)
        if not self.settings.alone:
            self.detection.class_weights = self._counted(points * strides, batch)
            targets = {"batch_idx": batch.row, "cls": batch.class_id.float(), "bboxes": batch.xywh}
            _, loss, found = self.detection.get_assigned_targets_and_loss(answers, targets)
            parts, total = dict(found), loss.sum()
        if teacher is not None:
            taught = slice(None) if self.settings.alone else batch.is_taught
            asked = {key: answers[key][taught] for key in ("boxes", "scores")}
            for name, value in self._distance(asked, teacher, points).items():
                parts[name] = value.detach()
                total = total + value
        return total * NOMINAL, parts

    def _counted(self, points: torch.Tensor, batch: Batch) -> torch.Tensor | None:
        """Return ``(b, a, classes)``: 0 where an anchor centre lies in a region ignored for that class, else 1."""
        if not bool((batch.ignored_class >= 0).any()):
            return None
        low, high = batch.ignored_xyxy[:, :, None, :2], batch.ignored_xyxy[:, :, None, 2:]
        inside = ((points > low) & (points < high)).all(dim=-1)
        return torch.stack(
            [
                1.0 - (inside & (batch.ignored_class == kind)[:, :, None]).any(dim=1).float()
                for kind in range(self.detection.nc)
            ],
            dim=-1,
        )

    def _distance(
        self, answers: dict[str, torch.Tensor], teacher: dict[str, torch.Tensor], points: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        """Return the score term (KL of Bernoulli scores, all anchors) and the box term (IoU and distribution)."""
        wanted = teacher["scores"].float().sigmoid()
        mass = wanted.sum().clamp(min=1.0)
        cross = functional.binary_cross_entropy_with_logits(answers["scores"], wanted, reduction="sum")
        own = functional.binary_cross_entropy(wanted, wanted, reduction="sum")
        scores = self.settings.scores * self.detection.hyp.cls * (cross - own) / mass
        best = wanted.amax(dim=1)
        image, anchor = (best > SURE).nonzero(as_tuple=True)
        weight = best[image, anchor]
        ours = answers["boxes"].permute(0, 2, 1)[image, anchor]
        theirs = teacher["boxes"].float().permute(0, 2, 1)[image, anchor]
        at = points[anchor]
        iou = bbox_iou(self._decoded(ours, at), self._decoded(theirs, at), xywh=False, CIoU=True)[:, 0]
        bins = self.detection.reg_max
        divergence = functional.kl_div(
            ours.view(-1, 4, bins).log_softmax(-1), theirs.view(-1, 4, bins).softmax(-1), reduction="none"
        )
        per_anchor = self.detection.hyp.box * (1 - iou) + self.detection.hyp.dfl * divergence.sum(-1).mean(-1)
        boxes = self.settings.boxes * (weight * per_anchor).sum() / weight.sum().clamp(min=1.0)
        return {"scores_distance": scores, "boxes_distance": boxes}

    def _decoded(self, distances: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
        """Return corner boxes ``(n, 4)`` in grid cells from raw distances ``(n, 64)``."""
        share = distances.view(-1, 4, self.detection.reg_max).softmax(-1)
        reach = share @ self.detection.proj.to(share.dtype)
        return torch.cat([points - reach[:, :2], points + reach[:, 2:]], dim=1)
