"""Films: what confirmation is fitted and scored on: real clips, scenes to develop on, scenes that are only scored."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from benchmarks.accuracy_sequence import ANALYSIS_FPS
from benchmarks.corpus import Clip, known_clips, scene_clips
from benchmarks.scenes.families import Split, family_scenes
from benchmarks.scenes.film import Progress
from benchmarks.scenes.scene import Scene


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


def films(
    clips: Path, folder: Path, names: Sequence[str] | None = None, progress: Progress | None = None
) -> list[Film]:
    """
    Return the clips of a folder, and the scenes of both splits, or those of `names`, rendered into `folder`.

    Scenes are rendered at the analysis rate: what a camera sees between two looks costs and tells nothing.
    """
    found = [Film(clip, Part.CLIPS, "clip") for clip in known_clips(clips)]
    for part, split in ((Part.DEVELOP, Split.DEVELOP), (Part.HELD_OUT, Split.HELD_OUT)):
        scenes = [scene for scene in split_scenes(split) if names is None or scene.name in names]
        rendered = scene_clips(folder, scenes, progress)
        found += [Film(clip, part, scene.family) for scene, clip in zip(scenes, rendered, strict=True)]
    return found


def split_scenes(split: Split) -> list[Scene]:
    """Return the scenes of a split but those of failing cameras, which health is scored on (`bench scenes`)."""
    return [replace(scene, fps=ANALYSIS_FPS) for scene in family_scenes(split) if scene.family != "fault"]
