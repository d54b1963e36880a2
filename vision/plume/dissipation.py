"""
Dissipation: how far a plume's turbulence reaches in one picture, and when several pictures show condensed water.

Steam is white, or pale in its own shade, and ends within a few outlet widths; smoke tapers (domain.md 1.6, decisions
0026 and 0067). What is seen faintly, or above a foot that nobody drew, must leave less than what is seen well.
"""

from collections.abc import Collection
from dataclasses import dataclass
from statistics import median

NEAR = (1, 3)
"""Rings, in outlet widths from the lip, in which the plume must be well seen."""

MIDDLE = 3
"""Ring in which steam still churns as near the lip, a little before it ends."""

FAR = (6, 8)
"""Rings in which steam has gone: domain.md 1.6 has it end within 3 to 5 outlet widths."""

LEFT_OVER = 0.3
"""
Share of the churning near the lip that may be left far from it. Rendered steam leaves 0.07 to 0.23, before a clear sky
as before moving clouds, white smoke 0.48 to 1.0 once it has come so far (decision 0026).
"""

ENDED, NEXT_TO_NOTHING = 0.25, 0.1
"""Likewise of what is not white, and of what is seen faintly, or above no outlet that anybody drew."""

LEAST_LEVELS = 5.0
"""Mean churning near the lip, in 8-bit levels, from which a third of it is told from noise."""

FAINT_LEVELS = 4.0
"""Likewise from which a tenth is: of steam at sunset, seen before a sky that is as even as it is dim."""

WHITE = 0.45
"""Luminance of steam against what is brightest in the picture, linear."""

DARKER = 0.8
"""
Share of the light beside the plume, in the colour that loses most, below which it is not white. Before a blue sky steam
and white smoke have 0.98 and more, before an overcast one steam 0.8; black, grey and yellow smoke 0.79 at most (all
rendered).
"""

PALE, DIM = 0.65, 0.4
"""
What is darker than white steam may yet be its shaded side before an overcast sky: of `PALE` of the light beside it, and
`DIM` of what is brightest in the picture. Rendered steam has 0.62 and more, but so has grey smoke of 40 %.
"""

NEUTRAL = 1.1
"""
Most by which one colour of what is pale has more of the light beside than another: rendered steam before an overcast
sky has 1.00 to 1.05, yellow smoke of 40 % 1.02 to 1.4, and 1.1 or more in most pictures.
"""

DROP = 1 / 3
"""
Share of the churning of the `MIDDLE` that may be left far out of what is pale: rendered steam, which ends, leaves 0.02
to 0.25 of it, grey smoke, which tapers, 0.42 and more (decision 0067).
"""

CARRIED_ON = 0.3
"""Churning of the `MIDDLE` against that near the lip from which the plume has come so far that its end can be seen."""

LEAST_WHITE, LEAST_PALE = 1 / 3, 1 / 2
"""
Share of those in which it is well seen in which it must be white, or pale: before an overcast sky steam shows a darker
side at times. Where nothing churns the sky itself would be judged.
"""


@dataclass(frozen=True, slots=True)
class Dissipation:
    """
    How far churning above the lip reaches.

    Attributes:
        near: mean churning near the lip beyond the picture's own unrest, 8-bit levels.

        middle: likewise a little before steam ends.

        far: likewise where steam has gone.

        brightness: luminance of what churns near the lip, of what is brightest in the picture.

        light: its share of the light that is calm beside it, in the colour that loses most.

        tint: by how much more it has in the colour that loses least, as a factor.

        is_whole: whether the picture shows the plume's way that far.

        behind: by how much darker than the plume what is calm on its further way is, 8-bit levels.
    """

    near: float
    middle: float
    far: float
    brightness: float
    light: float
    tint: float
    is_whole: bool
    behind: float

    def is_seen(self, least_levels: float = LEAST_LEVELS) -> bool:
        """Whether so much churns near the lip, and the picture shows where it would go on."""
        return self.is_whole and self.near >= least_levels

    @property
    def is_white(self) -> bool:
        """Whether what churns near the lip is bright, and no darker than what is calm beside it."""
        return self.brightness >= WHITE and self.light >= DARKER

    @property
    def is_pale(self) -> bool:
        """Whether it may be the shaded side of something white."""
        return self.brightness >= DIM and self.light >= PALE and self.tint <= NEUTRAL

    @property
    def left_over(self) -> float:
        """Share of the churning near the lip that is left far from it."""
        return self.far / max(self.near, 1e-6)

    @property
    def dropped_to(self) -> float:
        """Share of the churning of the `MIDDLE` that is left far from the lip; 1 while little has come so far."""
        return self.far / self.middle if self.middle >= max(CARRIED_ON * self.near, 1e-6) else 1.0


@dataclass(frozen=True, slots=True)
class Ending:
    """
    One way to tell by judgements together that a plume of condensed water ends.

    Attributes:
        least_levels: churning near the lip from which a judgement counts; half of them must.

        most_left: `Dissipation.left_over` in their median.

        most_after_drop: `Dissipation.dropped_to` in their median.

        of_pale: whether it is told of what is pale, and not of what is white.
    """

    least_levels: float
    most_left: float
    most_after_drop: float = 1.0
    of_pale: bool = False

    def is_told_by(self, judged: Collection[Dissipation]) -> bool:
        """Whether these judgements tell it."""
        seen = [fading for fading in judged if fading.is_seen(self.least_levels)]
        if not seen or 2 * len(seen) < len(judged):
            return False
        least_share = LEAST_PALE if self.of_pale else LEAST_WHITE
        if sum(fading.is_pale if self.of_pale else fading.is_white for fading in seen) < least_share * len(seen):
            return False
        return (
            median(fading.left_over for fading in seen) <= self.most_left
            and median(fading.dropped_to for fading in seen) <= self.most_after_drop
        )


@dataclass(frozen=True, slots=True)
class Terms:
    """
    On what terms a plume is called condensed water.

    Attributes:
        far: rings in which it must have gone.

        endings: the ways in which it may be told to end.
    """

    far: tuple[int, int]
    endings: tuple[Ending, ...]

    def are_met_by(self, judged: Collection[Dissipation]) -> bool:
        """Whether judgements together tell one of the endings."""
        return any(ending.is_told_by(judged) for ending in self.endings)


ABOVE_AN_OUTLET = Terms(
    FAR,
    (
        Ending(LEAST_LEVELS, LEFT_OVER),
        Ending(FAINT_LEVELS, NEXT_TO_NOTHING),
        Ending(FAINT_LEVELS, ENDED, DROP),
        Ending(FAINT_LEVELS, ENDED, DROP, of_pale=True),
    ),
)
"""
What is white and ends; what is faint and white, and gone or ends at once; what is pale and ends at once.
"""
