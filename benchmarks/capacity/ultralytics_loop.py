"""
Ultralytics' own loop, timed: ``YOLO(weights).predict(source="list.streams", stream=True)`` and nothing else.

Runs in a Python that has ultralytics and torch, which need not be ours: it imports nothing of this project.

    python ultralytics_loop.py WEIGHTS STREAMS_FILE IMAGE_SIZE SECONDS RECORD

For each result of the loop one line goes to RECORD: the stream's index and the monotonic second at which its boxes were
known; then one line ``done``.
"""

import os
import sys
import time

os.environ.update(
    YOLO_AUTOINSTALL="false",
    YOLO_OFFLINE="true",
    ULTRALYTICS_SAFE_LOAD="1",
    YOLO_VERBOSE="false",
    OPENCV_FFMPEG_CAPTURE_OPTIONS="rtsp_transport;tcp",
)

from ultralytics import YOLO


def main() -> None:
    """Run the loop for some seconds after its first results."""
    weights, streams, image_size, seconds, record = sys.argv[1:]
    with open(streams, encoding="utf-8") as file:  # noqa: PTH123 (nothing but the loop is imported)
        count = len(file.read().split())
    model = YOLO(weights, task="detect")
    results = model.predict(source=streams, stream=True, imgsz=int(image_size), conf=0.1, verbose=False)
    with open(record, "w", encoding="ascii", buffering=1) as file:  # noqa: PTH123
        end = None
        for number, result in enumerate(results):
            _ = result.boxes.xyxy
            now = time.monotonic()
            end = now + float(seconds) if end is None else end
            file.write(f"{number % count} {now:.4f}\n")
            if now > end and number % count == count - 1:
                break
        file.write("done\n")
    os._exit(0)  # its reader threads are daemons inside OpenCV, which does not always let a process end


if __name__ == "__main__":
    main()
