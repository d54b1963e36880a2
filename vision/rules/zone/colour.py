"""V02, coloured plume: one colour other than black, grey and white above an outlet for three minutes; never a grade."""

from collections.abc import Mapping
from datetime import datetime

from vision.config.zones import Zone
from vision.plume.readings import PlumeColour
from vision.plume.ringelmann import READING_S
from vision.rules.leniency import USUAL, LeniencyAt
from vision.rules.rule import View
from vision.rules.zone.stack import smoke_at
from vision.rules.zone.zonal import RuleName, Verdict

NAME = RuleName("plume.colour", "1.0.0", "V02_COLOR_PLUME", "smoke")
COLOURS = (PlumeColour.YELLOW, PlumeColour.BLUE)
"""Yellow is NOx-like, blue sulphate-like (domain.md 1.6)."""


class ColourWatcher:
    """Watches the colour of the readings above one outlet, with or without a number."""

    def __init__(self, zone: Zone, seen_s: float, window_s: float, leniency: LeniencyAt = lambda _: USUAL) -> None:
        self._zone = zone
        self._leniency = leniency
        self._seen_s = seen_s
        self._window_s = window_s

    def params_at(self, utc: datetime) -> Mapping[str, float | int | str | bool]:
        """Return the times that hold for the owner, and the colours."""
        seen_s = self._seen_s * self._leniency(utc).persistence
        return {"seen_s": seen_s, "window_s": self._window_s, "colours": ",".join(COLOURS)}

    def watch(self, view: View) -> Verdict:
        """Return the verdict on how long the plume has had its present colour."""
        readings = view.readings.get(self._zone.name, ())
        now = readings[-1].colour if readings else None
        if now not in COLOURS or view.time.seconds_since(readings[-1].time) > 2 * READING_S:
            return Verdict()
        same = [r for r in readings if r.colour is now and view.time.seconds_since(r.start) <= self._window_s]
        seen_s = READING_S * len(same)
        return Verdict(
            is_met=seen_s >= self._seen_s * self._leniency(view.time.utc).persistence,
            is_held=True,
            first=same[0].start,
            boxes=smoke_at(view, self._zone),
            pictures=max(1, sum(reading.pictures for reading in same)),
            measures={"coloured_s": seen_s},
        )

    def forget(self) -> None:
        """Do nothing: the readings belong to the camera."""
