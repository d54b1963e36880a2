"""Films: what confirmation is fitted and scored on: real clips, scenes to develop on, scenes that are only scored."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from benchmarks.corpus import Clip, known_clips, scene_clips
from benchmarks.scenes.catalogue import scenes
from benchmarks.scenes.film import Progress


class Part(StrEnum):
    """Where a film is from, and what it may be used for."""

    CLIPS = "clips"
    DEVELOP = "develop"
    HELD_OUT = "held-out"


@dataclass(frozen=True, slots=True)
class Film:
    """A clip or a rendered scene, and its part; `kind` is the scene's family, for groups of figures."""

    clip: Clip
    part: Part
    kind: str

    @property
    def is_fitted_on(self) -> bool:
        """Whether weights may be fitted on it: its own figures then come from weights fitted without it."""
        return self.part is not Part.HELD_OUT and not self.clip.is_unclear


def films(clips: Path, folder: Path, progress: Progress | None = None) -> list[Film]:
    """Return every film: the clips of a folder, and the scenes, rendered into `folder` where they are missing."""
    found = [Film(clip, Part.CLIPS, "clip") for clip in known_clips(clips)]
    for part, chosen in ((Part.DEVELOP, scenes()),):
        rendered = scene_clips(folder, chosen, progress)
        found += [Film(clip, part, scene.place.value) for scene, clip in zip(chosen, rendered, strict=True)]
    return found
