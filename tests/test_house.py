"""The house itself: its import contracts, its packaging, and the habits that lint cannot check."""

import ast
import importlib.metadata
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("api", "benchmarks", "models", "plumewatch", "streams", "vision")


def _sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def _lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache", "--no-logo"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)


def _copy_of_the_house(folder: Path) -> Path:
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__", "*.onnx", "*.pt")
        )
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_import_contracts_hold() -> None:
    """Every import contract of the architecture holds in the tree."""
    result = _lint_imports(ROOT)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("module", "fault", "contract"),
    [
        ("streams/ring.py", "import vision.leads.lead", "Imports go down the house only"),
        ("models/detections.py", "import streams.frame", "Imports go down the house only"),
        ("vision/leads/lead.py", "import api.store", "The worker knows the API only through its contract"),
        ("api/evidence/vault.py", "import cv2", "The API needs no picture libraries"),
        ("vision/leads/lead.py", "import onnxruntime", "Run-times and weights have their doors"),
        ("vision/leads/lead.py", "import av", "Containers are opened by streams alone"),
        ("streams/ring.py", "import streams.runner", "Streams has floors"),
        ("streams/novel.py", "", "Streams has floors"),
        ("vision/scene/fog.py", "import vision.rules.visible", "Vision has wings"),
        ("vision/novel.py", "", "Vision has wings"),
        ("api/store/leads.py", "import api.evidence.vault", "The API has wings"),
        ("models/detector.py", "import models.registry", "Models has floors"),
    ],
)
def test_a_planted_fault_breaks_its_contract(tmp_path: Path, module: str, fault: str, contract: str) -> None:
    """A forbidden import, planted in a copy of the tree, breaks exactly the contract that forbids it."""
    house = _copy_of_the_house(tmp_path)
    planted = house / module
    before = planted.read_text(encoding="utf-8") if planted.exists() else '"""A module that no contract names."""\n'
    planted.write_text(before + f"\n{fault}\n", encoding="utf-8")
    result = _lint_imports(house)
    assert result.returncode != 0
    assert f"{contract} BROKEN" in result.stdout


def test_packages_are_listed_by_hand() -> None:
    """The wheel names each of our packages, and nothing else."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert list(PACKAGES) == project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


def test_no_other_distribution_owns_our_names() -> None:
    """Nothing else that is installed brings a top-level package of ours, and none brings cv2 or onnxruntime twice."""
    owners: dict[str, set[str]] = {}
    for distribution in importlib.metadata.distributions():
        record = distribution.read_text("RECORD") or ""  # its `files` would make a path of each of 44,000 lines: 27 s
        for folder in {line.partition(",")[0].partition("/")[0] for line in record.splitlines()}:
            owners.setdefault(folder, set()).add(distribution.name)
    for package in PACKAGES:
        assert owners.get(package, set()) <= {"plumewatch"}, package
    for shared in ("cv2", "onnxruntime"):
        assert len(owners.get(shared, set())) == 1, shared


def test_every_test_states_its_behaviour() -> None:
    """Each test function has a docstring: the behaviour it proves."""
    silent = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in _sources("tests")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and ast.get_docstring(node) is None
    ]
    assert silent == []


def test_the_worker_reads_the_wall_clock_in_one_place() -> None:
    """Only streams/timing/clock.py asks the machine for the time of day; everything else takes it from there."""
    banned = ("datetime.now(", "datetime.utcnow(", "time.time(", "date.today(", "time.time_ns(")
    readers = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in _sources("streams", "models", "vision")
        for word in banned
        if word in path.read_text(encoding="utf-8")
        and path != ROOT / "streams/timing/clock.py"
        and "training" not in path.parts
    ]
    assert readers == []


def test_lock_files_name_no_registry() -> None:
    """The lock files hold versions and hashes, and no address."""
    for lock in sorted((ROOT / "requirements").glob("*.txt")):
        text = lock.read_text(encoding="utf-8")
        assert "://" not in text, lock.name
        assert "--hash=sha256:" in text, lock.name
