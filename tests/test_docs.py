"""The documents say what is there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from api.openapi import openapi_json
from vision.config.docs import render

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "models" / "weights").rglob("*.md")],
)


PACKAGES = ("streams", "models", "vision", "api", "plumewatch", "benchmarks")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
TABLES = re.findall(r"^\*\*([\w/]+)/\*\*", ARCHITECTURE, re.MULTILINE)


def _modules(folder: Path) -> set[str]:
    files = {path.name for path in folder.glob("*.py") if path.name != "__init__.py"}
    folders = {f"{path.name}/" for path in folder.iterdir() if path.is_dir() and any(path.rglob("*.py"))}
    return files | folders - {"__pycache__/", "weights/"}


@pytest.mark.parametrize("folder", [name for name in TABLES if name != "tests"])
def test_the_architecture_names_every_module_and_no_other(folder: str) -> None:
    """Each module of a package or wing stands in its table of docs/architecture.md, and none that is not there."""
    section = re.search(rf"^\*\*{folder}/\*\*.*?(?=^\*\*[\w/]+/\*\*|\Z)", ARCHITECTURE, re.MULTILINE | re.DOTALL)
    assert section is not None
    first_cells = [line.split("|")[1] for line in section[0].splitlines() if line.startswith("| `")]
    named = {name for cell in first_cells for name in re.findall(r"`([\w/]+(?:\.py)?)`", cell)}
    assert _modules(ROOT / folder) == named


def test_every_package_and_wing_of_vision_has_its_table() -> None:
    """docs/architecture.md has a table for each package, and for each wing of vision."""
    wings = {f"vision/{path.parent.name}" for path in (ROOT / "vision").glob("*/__init__.py")}
    assert set(PACKAGES) | wings <= set(TABLES)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    """Every relative link and picture of a document exists."""
    text = document.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?://|#)([^)#\s]+)", text)
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_the_benchmarks_page_names_every_result_and_no_other() -> None:
    """Each committed result stands in the last table of docs/benchmarks.md: figures are traced from there."""
    text = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8").partition("## Result files")[2]
    named = set(re.findall(r"`([\w-]+\.(?:json|txt))`", text))
    assert named == {path.name for path in (ROOT / "benchmarks" / "results").iterdir()}


def test_the_configuration_page_is_the_rendered_one() -> None:
    """docs/configuration.md is what the schema's descriptions render to."""
    assert render() == (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")


def test_the_committed_openapi_is_current() -> None:
    """docs/openapi.json is what the API describes."""
    assert openapi_json() == (ROOT / "docs" / "openapi.json").read_text(encoding="utf-8")


def test_the_readme_names_commands_that_exist() -> None:
    """Each ``plumewatch`` command of the README has a help text."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = {
        " ".join(words.split())
        for words in re.findall(r"plumewatch((?: (?:[a-z][a-z-]+)){1,2})", readme)
        if words.split()[0] != "watches"
    }
    known = {"up", "api", "worker", "replay", "verify", "probe", "check-config", "models", "operator"}
    named = {command.split()[0] for command in commands} & known
    assert named >= {"up", "replay", "verify", "probe", "check-config"}
    for command in sorted(named):
        helped = subprocess.run(
            [sys.executable, "-m", "plumewatch", command, "--help"], capture_output=True, text=True, check=False
        )
        assert helped.returncode == 0, helped.stderr


def test_decisions_are_numbered_once() -> None:
    """Decision records are numbered from 0001 on, each number once, those that are superseded among them."""
    numbers = sorted(path.name[:4] for path in (ROOT / "docs" / "decisions").rglob("*.md"))
    assert numbers == sorted(set(numbers))
    assert numbers[0] == "0001"


def test_the_index_of_decisions_names_every_record_where_it_is() -> None:
    """Each record stands once in docs/decisions/README.md, and marked there when it is superseded."""
    folder = ROOT / "docs" / "decisions"
    lines = re.findall(r"^- \[\d{4}\]\((.+?)\) (.+)$", (folder / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    records = {str(path.relative_to(folder)) for path in folder.rglob("*.md")} - {"README.md"}
    assert sorted(records) == sorted(record for record, _ in lines)
    assert {record for record in records if record.startswith("superseded/")} == {
        record for record, line in lines if "(superseded by " in line
    }
