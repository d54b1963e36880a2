"""Render scenes into a folder."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.scenes.catalogue import demo_scenes, scene_named, scenes
from benchmarks.scenes.families import Split, family_scenes
from benchmarks.scenes.film import ensure
from benchmarks.scenes.scene import Scene


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scenes", description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=Path(".cache/scenes"), help="folder for the clips and their truth (%(default)s)"
    )
    parser.add_argument("--names", nargs="+", metavar="NAME", help="scenes to render; all of them without this")
    parser.add_argument("--split", choices=[*Split], type=Split, help="the families' scenes of this split")
    parser.add_argument("--demo", action="store_true", help="only the demo's scenes")
    given = parser.parse_args(arguments)
    try:
        chosen = _chosen(given.names or (), given.split, demo=given.demo)
    except KeyError as error:
        parser.error(str(error.args[0]))
    begun, drawn = time.monotonic(), 0

    def progress(name: str, done: int, total: int) -> None:
        nonlocal drawn
        drawn += 1
        if sys.stderr.isatty() or done == total:
            print(f"\r{name}: {done}/{total}", end="" if done < total else "\n", file=sys.stderr, flush=True)

    clips = ensure(given.out, chosen, progress=progress)
    if drawn:
        took_s = time.monotonic() - begun
        print(f"{drawn} frames in {took_s:.1f} s: {drawn / took_s:.1f} frames a second")
    for clip in clips.values():
        print(clip)
    return 0


def _chosen(names: Sequence[str], split: Split | None, *, demo: bool) -> tuple[Scene, ...]:
    """Return the scenes that were asked for; raise `KeyError` for an unknown name."""
    if demo:
        return demo_scenes()
    if split is not None:
        return family_scenes(split)
    return tuple(scene_named(name) for name in names) or scenes()


if __name__ == "__main__":
    sys.exit(main())
