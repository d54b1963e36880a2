"""Lessons: what is laid over a photograph is where its label says, and nothing that is scored is learned from."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.lessons.__main__ import backgrounds, write
from benchmarks.lessons.over import KINDS, Setting, lesson
from benchmarks.lessons.places import SEEDS, pictures, variations
from benchmarks.scenes.families import Split, family_scenes
from benchmarks.scenes.scene import Colour, Kind, SceneEvent
from models.training.pictures.corpus import Sources, read
from models.training.pictures.dataset import read_folder
from models.training.recipe import Recipe
from tests.benchmarks.pictures import add

PHOTOGRAPH = np.full((240, 320, 3), 150, np.uint8)
SMOKE = SceneEvent(Kind.SMOKE, -60.0, 1e6, 0.9, Colour.BLACK, (0.3, 0.6), 0.04)


def test_the_box_encloses_what_was_changed() -> None:
    """Beside the box of a plume the photograph is as it was; inside it is darker, above the outlet most of all."""
    made = lesson(PHOTOGRAPH, Setting([SMOKE], wind=1.5), seed=4)
    assert made is not None
    image, boxes = made
    (kind, left, top, right, bottom) = boxes[0]
    beside = np.abs(image.astype(int) - 150).max(axis=2) > 12
    beside[round(top) - 1 : round(bottom) + 1, round(left) - 1 : round(right) + 1] = False
    assert kind == 0
    assert len(boxes) == 1
    assert beside.sum() < 0.01 * (right - left) * (bottom - top)
    assert image[round(0.55 * 240), round(0.3 * 320)].max() < 110


@pytest.mark.parametrize("kind", [Kind.STEAM, Kind.DUST])
def test_look_alikes_are_negatives(kind: Kind) -> None:
    """Steam and dust change the picture and have no box."""
    lit = PHOTOGRAPH // 3
    lit[:40] = 220
    made = lesson(lit, Setting([replace(SMOKE, kind=kind, colour=Colour.WHITE)], wind=1.0), seed=4)
    assert made is not None
    assert made[1] == []
    assert np.abs(made[0][60:].astype(int) - 50).max() > 60


def test_what_is_kept_back_is_no_background(tmp_path: Path) -> None:
    """Neither a validation picture nor its twin in the training part, of streets too; with smoke in it none is."""
    data, streets = tmp_path / "data", tmp_path / "streets"
    for name, seed, labels in (("sky_rain1", 1, ""), ("sky_rain2", 2, ""), ("web_1", 3, "0 0.5 0.5 0.5 0.5\n")):
        add(data, "train", name, labels, seed=seed)
    for name, seed in (("a", 4), ("b", 5), ("c", 6)):
        add(streets, "train", name, "7 0.5 0.5 0.5 0.5\n", seed=seed)
    add(data, "val", "sky_rain9", seed=2)
    add(data, "val", "web_9", "0 0.5 0.5 0.5 0.5\n", seed=6)
    add(streets, "val", "d", seed=5)
    shown, leaks = backgrounds([data], streets, seed=7)
    assert [item.name for item in shown] == ["sky_rain1", "streets_a"]
    assert (leaks.dropped, leaks.twinned) == (3, 3)


def test_backgrounds_of_a_folder_without_a_split_are_those_that_training_learns_from(tmp_path: Path) -> None:
    """What the recipe's seed keeps back is none, though no folder says so."""
    for number in range(40):
        add(tmp_path, ".", f"sky_rain{number:02d}", seed=number)
    recipe = Recipe("any", "yolov8n.yaml", initial="random", held=(), seed=3)
    kept_back = {item.name for item in read(recipe, Sources(tmp_path)) if item.split == "val"}
    shown, _ = backgrounds([tmp_path], None, seed=3)
    assert len(kept_back) == 4
    assert {item.name for item in shown} == {f"sky_rain{number:02d}" for number in range(40)} - kept_back


def test_what_hardly_shows_is_no_lesson() -> None:
    """White smoke before white is left out: nobody would label it."""
    white = np.full((240, 320, 3), 250, np.uint8)
    assert lesson(white, Setting([replace(SMOKE, colour=Colour.WHITE, opacity=0.3)], wind=1.0), seed=4) is None


def test_a_lorry_comes_with_its_smoke() -> None:
    """A source that moves brings its lorry: the picture changes outside the plume's box too."""
    event = SceneEvent(Kind.SMOKE, 0.0, 99.0, 0.9, Colour.BLACK, speed=0.1)
    made = lesson(PHOTOGRAPH, Setting([event], wind=0.5, time_s=9.0, road=(0.6, 0.8)), seed=4)
    assert made is not None
    image, ((_, left, top, right, bottom),) = made
    changed = np.abs(image.astype(int) - 150).max(axis=2) > 12
    whole = changed.sum()
    changed[round(top) : round(bottom), round(left) : round(right)] = False
    assert whole > changed.sum() > 300


@pytest.mark.parametrize(
    "setting",
    [
        Setting([], wind=0.0, road=(0.5, 0.7), vehicles=3, is_idle=True),
        Setting([SMOKE], wind=1.0, stack=True, is_idle=True),
    ],
)
def test_vehicles_and_stacks_from_which_nothing_comes_are_negatives(setting: Setting) -> None:
    """They are painted over the photograph, and have no box."""
    made = lesson(PHOTOGRAPH, setting, seed=4)
    assert made is not None
    assert made[1] == []
    assert (np.abs(made[0].astype(int) - 150).max(axis=2) > 12).sum() > 100


def test_lessons_are_drawn_from_their_seed() -> None:
    """Each kind gives the same picture again from the same numbers, and another from others."""
    for _, draw in KINDS.values():
        settings = [draw(np.random.default_rng(seed)) for seed in (5, 5, 6)]
        assert settings[0] == settings[1] != settings[2]
    first, again = (lesson(PHOTOGRAPH, Setting([SMOKE], wind=1.5), seed=4) for _ in range(2))
    assert first is not None
    assert again is not None
    assert np.array_equal(first[0], again[0])


def test_places_are_those_to_develop_on_with_seeds_of_their_own() -> None:
    """No variation has the name, the seed or the place of a held-out scene, nor the seed of one to develop on."""
    varied = list(variations(2, seed=1))
    held, develop = family_scenes(Split.HELD_OUT), family_scenes(Split.DEVELOP)
    assert len(varied) == 2 * sum(scene.fault is None for scene in develop)
    assert min(scene.seed for scene in varied) >= SEEDS > max(scene.seed for scene in (*held, *develop)) + 100_000
    assert {scene.place for scene in varied}.isdisjoint(scene.place for scene in held)
    assert {scene.name for scene in varied}.isdisjoint(scene.name for scene in (*held, *develop))


def test_pictures_of_a_place_are_labelled_by_their_truth(tmp_path: Path) -> None:
    """Written and read again, the boxes are the scene's; before its source begins a picture is a negative."""
    scene = next(scene for scene in variations(1, seed=1) if scene.name.startswith("open-burning-1"))
    small = replace(scene, size_wh=(320, 180))
    for part in ("images", "labels"):
        (tmp_path / part).mkdir()
    made = list(pictures(small, seed=1))
    for number, (image, boxes) in enumerate(made):
        write(tmp_path, f"lesson_{number}", image, boxes)
    samples = read_folder(tmp_path)
    assert [item.class_id.tolist() for item in samples] == [[kind for kind, *_ in boxes] for _, boxes in made]
    assert any(set(item.class_id.tolist()) == {0, 1} for item in samples)
    (_, left, top, right, bottom) = next(boxes for _, boxes in made if boxes)[0]
    sample = next(item for item in samples if not item.is_negative)
    assert sample.xyxy[0] == pytest.approx(np.array([left / 320, top / 180, right / 320, bottom / 180]), abs=1e-4)
    assert cv2.imread(str(samples[0].path)).shape == (180, 320, 3)
