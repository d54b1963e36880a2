"""
Pictures of the scenes to develop on, as a YOLO folder that training and refitting may take beside photographs.

    python -m benchmarks.confirm.pictures OUT --every 3

Held-out scenes are only scored (decision 0025), so there is no way to ask for them here.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import av
import cv2
import numpy as np

from benchmarks.confirm.films import split_scenes
from benchmarks.scenes.families import Split
from benchmarks.scenes.film import ensure, truth_path
from models.training.pictures.dataset import CLASS_NAMES

LONG_SIDE_PX = 640


def write_pictures(films: Path, out: Path, *, every: int, names: tuple[str, ...] = ()) -> int:
    """
    Write each ``every``-th picture of the scenes to develop on, or of ``names``, and its label; return how many.

    A picture is as large as the detector's look; its boxes are those of the scene's truth, of smoke and fire that can
    be seen. Scenes are rendered into ``films`` where they are missing.
    """
    for part in ("images", "labels"):
        (out / part).mkdir(parents=True, exist_ok=True)
    scenes = [scene for scene in split_scenes(Split.DEVELOP) if not names or scene.name in names]
    count = 0
    for name, clip in ensure(films, scenes).items():
        header, *frames = (json.loads(line) for line in truth_path(clip).read_text(encoding="utf-8").splitlines())
        kinds = [event["kind"] for event in header["events"]]
        with av.open(str(clip)) as container:
            for index, (picture, truth) in enumerate(zip(container.decode(video=0), frames, strict=True)):
                image = picture.to_ndarray(format="bgr24")
                height, width = image.shape[:2]
                scale = LONG_SIDE_PX / max(height, width)
                small = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
                if index % every:
                    continue
                label = "".join(
                    label_line(kinds[sighting["event"]], sighting["xyxy"], (width, height))
                    for sighting in truth["sightings"]
                    if sighting["visible"] and kinds[sighting["event"]] in CLASS_NAMES
                )
                cv2.imwrite(str(out / "images" / f"{name}_{index:03d}.png"), small)
                (out / "labels" / f"{name}_{index:03d}.txt").write_text(label, encoding="utf-8")
                count += 1
    return count


def label_line(kind: str, xyxy: Sequence[float], size_wh: tuple[int, int]) -> str:
    """Return a line of a YOLO label: class, centre, size, as shares of the picture; `xyxy` in its pixels."""
    left, top, right, bottom = np.array(xyxy) / np.tile(size_wh, 2)
    row = ((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)
    return f"{CLASS_NAMES.index(kind)} " + " ".join(f"{value:.6f}" for value in row) + "\n"


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.confirm.pictures", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--films", type=Path, default=Path(".cache/confirm/films"), help="where scenes are rendered")
    parser.add_argument("--every", type=int, default=3, help="take each n-th analysed picture")
    asked = parser.parse_args()
    count = write_pictures(asked.films, asked.out, every=asked.every)
    print(f"{asked.out}: {count} pictures")


if __name__ == "__main__":
    main()
