"""Write lessons: ``python -m benchmarks.lessons OUT --photographs PICTURES``."""

import argparse
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.pictures import HELD_GROUP, HELD_SEED
from benchmarks.confirm.pictures import LONG_SIDE_PX, label_line
from benchmarks.lessons.over import KINDS, Box, filmed, lesson
from benchmarks.lessons.places import pictures, variations
from benchmarks.scenes.light import seeded
from benchmarks.scenes.scene import Scene
from models.training.pictures.corpus import parted, unpack
from models.training.pictures.dataset import CLASS_NAMES, Sample, of_split, read_folder
from models.training.pictures.splits import Leaks, without_leaks

TRIES = 6
"""So often a lesson of a kind is tried over other photographs before it is given up."""

RARELY = {"neggarbage": 0.3, "negcoco": 0.2, "hn_garbage": 0.3}
"""Close views, of which no camera of a site has any, are taken less often."""


def backgrounds(folders: list[Path], streets: Path | None, seed: int) -> tuple[list[Sample], Leaks]:
    """
    Return the photographs to learn from that show nothing to find, and what was left out as twins of others.

    What training keeps back is no background, nor is a picture of it that lies in the training part: smoke painted over
    it would teach that picture. `seed` is of the recipe that is to learn. `streets` are labelled for another topic.
    """
    samples = [item for folder in folders for item in parted(read_folder(folder), (HELD_GROUP,), seed)]
    if streets is not None:
        samples += read_folder(streets, prefix="streets_", labelled=False)
    kept, leaks = without_leaks([replace(item, split=item.split or "train") for item in samples])
    return [item for item in of_split(kept, "train") if item.is_negative], leaks


def write(out: Path, name: str, image: NDArray[np.uint8], boxes: list[Box]) -> None:
    """Write a picture, at most `LONG_SIDE_PX` long, and its label."""
    height, width = image.shape[:2]
    scale = LONG_SIDE_PX / max(height, width)
    if scale < 1:
        image = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    cv2.imwrite(str(out / "images" / f"{name}.jpg"), image, [cv2.IMWRITE_JPEG_QUALITY, 95])
    label = "".join(label_line(CLASS_NAMES[kind], xyxy, (width, height)) for kind, *xyxy in boxes)
    (out / "labels" / f"{name}.txt").write_text(label, encoding="utf-8")


def over_photograph(number: int, out: Path, photographs: list[Path], shares: NDArray[np.float64], seed: int) -> str:
    """Write lesson `number` and return its kind, or nothing where no photograph took it."""
    rng = seeded(seed, "lesson", number)
    names = list(KINDS)
    weights = np.array([KINDS[name][0] for name in names])
    kind = names[int(rng.choice(len(names), p=weights / weights.sum()))]
    for _ in range(TRIES):
        image = cv2.imread(str(photographs[int(rng.choice(len(photographs), p=shares))]), cv2.IMREAD_COLOR)
        if image is None:
            continue
        made = lesson(np.asarray(image, np.uint8), KINDS[kind][1](rng), int(rng.integers(1 << 30)))
        if made is not None:
            write(out, f"{kind}_{number:05d}", filmed(made[0], rng), made[1])
            return kind
    return ""


def in_place(scene: Scene, out: Path, seed: int) -> str:
    """Write the pictures of one scene and return its family once a picture."""
    rng, count = seeded(seed, scene.name, "film"), 0
    for number, (image, boxes) in enumerate(pictures(scene, seed)):
        write(out, f"{scene.family}-place_{scene.name}_{number}", filmed(image, rng), boxes)
        count += 1
    return " ".join([scene.family] * count)


def _told(results: Iterator[str], count: int) -> Counter[str]:
    written: Counter[str] = Counter()
    for number, kinds in enumerate(results, 1):
        written.update(kinds.split())
        if number % 100 == 0 or number == count:
            print(f"{number} of {count}, {written.total()} pictures", flush=True)
    return written


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lessons", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument(
        "--photographs", type=Path, action="append", required=True, help="tars or YOLO folder: negatives"
    )
    parser.add_argument("--objects", type=Path, help="street scenes of another topic, as more of them")
    parser.add_argument("--over", type=int, default=5000, help="pictures with a plume over a photograph")
    parser.add_argument("--places", type=int, default=2, help="variations of each scene to develop on")
    parser.add_argument("--seed", type=int, default=52)
    parser.add_argument(
        "--recipe-seed", type=int, default=HELD_SEED, help="seed of the recipe that is to learn, by which it keeps back"
    )
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    for part in ("images", "labels"):
        (asked.out / part).mkdir(parents=True, exist_ok=True)
    unpacked = asked.out.with_name(f"{asked.out.name}-photographs")
    folders = [unpack(folder, unpacked / str(number)) for number, folder in enumerate(asked.photographs)]
    streets = unpack(asked.objects, unpacked / "objects") if asked.objects else None
    shown, leaks = backgrounds(folders, streets, asked.recipe_seed)
    shares = np.array([RARELY.get(item.group, 1.0) for item in shown])
    paths = [item.path for item in shown]
    print(f"{len(paths)} photographs without smoke or fire; {leaks.dropped} left out as twins of what is kept back")
    cv2.setNumThreads(1)
    with ProcessPoolExecutor(asked.workers) as pool:
        over = partial(over_photograph, out=asked.out, photographs=paths, shares=shares / shares.sum(), seed=asked.seed)
        written = _told(pool.map(over, range(asked.over), chunksize=20), asked.over)
        scenes = list(variations(asked.places, asked.seed))
        written += _told(pool.map(partial(in_place, out=asked.out, seed=asked.seed), scenes), len(scenes))
    print(f"{asked.out}: " + ", ".join(f"{count} {kind}" for kind, count in sorted(written.items())))


if __name__ == "__main__":
    main()
