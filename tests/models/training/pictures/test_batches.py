"""Augmented batches and painted plumes: boxes must stay on their objects."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from models.training.pictures import store as stores  # noqa: E402 - after the skip
from models.training.pictures.batches import Batches  # noqa: E402
from models.training.pictures.dataset import IGNORED, Sample, of_split, read_folder  # noqa: E402
from models.training.pictures.synthetic import Painter  # noqa: E402
from models.training.recipe import Augmentation, Synthesis  # noqa: E402
from tests.models.training.drawn import draw  # noqa: E402

pytestmark = pytest.mark.train
CPU = torch.device("cpu")
SIDE = 96
STILL = Augmentation(
    mosaic=0, scale=0, translate=0, degrees=0, mixup=0, hue=0, saturation=0, brightness=0, night=0, blur=0, noise=0
)
MOVED = Augmentation(
    mosaic=0.5, mixup=0, hue=0, saturation=0, brightness=0, night=0, blur=0, noise=0, degrees=0, scale=0.3
)


@pytest.fixture
def samples(tmp_path: Path) -> list[Sample]:
    """The training part of the drawn data set."""
    return of_split(read_folder(draw(tmp_path, train=12)), "train")


def test_the_store_letterboxes_to_the_top_left(samples: list[Sample]) -> None:
    """Pixels are RGB with grey beside the image, and boxes are in px of the square."""
    store = stores.fill(samples, SIDE, CPU, workers=1, spare=2)
    row = next(index for index, item in enumerate(samples) if item.name == "scene_1")
    assert len(store) == len(samples) + 2
    assert store.size_wh[row].tolist() == [96.0, 64.0]
    assert store.pixels[row, :, 70:].unique().tolist() == [stores.GREY]
    assert store.xyxy[row, 0].tolist() == pytest.approx([15, 16, 47, 48], abs=0.01)
    assert store.pixels[row, :, 32, 31].tolist() == [230, 40, 40]


def test_without_augmentation_the_image_is_centred_and_its_box_with_it(samples: list[Sample]) -> None:
    """A single image lies in the middle; the box moves by the same 16 px, mirrored or not."""
    store = stores.fill(samples, SIDE, CPU, workers=1)
    row = next(index for index, item in enumerate(samples) if item.name == "scene_1")
    batch = Batches(store, STILL, seed=0).draw(torch.tensor([row]), torch.zeros(1, 3, dtype=torch.int64))
    centre_x, centre_y, width, height = (batch.xywh[0] * SIDE).tolist()
    assert (centre_y, width, height) == pytest.approx((48, 32, 32), abs=0.01)
    assert centre_x == pytest.approx(31, abs=0.01) or centre_x == pytest.approx(SIDE - 31, abs=0.01)


def test_lower_pictures_are_the_middle_of_the_square(samples: list[Sample]) -> None:
    """The rows around the middle, with the boxes cut there and given as shares of what is left."""
    store, rows = stores.fill(samples, SIDE, CPU, workers=1), torch.arange(len(samples))
    whole, part = (
        Batches(store, STILL, seed=1, height_px=height).draw(rows, rows[:, None].expand(-1, 3)) for height in (0, 64)
    )
    assert part.images.shape == (len(samples), 3, 64, SIDE)
    assert torch.allclose(part.images, whole.images[:, :, 16:80], atol=1e-5)
    assert len(part.xywh) == len(whole.xywh) > 0
    low, high = (whole.xywh[:, 1] + sign * whole.xywh[:, 3] / 2 for sign in (-1, 1))
    low, high = (((edge * SIDE - 16) / 64).clamp(0, 1) for edge in (low, high))
    assert torch.allclose(part.xywh[:, 3], high - low, atol=1e-4)
    assert torch.allclose(part.xywh[:, [0, 2]], whole.xywh[:, [0, 2]], atol=1e-4)


@pytest.mark.parametrize("height", [SIDE, 64])
def test_boxes_stay_on_their_objects(samples: list[Sample], height: int) -> None:
    """Under zoom, shift, mirror and mosaic every fire box still holds mostly red, every smoke box mostly white."""
    store = stores.fill(samples, SIDE, CPU, workers=1)
    batches, size = Batches(store, MOVED, seed=5, height_px=height), torch.tensor([SIDE, height] * 2)
    checked = 0
    for _ in range(6):
        batch = batches.draw(torch.arange(len(samples)), torch.randint(len(samples), (len(samples), 3)))
        assert bool((batch.row.diff() >= 0).all())
        for row, kind, xywh in zip(batch.row, batch.class_id, batch.xywh * size, strict=True):
            if float(xywh[2:].min()) < 12:
                continue
            left, top = (xywh[:2] - xywh[2:] / 2 + 2).int().tolist()
            right, bottom = (xywh[:2] + xywh[2:] / 2 - 2).int().tolist()
            red, green, _ = batch.images[row, :, top:bottom, left:right].mean(dim=(1, 2)).tolist()
            assert red > 0.7
            assert (green < 0.4) == bool(kind == 1)
            checked += 1
    assert checked > 30


def test_no_targets_gives_empty_columns(samples: list[Sample]) -> None:
    """A batch of negatives has no targets and no ignored regions."""
    store = stores.fill([item for item in samples if item.is_negative], SIDE, CPU, workers=1)
    batch = Batches(store, STILL, seed=0).draw(torch.tensor([0]), torch.zeros(1, 3, dtype=torch.int64))
    assert batch.xywh.shape == (0, 4)
    assert batch.ignored_class.tolist() == [[-1]]


def test_ignored_regions_are_no_targets(samples: list[Sample]) -> None:
    """A region marked to be ignored travels beside the targets with its class."""
    store = stores.fill(samples, SIDE, CPU, workers=1)
    row = next(index for index, item in enumerate(samples) if item.name == "scene_1")
    store.class_id[row, 0] = IGNORED + 1
    batch = Batches(store, STILL, seed=0).draw(torch.tensor([row]), torch.zeros(1, 3, dtype=torch.int64))
    assert len(batch.class_id) == 0
    assert batch.ignored_class.tolist() == [[1]]
    assert float(batch.ignored_xyxy[0, 0, 3] - batch.ignored_xyxy[0, 0, 1]) == pytest.approx(32, abs=0.01)


def test_painting_is_seeded_and_boxes_hold_what_changed(samples: list[Sample]) -> None:
    """The same seed paints the same slots; each plume's box is inside the image and something in it has changed."""
    negatives = [item for item in samples if item.is_negative]
    pictures = []
    for _ in range(2):
        store = stores.fill(negatives, SIDE, CPU, workers=1, spare=24)
        slots = torch.arange(len(negatives), len(store))
        settings = Synthesis(plume=1.0, veil=0.0, opacity=(0.8, 0.9))
        Painter(store, settings, torch.arange(len(negatives)), seed=4).paint(slots, chunk=10)
        pictures.append(store)
    first, second = pictures
    np.testing.assert_array_equal(first.pixels.numpy(), second.pixels.numpy())
    painted = first.class_id[len(negatives) :, 0]
    assert int((painted == 0).sum()) > 5
    for row in range(len(negatives), len(first)):
        left, top, right, bottom = first.xyxy[row, 0].tolist()
        assert 0 <= left <= right <= 96
        assert 0 <= top <= bottom <= 64


def test_veils_and_glare_are_negatives(samples: list[Sample]) -> None:
    """Fog and lamps carry no label."""
    negatives = [item for item in samples if item.is_negative]
    store = stores.fill(negatives, SIDE, CPU, workers=1, spare=8)
    slots = torch.arange(len(negatives), len(store))
    Painter(store, Synthesis(plume=0.0, veil=0.5), torch.arange(len(negatives)), seed=4).paint(slots)
    assert store.class_id[slots].unique().tolist() == [-1]
    assert float((store.pixels[slots].float() - stores.GREY).abs().mean()) > 1


def test_clouds_fog_banks_and_steam_are_negatives_of_known_opacity(samples: list[Sample]) -> None:
    """Each changes its background, no pixel by more than the opacity told lets through, and none carries a label."""
    negatives = [item for item in samples if item.is_negative]
    store = stores.fill(negatives, SIDE, CPU, workers=1, spare=24)
    store.pixels[: len(negatives)] = 0
    slots = torch.arange(len(negatives), len(store))
    settings = Synthesis(plume=0.0, veil=0.0, cloud=1.0, opacity=(0.4, 0.4))
    Painter(store, settings, torch.arange(len(negatives)), seed=4).paint(slots)
    shown = store.pixels[slots][:, :, :64].flatten(1).amax(dim=1)
    assert store.class_id[slots].unique().tolist() == [-1]
    assert int(shown.max()) <= round(0.4 * 255)
    assert int((shown > 20).sum()) > 20


def test_a_teacher_is_asked_about_real_images_with_labels_only(samples: list[Sample]) -> None:
    """On negatives and painted slots the label knows better than any teacher."""
    store = stores.fill(samples, SIDE, CPU, workers=1, spare=1)
    store.class_id[-1, 0] = 0
    store.xyxy[-1, 0] = torch.tensor([10.0, 10.0, 50.0, 50.0])
    rows = torch.arange(len(store))
    batch = Batches(store, STILL, seed=0).draw(rows, rows[:, None].expand(-1, 3))
    assert batch.is_taught.tolist() == [not item.is_negative for item in samples] + [False]


def test_no_teacher_is_asked_about_lessons(samples: list[Sample]) -> None:
    """A rendered picture counts as drawn, whatever it shows: a teacher that misses faint smoke would unteach it."""
    drawn = [replace(item, is_drawn=True) for item in samples]
    store = stores.fill(drawn, SIDE, CPU, workers=1)
    rows = torch.arange(len(store))
    batch = Batches(store, STILL, seed=0).draw(rows, rows[:, None].expand(-1, 3))
    assert len(batch.row) > 0
    assert not batch.is_taught.any()


def test_decoded_pixels_are_kept_and_paint_stays_out_of_the_file(samples: list[Sample], tmp_path: Path) -> None:
    """A second fill maps what the first decoded; what is painted into one store shows in no other."""
    first = stores.fill(samples, SIDE, CPU, workers=1, spare=1, cache=tmp_path / "pixels")
    first.pixels[-1] = 7
    second = stores.fill(samples, SIDE, CPU, workers=1, spare=1, cache=tmp_path / "pixels")
    plain = stores.fill(samples, SIDE, CPU, workers=1, spare=1)
    assert len(list((tmp_path / "pixels").glob("*.sizes.npy"))) == 1
    np.testing.assert_array_equal(second.pixels.numpy(), plain.pixels.numpy())
    np.testing.assert_array_equal(second.size_wh.numpy(), plain.size_wh.numpy())
