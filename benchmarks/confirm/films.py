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

VARIANTS = (0, 1, 2)
"""
Of each scene to develop on: as it is, and twice with other clouds, puffs, traffic and noise, other wind, in another
size. Sixty tracks were too few for seventeen cues.
"""

FIRST_DAY = 3
"""Of `another_day`."""

_SIZES_WH = ((1280, 720), (960, 540), (1600, 900))


class Part(StrEnum):
    """Where a film is from, and what it may be used for."""

    CLIPS = "clips"
    DEVELOP = "develop"
    HELD_OUT = "held-out"


@dataclass(frozen=True, slots=True)
class Film:
    """
    A clip or a rendered scene, and its part.

    Attributes:
        kind: the scene's family, for groups of figures.

        group: films of one scene in other lights share it: none of them may help to judge another.
    """

    clip: Clip
    part: Part
    kind: str
    group: int = 0

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
    found = [Film(clip, Part.CLIPS, "clip", group) for group, clip in enumerate(known_clips(clips))]
    for part, split in ((Part.DEVELOP, Split.DEVELOP), (Part.HELD_OUT, Split.HELD_OUT)):
        groups = [scene for scene in split_scenes(split) if names is None or scene.name in names]
        looks = VARIANTS if part is Part.DEVELOP else VARIANTS[:1]
        scenes = [(group, variant(scene, number)) for number in looks for group, scene in enumerate(groups)]
        found += _rendered(folder, part, scenes, progress)
    return found


def another_day(folder: Path, day: int, progress: Progress | None = None) -> list[Film]:
    """
    Return the held-out scenes as other cameras would see them on another day, rendered into `folder`.

    Figures of held-out scenes are no longer of something unseen once they have been read to choose between two ways.
    Another day, from `FIRST_DAY`, has other clouds, puffs, traffic and noise, and nobody has read it yet.

    Raises `ValueError` for a day before `FIRST_DAY`: films to fit on have their seeds.
    """
    if day < FIRST_DAY:
        raise ValueError(f"day {day}: from {FIRST_DAY} on, earlier ones are fitted on")
    scenes = [(group, variant(scene, day)) for group, scene in enumerate(split_scenes(Split.HELD_OUT))]
    return _rendered(folder, Part.HELD_OUT, scenes, progress)


def _rendered(folder: Path, part: Part, scenes: Sequence[tuple[int, Scene]], progress: Progress | None) -> list[Film]:
    """Return the films of scenes, each with its group, rendered into `folder` where they are not yet."""
    clips = scene_clips(folder, [scene for _, scene in scenes], progress)
    return [Film(clip, part, scene.family, group) for (group, scene), clip in zip(scenes, clips, strict=True)]


def variant(scene: Scene, number: int) -> Scene:
    """Return a scene as another camera would see it on another day; itself for 0."""
    if number == 0:
        return scene
    return replace(
        scene,
        name=f"{scene.name}-{'ab'[number - 1] if number < FIRST_DAY else f'day{number}'}",
        seed=scene.seed + 50_000 * number,
        size_wh=_SIZES_WH[number % len(_SIZES_WH)],
        wind=scene.wind if number % 2 == 0 and number >= FIRST_DAY else -scene.wind,
    )


def split_scenes(split: Split) -> list[Scene]:
    """Return the scenes of a split but those of failing cameras, which health is scored on (`bench scenes`)."""
    return [replace(scene, fps=ANALYSIS_FPS) for scene in family_scenes(split) if scene.family != "fault"]
