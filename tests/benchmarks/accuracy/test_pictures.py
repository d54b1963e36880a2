"""Labelled pictures: the same set from a folder and from tars, and one sentence for each wrong folder."""

import json
import tarfile
from pathlib import Path

import pytest

from benchmarks.accuracy.pictures import group_name, labelled_pictures
from benchmarks.accuracy.result import Portion
from benchmarks.errors import BenchmarkError
from models.training.pictures.corpus import Sources, assemble
from models.training.pictures.dataset import DatasetError
from models.training.pictures.kept import KeptBack
from models.training.recipe import Recipe
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


@pytest.mark.parametrize("layout", ["./", "valid", "images first", "no split"])
def test_tars_may_be_laid_out_as_for_training(tmp_path: Path, layout: str) -> None:
    """Names that begin with a dot, other names of the split, and both other layouts hold the same pictures."""
    turn = {
        "./": lambda name: f"./{name}",
        "valid": lambda name: name.replace("val/", "valid/"),
        "images first": lambda name: "/".join((*reversed(name.split("/")[:2]), *name.split("/")[2:])),
        "no split": lambda name: name.replace("train/", "test/").replace("val/", ""),
    }[layout]
    folder = small_set(tmp_path / "set")
    (tmp_path / "tars").mkdir()
    with tarfile.open(tmp_path / "tars" / "a.tar", "w") as archive:
        for path in folder.rglob("*.*"):
            archive.add(path, arcname=turn(path.relative_to(folder).as_posix()))
    with labelled_pictures(folder) as plain, labelled_pictures(tmp_path / "tars") as packed:
        assert plain.sha256 == packed.sha256
        assert len(packed.samples) == 5


def test_a_tar_without_pictures_is_told_by_the_name_that_was_given(tmp_path: Path) -> None:
    """Not by that of the folder into which it was unpacked, which is gone."""
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "notes.txt").write_text("nothing", encoding="utf-8")
    data = as_tar(tmp_path / "set", tmp_path / "tars" / "a.tar")
    with pytest.raises(BenchmarkError, match=f"^{data}: expected train/images"):
        labelled_pictures(data).__enter__()


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


def unsplit(root: Path) -> Path:
    """Write forty pictures of two sources without a split; return the folder."""
    for number in range(20):
        add(root, ".", f"web_{number:02d}", "0 0.5 0.5 0.5 0.5\n", number)
        add(root, ".", f"distant_{number:02d}", "0 0.5 0.5 0.5 0.5\n", 100 + number)
    return root


def recorded(data: Path, out: Path, seed: int) -> tuple[set[str], KeptBack]:
    """Return the pictures that a run of this seed does not learn from, and what its record says it kept back."""
    recipe = Recipe("any", "yolov8n.yaml", initial="random", held=("distant",), seed=seed)
    corpus = assemble(recipe, Sources(data))
    out.write_text(json.dumps({"data": corpus.notes}), encoding="utf-8")
    kept_back = KeptBack.read(out)
    assert kept_back is not None
    return {item.name for item in corpus.check}, kept_back


@pytest.mark.parametrize("tars", [False, True])
def test_a_folder_without_a_split_is_measured_on_what_the_run_kept_back(tmp_path: Path, *, tars: bool) -> None:
    """Whatever the recipe's seed, from a folder as from tars: no picture that was learned from."""
    data = unsplit(tmp_path / "set")
    check, kept_back = recorded(data, tmp_path / "run.json", seed=3)
    with labelled_pictures(as_tar(data, tmp_path / "tars" / "a.tar") if tars else data, kept_back=kept_back) as found:
        assert {item.name for item in found.samples} == check
        assert {group_name(item) for item in found.samples} == {"web", "distant", "distant_held"}
        assert found.portion is Portion.KEPT_BACK


def test_what_a_run_held_out_of_a_training_part_is_held_here(tmp_path: Path) -> None:
    """Another seed than the shipped recipes' holds out others; a validation part stays what it is."""
    for number in range(20):
        add(tmp_path, "train", f"distant_{number}", "0 0.5 0.5 0.5 0.5\n", 100 + number)
        add(tmp_path, "val", f"web_{number}", seed=number)
    check, kept_back = recorded(tmp_path, tmp_path / "run.json", seed=3)
    with labelled_pictures(tmp_path, kept_back=kept_back) as found, labelled_pictures(tmp_path) as shipped:
        assert {item.name for item in found.samples} == check != {item.name for item in shipped.samples}
        assert (kept_back.val, found.portion) == ((), Portion.VALIDATION)


def test_all_of_a_folder_is_measured_where_nothing_was_learned_from_it(tmp_path: Path) -> None:
    """Where no run kept anything back, or where it is said; a folder that a run does not know is told."""
    data = unsplit(tmp_path / "set")
    _, kept_back = recorded(data, tmp_path / "run.json", seed=3)
    with labelled_pictures(data) as found:
        assert (len(found.samples), found.portion) == (40, Portion.ALL)
    for folder in (data, small_set(tmp_path / "split"), as_tar(data, tmp_path / "tars" / "a.tar")):
        with labelled_pictures(folder, kept_back=kept_back, unseen=True) as found:
            assert (len(found.samples), found.portion) == (6 if folder.name == "split" else 40, Portion.ALL)
    add(tmp_path / "other", ".", "gate_1", seed=1)
    with pytest.raises(BenchmarkError, match="none of its pictures is one that the run kept back; --unseen"):
        labelled_pictures(tmp_path / "other", kept_back=kept_back).__enter__()


def test_records_of_runs(tmp_path: Path) -> None:
    """One from before names were kept says nothing; what is no record is told."""
    record = tmp_path / "run.json"
    record.write_text('{"data": {"check": 3}}', encoding="utf-8")
    assert KeptBack.read(record) is None
    record.write_text("[]", encoding="utf-8")
    with pytest.raises(DatasetError, match="not the record of a run"):
        KeptBack.read(record)
    with pytest.raises(DatasetError, match="No such file"):
        KeptBack.read(tmp_path / "none.json")


@pytest.mark.parametrize("place", ["folder", "in the tar", "beside the tar"])
def test_labels_of_another_order_are_refused(tmp_path: Path, place: str) -> None:
    """A data.yaml that names fire first is told, wherever it lies."""
    folder = small_set(tmp_path / "set")
    described = tmp_path / "tars" / "data.yaml" if place == "beside the tar" else folder / "data.yaml"
    described.parent.mkdir(exist_ok=True)
    described.write_text("names: [fire, smoke]\n", encoding="utf-8")
    data = folder if place == "folder" else as_tar(folder, tmp_path / "tars" / "a.tar")
    with pytest.raises(BenchmarkError, match=f"^{data}.*expected smoke, fire, in this order"):
        labelled_pictures(data).__enter__()


def test_streets_are_negatives_whatever_their_labels_say(tmp_path: Path) -> None:
    """The labels of another topic are not read."""
    streets = tmp_path / "streets"
    add(streets, "val", "bin_1", "7 0.5 0.5 0.5 0.5\n", 9)

    with labelled_pictures(small_set(tmp_path / "set"), streets=streets) as found:
        street = found.samples[-1]

        assert found.streets == 1
        assert (street.name, group_name(street), street.is_negative) == ("streets_bin_1", "streets_held", True)


def test_streets_without_a_picture_to_measure_are_told(tmp_path: Path) -> None:
    """A training part alone counted as no street, without a word."""
    add(tmp_path / "streets", "train", "bin_1", seed=9)
    with pytest.raises(BenchmarkError, match=r"streets: no validation pictures \(val/images\)"):
        labelled_pictures(small_set(tmp_path / "set"), streets=tmp_path / "streets").__enter__()


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
