"""The wall's pure modules, under node's own test runner."""

import ast
import json
import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from api.contract.titles import VIOLATIONS
from api.wall import WALL_CSP, WALL_FOLDER
from streams.camera import Camera, SourceUrl, camera_id
from streams.container import open_container
from streams.errors import StreamError
from tests.api.conftest import sample_lead
from tests.api.contract.test_titles import TITLES

OLDEST_NODE = 20

FOLDERS = (
    "shared",
    "leads",
    "register",
    "loop",
    "checks",
    "legal",
    "fleet",
    "coverage",
    "evidence",
    "zones",
    "officer",
    "wall",
)
"""Folders of modules, the lowest first: each imports from itself and from those before it."""


def node() -> str:
    """Return the path of a node that runs modules and tests, or skip."""
    path = shutil.which("node")
    if path is None:
        pytest.skip("needs node")
    version = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.removeprefix("v").split(".")[0]) < OLDEST_NODE:
        pytest.skip(f"needs node {OLDEST_NODE} or newer, found {version.strip()}")
    return path


@pytest.mark.parametrize("tests", sorted(Path(__file__).parent.glob("*.test.mjs")), ids=lambda path: path.name)
def test_modules_without_a_page(tests: Path) -> None:
    """Modules do what their own tests say: pure ones, and those that keep connections up."""
    run = subprocess.run([node(), "--no-warnings", "--test", str(tests)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_what_is_wrong_with_a_stream_has_its_chinese(tmp_path: Path) -> None:
    """The sentences are those that streams really fail with; an officer reads no English for them."""
    text = tmp_path / "a.mp4"
    text.write_text("no video")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        addresses = (str(text), str(tmp_path), str(tmp_path / "b.mp4"), f"rtsp://127.0.0.1:{nobody.getsockname()[1]}/a")
        said = []
        for address in addresses:
            with pytest.raises(StreamError) as fault:
                open_container(Camera(camera_id("gate"), "", SourceUrl(address)))
            said.append(str(fault.value))
    program = f"import {{ inChinese }} from {json.dumps((WALL_FOLDER / 'js/fleet/streamfaults.js').as_uri())};"
    program += f"for (const said of {json.dumps(said)}) console.log(inChinese(said));"
    run = subprocess.run(
        [node(), "--no-warnings", "--input-type=module", "-e", program], capture_output=True, text=True, check=True
    )
    told = [line.rpartition("：")[2] for line in run.stdout.splitlines()]
    assert told == ["不是视频文件", "是文件夹，不是文件", "没有这个文件", "连接被拒绝"]


SAYING = {"IllegalMove", "RoleMissing", "ContentMissing", "Refused"}
"""Faults whose words an officer reads beside a form."""


def _said(module: str) -> list[str]:
    """Return the sentences of a module that are said against a move or a code, with X1 for what is filled in."""
    found = []
    for node in ast.walk(ast.parse(Path(module).read_text(encoding="utf-8"))):
        says = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SAYING
        if not says and not (isinstance(node, ast.Return) and module.endswith("conditions.py")):
            continue
        inside = {id(part) for text in ast.walk(node) if isinstance(text, ast.JoinedStr) for part in ast.walk(text)}
        for text in ast.walk(node):
            if isinstance(text, ast.JoinedStr):
                parts = [str(part.value) if isinstance(part, ast.Constant) else "X1" for part in text.values]
                found.append("".join(parts))
            elif isinstance(text, ast.Constant) and isinstance(text.value, str) and id(text) not in inside:
                found.append(text.value)
    return [sentence for sentence in found if sentence.count(" ") > 2]


@pytest.mark.parametrize(
    "module", ["api/loop/transition.py", "api/loop/conditions.py", "api/checks/issue.py", "api/checks/use.py"]
)
def test_what_is_said_against_a_move_has_its_chinese(module: str) -> None:
    """Each sentence with which a move or a check code is refused is known to the wall: officers read no English."""
    sentences = _said(module)
    assert len(sentences) > 3
    program = f"import {{ inWords }} from {json.dumps((WALL_FOLDER / 'js/loop/refusals.js').resolve().as_uri())};"
    program += f"for (const said of {json.dumps(sentences)}) if (inWords(said) === said) console.log(said);"
    stubs = "globalThis.localStorage = { getItem: () => null, setItem: () => {} };"
    stubs += "globalThis.document = { documentElement: {}, querySelectorAll: () => [] };"
    run = subprocess.run(
        [node(), "--no-warnings", "--input-type=module", "-e", program, "--import", f"data:text/javascript,{stubs}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == ""


def test_the_wall_calls_leads_as_paper_does() -> None:
    """Titles and names of the wall are those of `api.contract.titles`, in both languages."""
    leads = [
        {
            "violation_code": code,
            "measure": sample_lead().measure.model_dump(mode="json") | {"class_name": seen, "values": {}} | measured,
            "disposition": {"reasons": reasons},
        }
        for code, seen, measured, reasons, _, _ in TITLES
    ]
    program = f"import {{ leadTitle, violationName }} from {json.dumps((WALL_FOLDER / 'js/leads/codes.js').as_uri())};"
    program += f"for (const l of {json.dumps(leads)}) console.log(leadTitle(l, 'zh') + '|' + leadTitle(l, 'en'));"
    program += f"for (const c of {json.dumps(list(VIOLATIONS))}) "
    program += "console.log(violationName(c, 'zh') + '|' + violationName(c, 'en'));"
    run = subprocess.run(
        [node(), "--no-warnings", "--input-type=module", "-e", program], capture_output=True, text=True, check=True
    )
    expected = [f"{zh}|{en}" for *_, zh, en in TITLES] + [f"{name.zh}|{name.en}" for name in VIOLATIONS.values()]
    assert run.stdout.splitlines() == expected


def test_no_key_has_words_twice() -> None:
    """The words of all parts of the wall are one table: a key that two of them had would show the wrong words."""
    modules = WALL_FOLDER.glob("js/shared/words/*.js")
    keys = [
        key for module in modules for key in re.findall(r'^  "([^"]+)": \[', module.read_text("utf-8"), re.MULTILINE)
    ]
    assert keys
    assert sorted(keys) == sorted(set(keys))


def test_no_markup_from_values() -> None:
    """No module makes markup, code or styles from text: names and reasons are hostile."""
    forbidden = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "cssText")
    scripts = sorted(WALL_FOLDER.glob("js/**/*.js"))
    assert scripts
    found = [(script.name, word) for script in scripts for word in forbidden if word in script.read_text()]
    assert found == []


def test_nothing_from_elsewhere() -> None:
    """The page loads no script, style, font or picture from another server, and none is inline."""
    page = (WALL_FOLDER / "index.html").read_text()
    assert "<style" not in page
    assert " style=" not in page
    assert "onload=" not in page
    assert "<script>" not in page
    texts = [page, *(path.read_text() for path in WALL_FOLDER.glob("css/*.css"))]
    assert not [text for text in texts if "http://" in text or "https://" in text]
    assert "unsafe" not in WALL_CSP


def test_modules_are_small() -> None:
    """A module is one noun: at most 350 lines, words aside, and says what it is."""
    for script in sorted(WALL_FOLDER.glob("js/**/*.js")):
        lines = script.read_text().splitlines()
        assert lines[0] == "/**", script.name
        assert len(lines) <= 350, script.name


def _imports(script: Path) -> set[Path]:
    """Return the modules that one imports, those of which its comments take a type included."""
    found = re.findall(r"""(?:from |import\()"(\.[^"]+)\"""", script.read_text(encoding="utf-8"))
    paths = {(script.parent / path).resolve() for path in found}
    return {path for path in paths if path.parent != (WALL_FOLDER / "vendor").resolve() or not path.is_file()}


def test_every_import_leads_to_a_module() -> None:
    """What a module imports is there, and each module but the first is imported by another."""
    scripts = set(WALL_FOLDER.resolve().glob("js/**/*.js"))
    imported = {path for script in scripts for path in _imports(script)}
    assert imported == scripts - {WALL_FOLDER.resolve() / "js" / "main.js"}


def test_folders_import_downwards() -> None:
    """A folder imports nothing of those above it, so that ``shared`` stands alone and no two need each other."""
    root = WALL_FOLDER.resolve() / "js"
    assert {path.name for path in root.iterdir() if path.is_dir()} == set(FOLDERS)
    upwards = [
        f"{script.relative_to(root)} imports {path.relative_to(root)}"
        for script in sorted(root.glob("*/**/*.js"))
        for path in sorted(_imports(script))
        if path.parent == root
        or FOLDERS.index(path.relative_to(root).parts[0]) > FOLDERS.index(script.relative_to(root).parts[0])
    ]
    assert upwards == []
