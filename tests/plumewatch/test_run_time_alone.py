"""Every command on a machine that has the run-time dependencies alone: it works, or names the extra in a sentence."""

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import packages_distributions
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.streams.media import make_clip

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("api", "benchmarks", "models", "plumewatch", "streams", "vision")
DOORS = r"models\.(runtime\.storage|yolo|training(\..+)?)|benchmarks\.capacity\.ultralytics_loop"
"""Modules that need an extra: their callers ask for it first, or start them in a Python that has it."""

ABSENT = """
import sys

class Alone:
    def __init__(self, finder):
        self.finder = finder

    def __getattr__(self, name):
        return getattr(self.finder, name)

    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] in {absent!r} else self.finder.find_spec(name, path, target)

sys.meta_path[:] = [Alone(finder) for finder in sys.meta_path]
"""

IMPORT_ALL = f"""
import importlib, pkgutil, sys
for package in {PACKAGES!r}:
    found = importlib.import_module(package)
    for module in pkgutil.walk_packages(found.__path__, package + ".", onerror=lambda name: None):
        if not module.name.endswith("__main__") and "migrations" not in module.name:
            try:
                importlib.import_module(module.name)
            except ModuleNotFoundError as error:
                print(module.name, error.name)
"""

ASK_ALL = """
import contextlib, io, runpy, sys
import typer
from plumewatch.cli import app

def leaves(command, words):
    below = getattr(command, "commands", {})
    yield words
    for name, each in below.items():
        yield from leaves(each, [*words, name])

asked = [["plumewatch", *words] for words in leaves(typer.main.get_command(app), [])]
asked += [[name] for name in sys.argv[1:]]
for words in asked:
    sys.argv = [*words, "--help"]
    with contextlib.redirect_stdout(io.StringIO()) as said:
        try:
            runpy.run_module(words[0], run_name="__main__", alter_sys=True)
        except SystemExit as end:
            ended = end.code
        except ModuleNotFoundError as error:
            ended = str(error)
    print(" ".join(words), ended or 0, "ok" if "usage" in said.getvalue().lower() else "said nothing")
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


def locked(name: str) -> set[str]:
    """The distributions that a file of requirements names."""
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    return {_plain(found) for found in re.findall(r"(?m)^([A-Za-z0-9_.-]+)==", text)}


def _plain(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run Python, and whatever it starts, as if nothing but the run-time dependencies were installed."""
    kept = locked("run.txt") | {"plumewatch", "pip"}
    absent = {
        module
        for module, distributions in packages_distributions().items()
        if not any(_plain(distribution) in kept for distribution in distributions)
    }
    assert {"psutil", "pytest", "hypothesis"} <= absent
    folder = tmp_path_factory.mktemp("alone")
    (folder / "sitecustomize.py").write_text(ABSENT.replace("{absent!r}", repr(sorted(absent))), encoding="utf-8")

    def run(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"PYTHONPATH": f"{folder}:{ROOT}"}
        return subprocess.run(
            [sys.executable, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=170,
            env=environment,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
        )

    return run


def test_what_is_not_locked_to_run_is_away(alone: Run) -> None:
    """The processes of these tests do not find psutil, though it is installed."""
    assert importlib.util.find_spec("psutil") is not None
    assert "No module named 'psutil'" in alone("-c", "import psutil").stderr


def test_every_module_but_the_doors_of_extras_is_imported(alone: Run) -> None:
    """Nothing that a command imports needs more than what is locked to run."""
    done = alone("-c", IMPORT_ALL)
    assert done.returncode == 0, done.stderr
    missing = [line for line in done.stdout.splitlines() if not re.fullmatch(DOORS, line.split()[0])]
    assert missing == []


def test_every_command_tells_its_options(alone: Run) -> None:
    """``--help`` of each command of ``plumewatch``, and of each benchmark that the documents name."""
    documents = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    text = "".join(path.read_text(encoding="utf-8") for path in documents)
    named = sorted(set(re.findall(r"python -m (benchmarks(?:\.[a-z_]+)+)", text)))
    assert "benchmarks.soak" in named
    done = alone("-c", ASK_ALL, *named)
    assert done.returncode == 0, done.stderr
    told = done.stdout.splitlines()
    assert len(told) > 50
    assert [line for line in told if not line.endswith(" 0 ok")] == []


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A small film."""
    return str(make_clip(tmp_path_factory.mktemp("film") / "film.mp4", seconds=2, size=(256, 144)))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder of pictures."""
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(4):
        cv2.imwrite(str(folder / f"{number}.png"), np.full((64, 64, 3), 40 * number, np.uint8))
    return str(folder)


@pytest.fixture(scope="module")
def data(alone: Run, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The data folder of a site with one operator."""
    folder = tmp_path_factory.mktemp("site") / "data"
    made = alone("-m", "plumewatch", "operator", "add", "duty", "--data", str(folder))
    assert made.returncode == 0, made.stderr
    return str(folder)


RESULT = "benchmarks/results/accuracy-emissions-v8s.json"


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ("models list", 0, "emissions"),
        ("rules list", 0, "V"),
        ("probe {clip}", 0, "h264"),
        ("replay {clip}", 0, ""),
        ("operator list --data {data}", 0, "duty"),
        ("log check --data {data}", 0, ""),
        ("vault status --data {data}", 0, ""),
        ("node show --data {data}", 2, "no node"),
        (f"bench compare {RESULT} {RESULT}", 0, "0 of 55 differences"),
        ("bench accuracy", 2, "nothing to measure"),
        ("bench accuracy --clips {empty}", 2, "plumewatch bench clips"),
        ("bench clips {empty}", 2, "no clips in this folder"),
        ("bench speed --rounds 1 --batch 1 --picture 64x64 --runtime onnxruntime", 0, "onnxruntime"),
        ("bench speed --ultralytics {clip}", 2, "plumewatch[train]"),
        ("models train {clip} --data {empty} --out {empty}/out", 2, "plumewatch[train]"),
        ("models export {clip} --out {empty}/out.onnx", 2, "plumewatch[train]"),
        ("models quantise emissions-v8s --data {empty}", 2, "name a folder for what is made"),
        ("c2pa read {clip}", 2, "plumewatch[c2pa]"),
        ("operator list --database postgresql://127.0.0.1:1/none --data {data}", 2, "plumewatch[postgresql]"),
    ],
)
def test_a_command_works_or_names_the_extra(
    alone: Run, clip: str, data: str, tmp_path: Path, words: str, code: int, says: str
) -> None:
    """Exit 0 with its answer, or 2 with one sentence; never a traceback."""
    filled = [word.format(clip=clip, data=data, empty=tmp_path) for word in words.split()]
    done = alone("-m", "plumewatch", *filled)
    assert (code, "Traceback") == (done.returncode, "Traceback" if "Traceback" not in done.stderr else ""), done.stderr
    assert says in (done.stderr if code else done.stdout)
    if code:
        assert len(done.stderr.strip().splitlines()) == 1


def test_quantising_names_the_extra(alone: Run, pictures: str, tmp_path: Path) -> None:
    """It says that it begins, which takes minutes, and then in one sentence what is missing."""
    words = [
        "models",
        "quantise",
        "emissions-v8s",
        "--images",
        pictures,
        "--limit",
        "2",
        "--out",
        str(tmp_path / "int8"),
    ]
    done = alone("-m", "plumewatch", *words)
    begun, fault = done.stderr.strip().splitlines()
    assert done.returncode == 2
    assert begun.startswith("quantising on 2 pictures")
    assert "plumewatch[train]" in fault
