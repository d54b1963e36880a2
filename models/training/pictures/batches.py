"""Augmented training batches, drawn from an image store entirely on its device."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from models.training.pictures.dataset import IGNORED
from models.training.pictures.store import BOXES, GREY

if TYPE_CHECKING:
    from models.training.pictures.store import ImageStore
    from models.training.recipe import Augmentation

LAYERS = 4
LEAST_MOSAIC_ZOOM, LEAST_ZOOM = 0.5, 0.75
"""Zooming out further shows mostly grey: four images fill a canvas of twice the side, one image half of it."""

MIN_SIDE_PX = 3.0
MIN_VISIBLE = 0.12
"""A box is kept when this share of it is still in view; ultralytics uses 0.1."""


@dataclass(slots=True, eq=False)
class Batch:
    """
    Images and targets of one step, on one device.

    Attributes:
        images: float32 ``(b, 3, height, side)``, RGB in [0, 1].

        row: int64 ``(n,)``: image of each target, ascending.

        class_id: int64 ``(n,)``.

        xywh: float32 ``(n, 4)``: centre and size as shares of the picture's width and height.

        ignored_xyxy: float32 ``(b, k, 4)``: regions without classification loss, px; empty ones are all zero.

        ignored_class: int64 ``(b, k)``: the class left out there, -1 for unused rows.

        is_taught: bool ``(b,)``: photographs only, at least one target: a teacher may be asked about these.
    """

    images: torch.Tensor
    row: torch.Tensor
    class_id: torch.Tensor
    xywh: torch.Tensor
    ignored_xyxy: torch.Tensor
    ignored_class: torch.Tensor
    is_taught: torch.Tensor


@dataclass(frozen=True, slots=True, eq=False)
class _Layout:
    """
    Where the layers of each sample lie: ``canvas = source + offset`` and ``out = turn @ (canvas - side) + shift``.

    Attributes:
        source: int64 ``(b, LAYERS)``: store rows.

        is_used: bool ``(b, LAYERS)``.

        offset: float32 ``(b, LAYERS, 2)``, px of a canvas of twice the side.

        turn: float32 ``(b, 2, 2)``: zoom, rotation and mirror.

        shift: float32 ``(b, 2)``, px.
    """

    source: torch.Tensor
    is_used: torch.Tensor
    offset: torch.Tensor
    turn: torch.Tensor
    shift: torch.Tensor


class Batches:
    """Draws batches from a store; every random number comes from one seeded generator on the store's device."""

    def __init__(self, store: ImageStore, settings: Augmentation, *, seed: int, height_px: int = 0) -> None:
        """Draw from ``store`` as ``settings`` say: squares, or ``height_px`` rows around the middle of them."""
        self.store = store
        self.out_wh = (store.side_px, height_px or store.side_px)
        self.settings = settings
        self.device = store.pixels.device
        self.generator = torch.Generator(self.device).manual_seed(seed)

    def draw(self, index: torch.Tensor, partners: torch.Tensor, *, plain: bool = False) -> Batch:
        """
        Return a batch whose first layers are the store rows ``index`` ``(b,)``; mosaics add ``partners`` ``(b, 3)``.

        ``plain`` leaves out mosaic and mixup: the last part of a schedule sees images as cameras give them.
        """
        mosaic = 0.0 if plain else self.settings.mosaic
        layout = self._layout(torch.cat([index[:, None], partners], dim=1), self._uniform(len(index)) < mosaic)
        images = self._recolour(self._render(layout))
        xyxy, class_id = self._boxes(layout)
        is_real = ~(self.store.is_drawn[layout.source] & layout.is_used).any(dim=1)
        if not plain and self.settings.mixup > 0:
            images, xyxy, class_id, mixed = self._mix(images, xyxy, class_id)
            is_real &= ~mixed | is_real.roll(1)
        return _targets(images, xyxy, class_id, is_real)

    def _uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> torch.Tensor:
        return torch.rand(shape, generator=self.generator, device=self.device) * (high - low) + low

    def _layout(self, source: torch.Tensor, is_mosaic: torch.Tensor) -> _Layout:
        side, count, settings = float(self.store.side_px), len(source), self.settings
        size = self.store.size_wh[source]
        centre = self._uniform(count, 1, 2, low=0.5 * side, high=1.5 * side)
        corner = torch.tensor([[1.0, 1.0], [0.0, 1.0], [1.0, 0.0], [0.0, 0.0]], device=self.device)
        offset = torch.where(is_mosaic[:, None, None], centre - corner * size, side - size / 2)
        is_used = is_mosaic[:, None].expand(-1, LAYERS).clone()
        is_used[:, 0] = True
        zoom = self._uniform(count, low=1 - settings.scale, high=1 + settings.scale)
        zoom = torch.where(is_mosaic, zoom.clamp(min=LEAST_MOSAIC_ZOOM), zoom.clamp(min=LEAST_ZOOM))
        angle = self._uniform(count, low=-1, high=1) * math.radians(settings.degrees)
        mirror = torch.where(self._uniform(count) < 0.5, -1.0, 1.0)
        cos, sin = zoom * angle.cos(), zoom * angle.sin()
        turn = torch.stack([mirror * cos, -mirror * sin, sin, cos], dim=1).view(count, 2, 2)
        middle = torch.tensor(self.out_wh, device=self.device) / 2
        shift = middle + self._uniform(count, 2, low=-1, high=1) * settings.translate * side
        return _Layout(source, is_used, offset, turn, shift)

    def _render(self, layout: _Layout) -> torch.Tensor:
        """Return float32 ``(b, 3, height, side)`` in [0, 1]: each pixel from the layer that covers it, else grey."""
        (side, height), count = self.out_wh, len(layout.source)
        axes = [torch.arange(length, device=self.device, dtype=torch.float32) + 0.5 for length in self.out_wh]
        out = torch.stack(torch.meshgrid(*axes, indexing="xy"), dim=-1).view(1, -1, 2)
        back = torch.linalg.inv(layout.turn).transpose(1, 2)
        canvas = (out - layout.shift[:, None]) @ back + side
        image = torch.full((count, 3, height, side), GREY / 255, device=self.device)
        for layer in range(LAYERS):
            used = layout.is_used[:, layer].nonzero()[:, 0] if layer else torch.arange(count, device=self.device)
            if len(used) == 0:
                continue
            rows = layout.source[used, layer]
            source = canvas[used] - layout.offset[used, layer, None]
            inside = ((source > 0) & (source < self.store.size_wh[rows][:, None])).all(dim=-1).view(-1, 1, height, side)
            grid = (source * (2 / side) - 1).view(-1, height, side, 2)
            pixels = self.store.pixels[rows].float().div_(255)
            sampled = functional.grid_sample(pixels, grid, padding_mode="border", align_corners=False)
            image[used] = torch.where(inside, sampled, image[used])
        return image

    def _boxes(self, layout: _Layout) -> tuple[torch.Tensor, torch.Tensor]:
        """Return boxes ``(b, LAYERS * BOXES, 4)`` in px of the output and classes, -1 where nothing is left."""
        side, count = float(self.store.side_px), len(layout.source)
        xyxy = self.store.xyxy[layout.source] + layout.offset.repeat(1, 1, 2)[:, :, None]
        class_id = torch.where(layout.is_used[:, :, None], self.store.class_id[layout.source], -1)
        xyxy, class_id = xyxy.view(count, LAYERS * BOXES, 4), class_id.view(count, LAYERS * BOXES)
        corners = torch.stack([xyxy[..., [0, 1]], xyxy[..., [2, 1]], xyxy[..., [2, 3]], xyxy[..., [0, 3]]], dim=2)
        turned = (corners - side).flatten(1, 2) @ layout.turn.transpose(1, 2) + layout.shift[:, None]
        turned = turned.view(count, -1, 4, 2)
        full = torch.cat([turned.amin(dim=2), turned.amax(dim=2)], dim=-1)
        clipped = full.clamp(min=0).minimum(torch.tensor(self.out_wh * 2, device=self.device))
        size = clipped[..., 2:] - clipped[..., :2]
        share = size.prod(dim=-1) / (full[..., 2:] - full[..., :2]).prod(dim=-1).clamp(min=1e-6)
        keep = (class_id >= 0) & (size > MIN_SIDE_PX).all(dim=-1) & (share > MIN_VISIBLE)
        return clipped, torch.where(keep, class_id, -1)

    def _mix(
        self, images: torch.Tensor, xyxy: torch.Tensor, class_id: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return the batch with some samples blended with their neighbour, boxes of both kept, and which these are."""
        chosen = self._uniform(len(images)) < self.settings.mixup
        weight = torch.where(chosen, self._uniform(len(images), low=0.4, high=0.6), 1.0).view(-1, 1, 1, 1)
        images = images * weight + images.roll(1, dims=0) * (1 - weight)
        other = torch.where(chosen[:, None], class_id.roll(1, dims=0), -1)
        return images, torch.cat([xyxy, xyxy.roll(1, dims=0)], dim=1), torch.cat([class_id, other], dim=1), chosen

    def _recolour(self, images: torch.Tensor) -> torch.Tensor:
        """Return the images with hue, saturation, brightness, night, blur and noise changed as the settings say."""
        settings, count = self.settings, len(images)
        if settings.blur > 0:
            soft = (self._uniform(count) < settings.blur).nonzero()[:, 0]
            if len(soft):
                half = functional.interpolate(images[soft], scale_factor=0.5, mode="area")
                images[soft] = functional.interpolate(half, size=images.shape[-2:], mode="bilinear")
        colour = _colour_matrix(
            self._uniform(count, low=-1, high=1) * settings.hue * 2 * math.pi,
            self._uniform(count, low=1 - settings.saturation, high=1 + settings.saturation),
        )
        gain = self._uniform(count, low=1 - settings.brightness, high=1 + settings.brightness)
        dark = self._uniform(count) < settings.night
        gain = torch.where(dark, gain * self._uniform(count, low=0.25, high=0.7), gain)
        images = torch.einsum("bij,bjhw->bihw", colour * gain.view(-1, 1, 1), images)
        if settings.noise > 0:
            noisy = (self._uniform(count) < settings.noise).nonzero()[:, 0]
            if len(noisy):
                sigma = self._uniform(len(noisy), 1, 1, 1, high=0.04)
                grain = torch.randn(images[noisy].shape, generator=self.generator, device=self.device)
                images[noisy] = images[noisy] + sigma * grain
        return images.clamp_(0, 1)


def _colour_matrix(hue_rad: torch.Tensor, saturation: torch.Tensor) -> torch.Tensor:
    """Return RGB matrices ``(b, 3, 3)`` that turn hue and scale saturation around luma (the YIQ rotation)."""
    device = hue_rad.device
    to_yiq = torch.tensor([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]], device=device)
    cos, sin, zero = saturation * hue_rad.cos(), saturation * hue_rad.sin(), torch.zeros_like(hue_rad)
    rows = [torch.stack(row, 1) for row in ((zero + 1, zero, zero), (zero, cos, -sin), (zero, sin, cos))]
    return torch.linalg.inv(to_yiq) @ torch.stack(rows, dim=1) @ to_yiq


def _targets(images: torch.Tensor, xyxy: torch.Tensor, class_id: torch.Tensor, is_real: torch.Tensor) -> Batch:
    """Return the batch with its boxes sorted into targets and ignored regions."""
    size = torch.tensor([images.shape[-1], images.shape[-2]] * 2, dtype=torch.float32, device=images.device)
    is_target = (class_id >= 0) & (class_id < IGNORED)
    row, column = is_target.nonzero(as_tuple=True)
    boxes = xyxy[row, column] / size
    xywh = torch.cat([(boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]], dim=1)
    is_ignored = class_id >= IGNORED
    most = max(int(is_ignored.sum(dim=1).max()), 1)
    order = is_ignored.int().argsort(dim=1, descending=True, stable=True)[:, :most]
    chosen = is_ignored.gather(1, order)
    ignored_class = torch.where(chosen, class_id.gather(1, order) - IGNORED, -1)
    ignored = xyxy.gather(1, order[..., None].expand(-1, -1, 4)) * chosen[..., None]
    is_taught = is_real & is_target.any(dim=1)
    return Batch(images, row, class_id[row, column], xywh, ignored, ignored_class, is_taught)
