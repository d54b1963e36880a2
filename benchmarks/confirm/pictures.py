"""
Pictures of the scenes to develop on, as a YOLO folder: what `models.training.tune` may learn from beside photographs.

    python -m benchmarks.confirm.pictures OUT --every 3 --magnified

Held-out scenes are only scored (decision 0025), so there is no way to ask for them here.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.confirm.films import VARIANTS, split_scenes, variant
from benchmarks.confirm.looks import CAMERA
from benchmarks.scenes.families import Split
from benchmarks.scenes.film import ensure, truth_path
from models.detections import Detections
from models.training.dataset import CLASS_NAMES
from streams.clock import CaptureTime, UtcSource
from streams.frame import Frame
from vision.analyser import CameraAnalyser
from vision.bench import Bench
from vision.config import WorkerConfig
from vision.magnifier import Magnifier

LONG_SIDE_PX = 640


def write_pictures(films: Path, out: Path, *, every: int, names: tuple[str, ...] = (), magnified: bool = False) -> int:
    """
    Write each ``every``-th picture of the scenes to develop on, or of ``names``, and its label; return how many.

    A picture is as large as the detector's look; its boxes are those of the scene's truth, of smoke and fire that can
    be seen. With `magnified` the scenes are taken in their other lights too (`VARIANTS`), and beside a picture stands
    what a worker looks at next, where it does (`vision.magnifier`). Scenes are rendered into ``films`` where they are
    missing.
    """
    for part in ("images", "labels"):
        (out / part).mkdir(parents=True, exist_ok=True)
    scenes = [scene for scene in split_scenes(Split.DEVELOP) if not names or scene.name in names]
    if magnified:
        scenes = [variant(scene, number) for number in VARIANTS for scene in scenes]
    count = 0
    for name, clip in ensure(films, scenes).items():
        header, *frames = (json.loads(line) for line in truth_path(clip).read_text(encoding="utf-8").splitlines())
        kinds = [event["kind"] for event in header["events"]]
        again = _second_looks() if magnified else None
        with av.open(str(clip)) as container:
            for index, (picture, truth) in enumerate(zip(container.decode(video=0), frames, strict=True)):
                image = picture.to_ndarray(format="bgr24")
                height, width = image.shape[:2]
                scale = LONG_SIDE_PX / max(height, width)
                small = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
                other = None if again is None else again(small, truth["time_s"])
                if index % every:
                    continue
                label = "".join(
                    label_line(kinds[sighting["event"]], sighting["xyxy"], (width, height))
                    for sighting in truth["sightings"]
                    if sighting["visible"] and kinds[sighting["event"]] in CLASS_NAMES
                )
                for shown, kind in ((small, ""), (other, "_magnified")):
                    if shown is not None:
                        cv2.imwrite(str(out / "images" / f"{name}_{index:03d}{kind}.png"), shown)
                        (out / "labels" / f"{name}_{index:03d}{kind}.txt").write_text(label, encoding="utf-8")
                        count += 1
    return count


def _second_looks() -> Callable[[NDArray[np.uint8], float], NDArray[np.uint8] | None]:
    """Return what tells, of each picture of one film in turn, the second one that a worker in focus looks at."""
    camera = WorkerConfig.for_sources(["film"]).cameras[0]
    analyser = CameraAnalyser(camera, Bench(camera.id, []), CLASS_NAMES, magnifier=Magnifier())
    began = datetime(2026, 1, 1, tzinfo=UTC)

    def look(image: NDArray[np.uint8], time_s: float) -> NDArray[np.uint8] | None:
        image.setflags(write=False)
        at = Fraction(time_s).limit_denominator(1000)
        time = CaptureTime(at, began + timedelta(seconds=time_s), UtcSource.FILE, 0.0, 0)
        frame = Frame(CAMERA, time, image, source_wh=(image.shape[1], image.shape[0]))
        other = analyser.magnified(frame)
        analyser.observe(frame, Detections.empty())
        return None if other is None else other.image

    return look


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
    parser.add_argument(
        "--magnified", action="store_true", help="in three lights each, and as a worker's second look shows them too"
    )
    asked = parser.parse_args()
    count = write_pictures(asked.films, asked.out, every=asked.every, magnified=asked.magnified)
    print(f"{asked.out}: {count} pictures")


if __name__ == "__main__":
    main()
