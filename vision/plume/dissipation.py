"""
Dissipation: how far a plume's turbulence reaches in one picture, and when several pictures show condensed water.

Steam is white, or pale in its own shade, and ends within a few outlet widths; smoke tapers (domain.md 1.6, decisions
0026 and 0067). A plume that is seen faintly, or above a foot that is not a drawn outlet, must leave less.
"""

from collections.abc import Collection
from dataclasses import dataclass
from statistics import median

NEAR = (1, 3)
"""Rings, in outlet widths from the lip, in which the plume must be clearly seen."""

MIDDLE = 3
"""Ring in which steam still churns as near the lip, a little before it ends."""

FAR = (6, 8)
"""Rings in which steam has gone: domain.md 1.6 has it end within 3 to 5 outlet widths."""

LEFT_OVER = 0.3
"""
Share of the churning near the lip that may be left far from it. Rendered steam leaves 0.07 to 0.23, before a clear sky
and before moving clouds; white smoke that has come so far 0.48 to 1.0 (decision 0026).
"""

ENDED, NEXT_TO_NOTHING = 0.25, 0.1
"""The same for plumes that are not white, and for those seen faintly or above no drawn outlet."""

LEAST_LEVELS = 5.0
"""Mean churning near the lip, in 8-bit levels, from which a third of it is more than noise."""

FAINT_LEVELS = 4.0
"""The same for a tenth of it: steam at sunset, before an even and dim sky."""

WHITE = 0.45
"""Least luminance of steam as a share of the brightest in the picture, linear."""

DARKER = 0.8
"""
Share of the light beside the plume, in the colour that loses most, below which it is not white. Before a blue sky steam
and white smoke have 0.98 and more, before an overcast one steam 0.8; black, grey and yellow smoke 0.79 at most (all
rendered).
"""

PALE, DIM = 0.65, 0.4
"""
A plume darker than white steam may be its shaded side before an overcast sky, with `PALE` of the light beside it and
`DIM` of the brightest in the picture. Rendered steam has 0.62 and more, but so has grey smoke of 40 %.
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
"""Least churning of the `MIDDLE` as a share of that near the lip: only then has the plume come far enough to end."""

LEAST_WHITE, LEAST_PALE = 1 / 3, 1 / 2
"""
Share of the clear judgements in which it must be white, or pale: before an overcast sky steam sometimes shows a darker
side. Where nothing churns the sky itself would be judged.
"""


@dataclass(frozen=True, slots=True)
class Dissipation:
    """
    How far churning above the lip reaches.

    Attributes:
        near: mean churning near the lip beyond the picture's own unrest, 8-bit levels.

        middle: likewise a little before steam ends.

        far: likewise where steam has ended.

        brightness: luminance of what churns near the lip, as a share of the brightest in the picture.

        light: its share of the light that is calm beside it, in the colour that loses most.

        tint: factor between that share in the colour that loses least and in the one that loses most.

        is_whole: whether the picture shows all places on the plume's way.

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
        """Whether at least that much churns near the lip, and the picture shows its further way."""
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
    One set of conditions under which judgements together show that a plume of condensed water ends.

    Attributes:
        least_levels: churning near the lip from which a judgement counts; half of them must.

        most_left: `Dissipation.left_over` in their median.

        most_after_drop: `Dissipation.dropped_to` in their median.

        of_pale: whether it is for pale plumes, not for white ones.
    """

    least_levels: float
    most_left: float
    most_after_drop: float = 1.0
    of_pale: bool = False

    def is_told_by(self, judged: Collection[Dissipation]) -> bool:
        """Whether these judgements meet the conditions."""
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
    The terms on which a plume counts as condensed water.

    Attributes:
        far: rings in which it must have ended.

        endings: the conditions, of which one must hold.
    """

    far: tuple[int, int]
    endings: tuple[Ending, ...]

    def are_met_by(self, judged: Collection[Dissipation]) -> bool:
        """Whether judgements together meet one of the endings."""
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
White and ends; faint and white, and gone or ends at once; pale and ends at once.
"""
