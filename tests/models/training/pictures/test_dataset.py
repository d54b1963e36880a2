"""Reading, grouping, holding out and repairing labelled images."""

import json
from pathlib import Path

import numpy as np
import pytest

from models.training.pictures.dataset import (
    IGNORED,
    DatasetError,
    Sample,
    fingerprint,
    named_classes,
    of_split,
    read_folder,
    split_of,
)
from models.training.pictures.repair import Sightings, read_sightings, repair, without_doubtful
from models.training.pictures.splits import hold_out
from models.training.recipe import Repair
from tests.models.training.drawn import draw

FIRE_AT = [0.1, 0.1, 0.3, 0.3]


def sample(name: str, boxes: list[list[float]], kinds: list[int], split: str = "train") -> Sample:
    xyxy = np.array(boxes, np.float32).reshape(-1, 4)
    return Sample(name, split, Path(f"{name}.png"), xyxy, np.array(kinds, np.int64))


def seen(rows: list[tuple[list[float], float, int]]) -> Sightings:
    return Sightings(
        np.array([row[0] for row in rows], np.float32).reshape(-1, 4),
        np.array([row[1] for row in rows], np.float32),
        np.array([row[2] for row in rows], np.int64),
    )


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    """A folder without images raises DatasetError and says what was expected."""
    with pytest.raises(DatasetError, match="expected train/images"):
        read_folder(tmp_path)


def test_a_missing_label_file_is_refused(tmp_path: Path) -> None:
    """A missing label file is a fault, not a negative: negatives have an empty one."""
    draw(tmp_path)
    next((tmp_path / "train" / "labels").iterdir()).unlink()
    with pytest.raises(DatasetError, match="label file missing"):
        read_folder(tmp_path)


@pytest.mark.parametrize(
    ("description", "names"),
    [
        ("", None),
        ("nc: 2\n", None),
        ("names:\n", None),
        ("names: [smoke, fire]\n", ("smoke", "fire")),
        ("path: .\nnames: ['fire', \"smoke\"]  # ours\nnc: 2\n", ("fire", "smoke")),
        ("names:\n- fire\n- smoke\nnc: 2\n", ("fire", "smoke")),
        ("names:\n  - fire\n  - open fire\n", ("fire", "open fire")),
        ("names:\n  1: smoke  # grey\n  0: fire\nroboflow:\n  licence: none\n", ("fire", "smoke")),
        ("names: {0: fire, 1: smoke}\n", ("fire", "smoke")),
        ("names: [\n  'fire',\n  'smoke',\n]\nnc: 2\n", ("fire", "smoke")),
    ],
)
def test_names_of_a_description(description: str, names: tuple[str, ...] | None) -> None:
    """Every way in which a data.yaml names its classes."""
    assert named_classes(description) == names


def test_labels_of_another_order_are_refused(tmp_path: Path) -> None:
    """Fire for smoke and smoke for fire would be learned, and score next to nothing, without a word."""
    draw(tmp_path)
    described = tmp_path / "data.yaml"
    described.write_text("names: [fire, smoke]\n", encoding="utf-8")
    with pytest.raises(DatasetError, match="labels are of fire, smoke; expected smoke, fire, in this order"):
        read_folder(tmp_path, classes=("smoke", "fire"))
    assert read_folder(tmp_path, classes=("fire", "smoke"))
    assert read_folder(tmp_path, labelled=False, classes=("smoke", "fire"))
    described.write_text("names: [Smoke, Fire]\n", encoding="utf-8")
    assert read_folder(tmp_path, classes=("smoke", "fire"))


@pytest.mark.parametrize(
    ("inside", "split"),
    [
        ("train/images/a.jpg", "train"),
        ("./val/labels/a.txt", "val"),
        ("images/valid/a.jpg", "val"),
        ("validation/images/a.jpg", "val"),
        ("images/a.jpg", ""),
        ("test/images/a.jpg", None),
        ("set/val/images/a.jpg", None),
        ("val/a.jpg", None),
        ("a.jpg", None),
    ],
)
def test_split_of_a_path(inside: str, split: str | None) -> None:
    """What `read_folder` would make of a file there."""
    assert split_of(inside) == split


def test_labels_become_corner_boxes(tmp_path: Path) -> None:
    """Centre and size turn into corners as shares of the image; empty label files are negatives."""
    samples = {item.name: item for item in of_split(read_folder(draw(tmp_path)), "train")}
    assert samples["sky_fog0"].is_negative
    np.testing.assert_allclose(samples["scene_1"].xyxy, [[15 / 96, 0.25, 47 / 96, 0.75]], atol=1e-6)
    assert samples["scene_1"].class_id.tolist() == [1]


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("liuzifan_60f7", "liuzifan"),
        ("sky_fog12", "sky_fog"),
        ("hn_vid_003", "hn_vid"),
        ("hn_s5kcloud_1", "hn_s5kcloud"),
        ("distant_MultiX-Ams_c8", "distant"),
    ],
)
def test_groups_follow_names(name: str, group: str) -> None:
    """The prefix names the source; look-alike sets keep their kind."""
    assert sample(name, [], []).group == group


def test_held_out_clusters_never_split(tmp_path: Path) -> None:
    """Images that look alike go to one side together, within the share, and the same ones every time."""
    draw(tmp_path, train=12)
    samples = read_folder(tmp_path)
    first = hold_out(samples, "scene", share=0.5, seed=3, near=2.0)
    assert [item.split for item in first] == [
        item.split for item in hold_out(samples, "scene", share=0.5, seed=3, near=2.0)
    ]
    assert 0 < len(of_split(first, "held")) <= 0.5 * len([item for item in samples if item.group == "scene"])
    everything_alike = hold_out(samples, "scene", share=0.5, seed=3, near=255.0)
    assert of_split(everything_alike, "held") == []


def test_the_fingerprint_notices_a_changed_label(tmp_path: Path) -> None:
    """One moved box changes the data hash; order does not."""
    samples = read_folder(draw(tmp_path))
    before = fingerprint(samples)
    assert before == fingerprint(reversed(samples))
    label = tmp_path / "train" / "labels" / "scene_1.txt"
    label.write_text("1 0.5 0.5 0.25 0.25\n", encoding="utf-8")
    assert before != fingerprint(read_folder(tmp_path))


@pytest.mark.parametrize(
    ("sighting", "expected"),
    [
        (([0.6, 0.6, 0.8, 0.8], 0.9, 1), 1),  # clear and unlabelled: added
        (([0.6, 0.6, 0.8, 0.8], 0.3, 1), IGNORED + 1),  # unsure: ignored
        (([0.6, 0.6, 0.8, 0.8], 0.1, 1), None),  # too weak to count
        ((FIRE_AT, 0.9, 1), None),  # labelled already
        ((FIRE_AT, 0.9, 0), IGNORED),  # same place, other class: a disagreement
        (([0.0, 0.0, 1.0, 1.0], 0.9, 1), IGNORED + 1),  # swallows a labelled flame: drawn differently
    ],
)
def test_repair_adds_ignores_or_leaves(sighting: tuple[list[float], float, int], expected: int | None) -> None:
    """What a teacher sees beside the labels is added when clear, ignored when unclear, left when known."""
    labelled = sample("liuzifan_1", [FIRE_AT], [1])
    (item,), count = repair([labelled], {"liuzifan_1": seen([sighting])}, Repair())
    assert item.class_id.tolist() == ([1] if expected is None else [1, expected])
    assert count.images == (expected is not None)


def test_repair_never_touches_validation_or_other_sources() -> None:
    """Validation labels and sources not named in the recipe stay as published."""
    samples = [sample("liuzifan_1", [], [], split="val"), sample("ffire_2", [], [])]
    clear = seen([([0.6, 0.6, 0.8, 0.8], 0.9, 1)])
    repaired, count = repair(samples, {"liuzifan_1": clear, "ffire_2": clear}, Repair())
    assert repaired == samples
    assert count.images == 0


def test_doubtful_negatives_are_left_out(tmp_path: Path) -> None:
    """An image the teacher has not seen, or sees smoke in, is no extra negative."""
    file = tmp_path / "seen.jsonl"
    rows = [{"name": "a", "w": 10, "h": 10, "p": []}, {"name": "b", "w": 10, "h": 10, "p": [[1, 1, 5, 5, 0.4, 0]]}]
    file.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    samples = [sample(name, [], []) for name in "abc"]
    assert [item.name for item in without_doubtful(samples, read_sightings(file))] == ["a"]
