"""Progress of a benchmark's pieces of work on a terminal."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from benchmarks.scenes.film import Progress as Drawn
from benchmarks.scenes.scene import Scene

Advance = Callable[[int, int], None]
"""Called with what is done and all there is."""

Track = Callable[[str], AbstractContextManager[Advance]]
"""Opens a piece of work under its title."""


@contextmanager
def progress_on(console: Console) -> Iterator[Track]:
    """Yield a way to follow one piece of work after the other; nothing is drawn where nobody watches."""
    columns = (TextColumn("{task.description:<20}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"))
    with Progress(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal) as progress:

        @contextmanager
        def track(title: str) -> Iterator[Advance]:
            task = progress.add_task(title, total=None)
            yield lambda done, total: progress.update(task, completed=done, total=total)
            progress.update(task, total=1, completed=1)

        yield track


def by_frames(scenes: Iterable[Scene], advance: Advance) -> Drawn:
    """Return what a rendering of these scenes is to call: it advances by frames drawn, of those of all the scenes."""
    total = sum(scene.frames for scene in scenes)
    done: dict[str, int] = {}

    def drawn(name: str, frames: int, _: int) -> None:
        done[name] = frames
        advance(sum(done.values()), total)

    return drawn
