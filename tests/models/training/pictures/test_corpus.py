"""From tars and folders of any layout to the two sides of a run."""

import shutil
import tarfile
from pathlib import Path

import pytest

from models.training.pictures.corpus import Sources, assemble, unpack
from models.training.pictures.dataset import DatasetError, read_folder
from models.training.recipe import Recipe
from tests.models.training.drawn import draw

RECIPE = Recipe("tiny", "yolov8n.yaml", initial="random", held=())


def packed(folder: Path) -> Path:
    """Return a folder with one tar of a drawn data set, and its manifest."""
    source, out = draw(folder / "source"), folder / "tars"
    out.mkdir()
    with tarfile.open(out / "part-0.tar", "w") as tar:
        for split in ("train", "val"):
            tar.add(source / split, arcname=split)
    (out / "manifest.csv").write_text("split,name,topic\ntrain,scene_1,litter\n", encoding="utf-8")
    return out


def test_tars_are_unpacked_once_and_read_like_a_folder(tmp_path: Path) -> None:
    """The same samples come out of a tar; a second call changes no file; the manifest's topic arrives."""
    data = unpack(packed(tmp_path), tmp_path / "data")
    samples = {item.name: item for item in read_folder(data)}
    assert len(samples) == 8
    assert (samples["scene_1"].topic, samples["scene_2"].topic) == ("litter", "")
    image = data / "train" / "images" / "scene_1.png"
    image.write_bytes(b"touched")
    unpack(tmp_path / "tars", data)
    assert image.read_bytes() == b"touched"


def test_a_tar_that_leads_outside_is_refused(tmp_path: Path) -> None:
    """A member with a path out of the folder is a fault told in one sentence, and nothing is written there."""
    folder = tmp_path / "tars"
    folder.mkdir()
    (tmp_path / "evil.txt").write_text("x", encoding="utf-8")
    with tarfile.open(folder / "part.tar", "w") as tar:
        tar.add(tmp_path / "evil.txt", arcname="../escaped.txt")
    with pytest.raises(DatasetError, match="not a tar that can be unpacked"):
        unpack(folder, tmp_path / "data")
    assert not (tmp_path / "escaped.txt").exists()


def test_the_usual_layouts_hold_the_same_samples(tmp_path: Path) -> None:
    """`train/images`, `images/train` with `valid` for `val`, and no split at all."""
    usual = draw(tmp_path / "usual")
    turned, flat = tmp_path / "turned", tmp_path / "flat"
    for part in ("images", "labels"):
        shutil.copytree(usual / "train" / part, turned / part / "train")
        shutil.copytree(usual / "val" / part, turned / part / "valid")
        shutil.copytree(usual / "train" / part, flat / part)
    expected = [(item.name, item.split) for item in read_folder(usual)]
    assert [(item.name, item.split) for item in read_folder(turned)] == expected
    assert {(item.name, item.split) for item in read_folder(flat)} == {
        (n, "") for n, side in expected if side == "train"
    }


def test_a_class_the_recipe_does_not_know_is_refused(tmp_path: Path) -> None:
    """Labels of another data set would train the wrong thing without a word."""
    data = draw(tmp_path)
    (data / "train" / "labels" / "scene_1.txt").write_text("7 0.5 0.5 0.2 0.2\n", encoding="utf-8")
    with pytest.raises(DatasetError, match="expected classes from 0 to 1"):
        assemble(RECIPE, Sources(data))


def test_assembly_counts_what_it_did(tmp_path: Path) -> None:
    """Both sides are filled, nothing of validation is trained on, and the notes say how many of each."""
    corpus = assemble(RECIPE, Sources(draw(tmp_path)))
    assert {item.split for item in corpus.train} == {"train"}
    assert {item.split for item in corpus.check} == {"val"}
    assert corpus.notes["train"] == len(corpus.train)
    assert corpus.notes["train_negatives"] == sum(item.is_negative for item in corpus.train)


def test_lessons_are_learned_from_and_never_measured_on(tmp_path: Path) -> None:
    """A folder given beside the data adds to the training part alone, whatever splits it has."""
    plain = assemble(RECIPE, Sources(draw(tmp_path / "data")))
    lessons = draw(tmp_path / "lessons", seed=9)
    more = assemble(RECIPE, Sources(tmp_path / "data", also=(lessons,)))
    assert {item.path for item in more.check} == {item.path for item in plain.check}
    added = {item.path for item in more.train} - {item.path for item in plain.train}
    assert added
    assert all(lessons in path.parents for path in added)
    assert {item.path for item in more.train if item.is_drawn} == added
