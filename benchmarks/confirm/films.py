"""Films: what confirmation is fitted and scored on: clips of real film, and rendered scenes beside them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from benchmarks.accuracy.sequence import ANALYSIS_FPS
from benchmarks.clips.corpus import Clip, known_clips, scene_clips
from benchmarks.scenes.families import Split, family_scenes
from benchmarks.scenes.film import Progress
from benchmarks.scenes.scene import Scene


class Part(StrEnum):
    """Where a film is from."""

    REAL = "real film"
    DEVELOP = "rendered, develop"
    HELD_OUT = "rendered, held out"


@dataclass(frozen=True, slots=True)
class Film:
    """
    A clip or a rendered scene.

    Attributes:
        source: who made it: no film may help to judge another of its source.
    """

    clip: Clip
    part: Part
    source: str

    @property
    def is_real(self) -> bool:
        """Whether a camera took it."""
        return self.part is Part.REAL


def films(folders: Sequence[Path], scenes: Path, names: Sequence[str] | None = None) -> list[Film]:
    """
    Return the clips in the folders, and the scenes of both splits, or those of `names`, rendered into `scenes`.

    Scenes are rendered at the analysis rate: what a camera sees between two looks costs and says nothing.
    """
    found = [Film(clip, Part.REAL, owner(clip)) for folder in folders for clip in known_clips(folder)]
    for part, split in ((Part.DEVELOP, Split.DEVELOP), (Part.HELD_OUT, Split.HELD_OUT)):
        chosen = [scene for scene in split_scenes(split) if names is None or scene.name in names]
        found += rendered(scenes, part, chosen)
    return found


def rendered(folder: Path, part: Part, scenes: Sequence[Scene], progress: Progress | None = None) -> list[Film]:
    """Return the films of scenes, rendered into `folder` where they are not yet; each is a source of its own."""
    clips = scene_clips(folder, scenes, progress)
    return [Film(clip, part, scene.name) for scene, clip in zip(scenes, clips, strict=True)]


def owner(clip: Clip) -> str:
    """Return who published a clip, or its hash where nobody is known: all clips of one owner are one source."""
    return clip.source.split("/")[0] or clip.sha256


def split_scenes(split: Split) -> list[Scene]:
    """Return the scenes of a split but those of failing cameras, which health is scored on (`bench scenes`)."""
    return [replace(scene, fps=ANALYSIS_FPS) for scene in family_scenes(split) if scene.family != "fault"]
