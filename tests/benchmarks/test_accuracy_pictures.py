"""Labelled pictures: the same set from a folder and from tars, and one sentence for each wrong folder."""

from pathlib import Path

import pytest

from benchmarks.accuracy_pictures import group_name, labelled_pictures
from benchmarks.errors import BenchmarkError
from tests.benchmarks.pictures import add, as_tar, small_set


def test_the_validation_split_is_read(tmp_path: Path) -> None:
    """Training pictures are left out; labels and groups are there."""
    with labelled_pictures(small_set(tmp_path / "set")) as found:
        names = [item.name for item in found.samples]
        groups = [group_name(item) for item in found.samples]

        assert names == ["sky_fog1", "sky_fog2", "sky_rain1", "web_1", "web_2"]
        assert groups == ["sky_fog", "sky_fog", "sky_rain", "web", "web"]
        assert found.samples[3].xyxy.tolist() == [[0.25, 0.25, 0.75, 0.75]]
        assert [item.is_negative for item in found.samples] == [True, True, True, False, False]


def test_tars_and_folders_hold_the_same(tmp_path: Path) -> None:
    """The hash over names, labels and bytes is the same, and nothing is left behind."""
    folder = small_set(tmp_path / "set")
    with labelled_pictures(folder) as plain, labelled_pictures(as_tar(folder, tmp_path / "tars" / "a.tar")) as packed:
        paths = [item.path for item in packed.samples]
        assert plain.sha256 == packed.sha256
        assert all(path.is_file() for path in paths)

    assert not any(path.exists() for path in paths)


def test_another_label_makes_another_hash(tmp_path: Path) -> None:
    """A result names exactly the labels it was measured on."""
    with labelled_pictures(small_set(tmp_path / "set")) as before:
        first = before.sha256
    (tmp_path / "set" / "val" / "labels" / "web_1.txt").write_text("0 0.5 0.5 0.5 0.4\n")

    with labelled_pictures(tmp_path / "set") as after:
        assert after.sha256 != first


def test_distant_training_clusters_are_held_out(tmp_path: Path) -> None:
    """Pictures of the held-out group are measured too, under a name of their own; the largest cluster is not."""
    for number in range(20):
        add(tmp_path, "train", f"distant_{number}", "0 0.5 0.5 0.5 0.5\n", 100 + number)
    add(tmp_path, "val", "web_1", seed=1)

    with labelled_pictures(tmp_path) as found:
        held = [item for item in found.samples if item.split == "held"]

    assert len(held) == 3
    assert {group_name(item) for item in held} == {"distant_held"}


def test_streets_are_negatives_whatever_their_labels_say(tmp_path: Path) -> None:
    """The labels of another topic are not read."""
    streets = tmp_path / "streets"
    add(streets, "val", "bin_1", "7 0.5 0.5 0.5 0.5\n", 9)

    with labelled_pictures(small_set(tmp_path / "set"), streets=streets) as found:
        street = found.samples[-1]

        assert found.streets == 1
        assert (street.name, group_name(street), street.is_negative) == ("streets_bin_1", "streets_held", True)


def test_a_limit_keeps_all_groups(tmp_path: Path) -> None:
    """Every n-th picture is taken, not the first n."""
    with labelled_pictures(small_set(tmp_path), limit=3) as found:
        assert [item.name for item in found.samples] == ["sky_fog1", "sky_rain1", "web_2"]


@pytest.mark.parametrize("layout", ["flat", "split last"])
def test_other_layouts_of_yolo_folders_are_read(tmp_path: Path, layout: str) -> None:
    """``images`` and ``labels`` alone are taken whole; ``images/val`` is the validation split."""
    small_set(tmp_path / "set")
    for kind in ("images", "labels"):
        target = tmp_path / "other" / kind if layout == "flat" else tmp_path / "other" / kind / "val"
        target.parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / "val" / kind).rename(target)

    with labelled_pictures(tmp_path / "other") as found:
        assert len(found.samples) == 5


def test_numbered_names_are_no_groups(tmp_path: Path) -> None:
    """A folder whose names tell nothing is one group, not a hundred."""
    for number in range(70):
        add(tmp_path, "val", f"{number:06}", seed=number)

    with labelled_pictures(tmp_path) as found:
        assert {group_name(item) for item in found.samples} == {"pictures"}


def test_wrong_folders_give_one_sentence(tmp_path: Path) -> None:
    """Missing, empty, damaged and wrongly labelled: each is told with its path."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "tars").mkdir()
    (tmp_path / "tars" / "a.tar").write_text("no tar")
    add(tmp_path / "train only", "train", "web_1", seed=1)
    add(tmp_path / "class", "val", "web_1", "7 0.5 0.5 0.5 0.5\n", 1)
    add(tmp_path / "label", "val", "web_1", seed=1)
    (tmp_path / "label" / "val" / "labels" / "web_1.txt").unlink()
    sentences = {
        "absent": "no such folder",
        "empty": "expected train/images",
        "tars": "cannot be read as a tar",
        "train only": "no validation pictures",
        "class": "class",
        "label": "label file missing",
    }
    for name, sentence in sentences.items():
        with pytest.raises(BenchmarkError, match=sentence) as told, labelled_pictures(tmp_path / name):
            pass
        assert name in str(told.value)
        assert "\n" not in str(told.value)
    with pytest.raises(BenchmarkError, match="at least 1"), labelled_pictures(tmp_path, limit=0):
        pass
