"""
Scenes: rendered clips with ground truth, for the demo, for tests and for benchmarks where no real clip is at hand.

    python -m benchmarks.scenes [--out FOLDER] [--demo | --split SPLIT | --names NAME ...]
"""

from benchmarks.scenes.catalogue import demo_scenes, opacity_scenes, scene_named, scenes
from benchmarks.scenes.film import ensure, truth_path, write
from benchmarks.scenes.render import Stage, render
from benchmarks.scenes.scene import (
    CameraFault,
    Cloth,
    Colour,
    FogBank,
    FrameTruth,
    Kind,
    Lens,
    LookAlike,
    Place,
    Scene,
    SceneEvent,
    SceneFrame,
    Sighting,
    Weather,
)

__all__ = [
    "CameraFault",
    "Cloth",
    "Colour",
    "FogBank",
    "FrameTruth",
    "Kind",
    "Lens",
    "LookAlike",
    "Place",
    "Scene",
    "SceneEvent",
    "SceneFrame",
    "Sighting",
    "Stage",
    "Weather",
    "demo_scenes",
    "ensure",
    "opacity_scenes",
    "render",
    "scene_named",
    "scenes",
    "truth_path",
    "write",
]
