"""
Painted training images: plumes of known opacity, veils and lamp glare over real backgrounds, made on the device.

A plume is fractal noise inside an envelope that starts at a source, widens and bends with the wind; it is blended over
the background with ``out = background * (1 - alpha) + colour * alpha``, so its peak opacity is known. It may be small,
as seen from afar, or lie on its side, as behind a vehicle. Veils (fog, an even haze over all of the view), glare (discs
with halos, as headlights and low suns make), clouds, fog banks and puffs of steam carry no box: they are the
look-alikes the first weights took for smoke and fire. A puff of steam is small, white and detached from any source,
because nothing else in one picture tells steam from white smoke.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from models.training.pictures.dataset import IGNORED
from models.training.pictures.store import GREY

if TYPE_CHECKING:
    from models.training.pictures.store import ImageStore
    from models.training.recipe import Synthesis

SMOKE = 0
TEXTURE_PX = 128
VISIBLE = 0.06
"""A plume's box encloses where it changes the picture by more than this share of full scale."""

CLEAR = 0.08
"""A plume that changes its box by less than this in the mean is left out of the loss: people would not label it."""

WHITE, GREYISH, BLACK = (0.78, 1.0), (0.35, 0.75), (0.03, 0.25)


class Painter:
    """Paints the spare slots of a store; seeded, so the same slots are painted the same way again."""

    def __init__(self, store: ImageStore, settings: Synthesis, backgrounds: torch.Tensor, *, seed: int) -> None:
        """Paint over copies of the store rows ``backgrounds`` ``(n,)``, which must show neither smoke nor fire."""
        self.store = store
        self.settings = settings
        self.backgrounds = backgrounds
        self.device = store.pixels.device
        self.generator = torch.Generator(self.device).manual_seed(seed)

    def paint(self, slots: torch.Tensor, *, chunk: int = 64) -> None:
        """Fill the store rows ``slots`` ``(n,)`` anew: pixels, sizes, boxes and classes."""
        for part in slots.split(chunk):
            self._paint(part)

    def _uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> torch.Tensor:
        return torch.rand(shape, generator=self.generator, device=self.device) * (high - low) + low

    def _paint(self, slots: torch.Tensor) -> None:
        store, settings, count = self.store, self.settings, len(slots)
        pick = torch.randint(len(self.backgrounds), (count,), generator=self.generator, device=self.device)
        rows = self.backgrounds[pick]
        size = store.size_wh[rows]
        image = store.pixels[rows].float().div_(255)
        inside = self._inside(size)
        kind = self._uniform(count)
        ends = (settings.plume, settings.plume + settings.veil, settings.plume + settings.veil + settings.cloud)
        is_plume, is_veil = kind < ends[0], (kind >= ends[0]) & (kind < ends[1])
        is_cloud = (kind >= ends[1]) & (kind < ends[2])
        store.class_id[slots] = -1
        for number in range(2):
            wanted = is_plume if number == 0 else is_plume & (self._uniform(count) < 0.25)
            rows = wanted.nonzero()[:, 0]
            if not len(rows):
                continue
            alpha, colour = self._plume(size[rows])
            change = (alpha * (colour - image[rows])).abs().mean(dim=1) * inside[rows, 0]
            box = _extent(change > VISIBLE)
            kind_here = torch.where(_inner_mean(change, box) > CLEAR, SMOKE, IGNORED + SMOKE)
            image[rows] = image[rows] * (1 - alpha) + colour * alpha
            store.xyxy[slots[rows], number] = box
            store.class_id[slots[rows], number] = torch.where(box[:, 2] > box[:, 0], kind_here, -1)
        is_glare = ~(is_plume | is_veil | is_cloud)
        for chosen, look_alike in ((is_veil, self._veil), (is_cloud, self._cloud), (is_glare, self._glare)):
            rows = chosen.nonzero()[:, 0]
            if len(rows):
                image[rows] = look_alike(image[rows], size[rows])
        image = torch.where(inside, image, GREY / 255)
        store.pixels[slots] = image.clamp_(0, 1).mul_(255).round_().to(torch.uint8)
        store.size_wh[slots] = size

    def _inside(self, size_wh: torch.Tensor) -> torch.Tensor:
        axis = torch.arange(self.store.side_px, device=self.device) + 0.5
        wide, high = axis[None] < size_wh[:, :1], axis[None] < size_wh[:, 1:]
        return (high[:, :, None] & wide[:, None, :])[:, None]

    def _noise(self, count: int, side: int, *, first: int = 4, octaves: int = 5) -> torch.Tensor:
        """Return fractal noise ``(count, 1, side, side)`` in about [0, 1]; each octave doubles frequency, 0.55 gain."""
        total, gain, weight = torch.zeros(count, 1, side, side, device=self.device), 1.0, 0.0
        for octave in range(octaves):
            cells = min(first * 2**octave, side)
            grid = self._uniform(count, 1, cells, cells)
            total += gain * functional.interpolate(grid, size=(side, side), mode="bicubic", align_corners=True)
            weight, gain = weight + gain, gain * 0.55
        return ((total / weight - 0.5) * 1.8 + 0.5).clamp_(0, 1)

    def _texture(self, count: int) -> torch.Tensor:
        """Return plume densities ``(count, 1, TEXTURE_PX, TEXTURE_PX)`` with a broad peak of 1; the source is below."""
        axis = torch.linspace(0, 1, TEXTURE_PX, device=self.device)
        y, x = torch.meshgrid(axis, axis, indexing="ij")
        up = (1 - y)[None, None]
        warp = (self._noise(count, TEXTURE_PX, first=3, octaves=3) - 0.5) * self._column(count, 0.2, 0.6)
        lean, bend = self._column(count, -0.35, 0.35), self._column(count, 0.6, 2.0)
        axis_x = 0.5 - 0.5 * lean + lean * up**bend
        width = self._column(count, 0.02, 0.08) + self._column(count, 0.1, 0.3) * up ** self._column(count, 0.5, 1.1)
        across = (x[None, None] + warp * (0.25 + up) * 0.5 - axis_x) / width
        fade = (1 - up).clamp(min=0) ** self._column(count, 0.1, 0.7)
        lumps = self._noise(count, TEXTURE_PX, first=5)
        roughness = self._column(count, 0.3, 0.9)
        depth = torch.exp(-(across**2)) * fade * (1 - roughness + roughness * 1.6 * lumps)
        density = 1 - torch.exp(-self._column(count, 1.5, 5.0) * depth)
        edge = (y * (1 - y) * x * (1 - x)).clamp(min=0)[None, None]
        density = density * (edge * 60).clamp(max=1)
        return (density / (0.75 * density.amax(dim=(2, 3), keepdim=True)).clamp(min=1e-4)).clamp(max=1)

    def _column(self, count: int, low: float, high: float) -> torch.Tensor:
        return self._uniform(count, 1, 1, 1, low=low, high=high)

    def _plume(self, size_wh: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return alpha ``(b, 1, side, side)`` and colours ``(b, 3, side, side)`` of one plume an image."""
        side, count = self.store.side_px, len(size_wh)
        high, wide = self._extents(size_wh)
        left = self._uniform(count) * (size_wh[:, 0] - wide)
        top = self._uniform(count) * (size_wh[:, 1] - high)
        axis = torch.arange(side, device=self.device) + 0.5
        x = (axis[None] - left[:, None]) / wide[:, None] * 2 - 1
        y = (axis[None] - top[:, None]) / high[:, None] * 2 - 1
        grid = torch.stack([x[:, None].expand(-1, side, -1), y[:, :, None].expand(-1, -1, side)], dim=-1)
        density = functional.grid_sample(self._texture(count), grid, align_corners=False)
        peak = self._column(count, *self.settings.opacity)
        return density * peak, self._colour(count, side)

    def _extents(self, size_wh: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return heights and widths ``(b,)`` of plumes in px: a tenth of the picture's height to nearly all of it."""
        count = len(size_wh)
        high = size_wh[:, 1] * (0.1 * (0.95 / 0.1) ** self._uniform(count))
        wide = high * self._uniform(count, low=0.5, high=1.5)
        return high, wide.clamp(max=size_wh[:, 0])

    def _colour(self, count: int, side: int) -> torch.Tensor:
        """Return smoke colours ``(b, 3, side, side)``: a grey level a plume, slightly tinted, with soft shading."""
        kind = self._uniform(count, 1, 1, 1)
        level = torch.where(
            kind < 0.45,
            self._column(count, *WHITE),
            torch.where(kind < 0.75, self._column(count, *GREYISH), self._column(count, *BLACK)),
        )
        tint = self._uniform(count, 3, 1, 1, low=-0.03, high=0.03)
        shade = (self._noise(count, 64, first=4, octaves=3) - 0.5) * self._column(count, 0.0, 0.25)
        return (level + tint + functional.interpolate(shade, size=(side, side), mode="bilinear")).clamp(0, 1)

    def _veil(self, image: torch.Tensor, _size_wh: torch.Tensor) -> torch.Tensor:
        """Return the images under an even veil of 15 to 70 %, denser towards a random height, barely structured."""
        count, side = len(image), self.store.side_px
        rows = torch.linspace(0, 1, side, device=self.device).view(1, 1, -1, 1)
        slope = self._column(count, -0.5, 0.5)
        soft = functional.interpolate(self._noise(count, 32, first=2, octaves=2), size=(side, side), mode="bilinear")
        alpha = self._column(count, 0.15, 0.7) * (1 + slope * (rows - 0.5)) * (0.85 + 0.3 * soft)
        return image * (1 - alpha) + self._column(count, 0.55, 0.95) * alpha

    def _cloud(self, image: torch.Tensor, size_wh: torch.Tensor) -> torch.Tensor:
        """Return the images with clouds in the upper part, a fog bank, or one to three puffs of steam."""
        count, side = len(image), self.store.side_px
        axis = torch.arange(side, device=self.device) + 0.5
        x = (axis[None] / size_wh[:, :1]).view(count, 1, 1, side)
        y = (axis[None] / size_wh[:, 1:]).view(count, 1, side, 1)
        noise = functional.interpolate(self._noise(count, TEXTURE_PX, first=3), size=(side, side), mode="bilinear")
        ceiling = ((self._column(count, 0.25, 0.6) - y) * 8).sigmoid()
        cumulus = ((noise - self._column(count, 0.35, 0.6)) * self._column(count, 2.0, 6.0)).clamp(0, 1) * ceiling
        middle, thick = self._column(count, 0.3, 0.9), self._column(count, 0.04, 0.18)
        bank = torch.exp(-(((y - middle + 0.2 * (noise - 0.5)) / thick) ** 2))
        steam = torch.zeros_like(bank)
        for number in range(3):
            shown = (self._uniform(count, 1, 1, 1) < (1.0, 0.5, 0.3)[number]).float()
            near = self._column(count, 0.015, 0.07)
            dx, dy = x - self._column(count, 0.05, 0.95), y - self._column(count, 0.2, 0.9)
            far = (dx**2 + (dy * self._column(count, 0.7, 1.6)) ** 2) / near**2
            steam = torch.maximum(steam, shown * torch.exp(-far) * (0.4 + noise))
        pick = self._uniform(count, 1, 1, 1)
        density = torch.where(pick < 0.5, cumulus, torch.where(pick < 0.8, bank, steam.clamp(max=1)))
        alpha = density * self._column(count, *self.settings.opacity)
        colour = self._column(count, 0.7, 1.0) - 0.2 * (noise - 0.5)
        return image * (1 - alpha) + colour.clamp(0, 1) * alpha

    def _glare(self, image: torch.Tensor, size_wh: torch.Tensor) -> torch.Tensor:
        """Return the images darkened, with one to four lamps: a white core in a warm or white halo."""
        count, side = len(image), self.store.side_px
        image = image * self._column(count, 0.15, 0.8)
        axis = torch.arange(side, device=self.device).float()
        for number in range(4):
            shown = (self._uniform(count, 1, 1, 1) < (1.0, 0.6, 0.4, 0.3)[number]).float()
            at = self._uniform(count, 2) * size_wh
            far = ((axis[None] - at[:, :1]) ** 2)[:, None, None] + ((axis[None] - at[:, 1:]) ** 2)[:, None, :, None]
            core = side * 0.004 * 10 ** self._uniform(count, 1, 1, 1)
            halo = core * self._column(count, 2.5, 7.0)
            warm = self._column(count, 0.0, 1.0)
            hue = torch.cat([torch.ones_like(warm), 1 - 0.35 * warm, 1 - 0.75 * warm], dim=1)
            light = torch.exp(-far / (2 * core**2)) * 1.4 + hue * torch.exp(-far.sqrt() / halo) * 0.7
            image = image + shown * light
        return image.clamp(0, 1)


def _inner_mean(values: torch.Tensor, box: torch.Tensor) -> torch.Tensor:
    """Return the mean ``(b,)`` of ``(b, h, w)`` values over the area of each box; they vanish outside it."""
    area = ((box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1])).clamp(min=1.0)
    return values.sum(dim=(1, 2)) / area


def _extent(mask: torch.Tensor) -> torch.Tensor:
    """Return the bounding boxes ``(b, 4)`` in px of bool masks ``(b, h, w)``; zeros where nothing is set."""
    edges = []
    for along in (1, 2):
        seen = mask.any(dim=along).float()
        low = seen.argmax(dim=1)
        high = seen.shape[1] - seen.flip(1).argmax(dim=1)
        edges.append((low, torch.where(seen.any(dim=1), high, low)))
    (left, right), (top, bottom) = edges
    return torch.stack([left, top, right, bottom], dim=1).float()
