"""The API as a process: starts, says where it listens, stops on a signal."""

import signal
import subprocess
import sys
from pathlib import Path

import httpx

PROGRAM = """
import sys
from pathlib import Path
from api.app import serve
from api.settings import Settings
settings = Settings(data_dir=Path(sys.argv[1]), redis_url=sys.argv[2], port=0)
serve(settings, ready=lambda url: print("at", url, flush=True))
"""


def start(data_dir: Path, redis_url: str) -> subprocess.Popen[str]:
    """Start an API process."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(data_dir), redis_url], stdout=subprocess.PIPE, text=True
    )


def stop(process: subprocess.Popen[str]) -> int:
    """Ask it to stop and return its exit code."""
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(20)
    finally:
        process.kill()


def test_the_first_start_tells_the_password_once(tmp_path: Path, valkey_socket: Path) -> None:
    """The one-time password is printed at the first start and never again; SIGTERM ends the process in order."""
    told = []
    for _ in range(2):
        process = start(tmp_path / "data", f"unix://{valkey_socket}")
        assert process.stdout is not None
        lines = []
        url = ""
        for line in process.stdout:
            lines.append(line)
            if line.startswith("at "):
                url = line.split()[1]
                break
        assert httpx.get(f"{url}/readyz", timeout=10).status_code == 200
        assert stop(process) in {0, -signal.SIGTERM}
        told.append([line for line in lines if line.startswith("first start: log in as admin with the password ")])
    assert [len(lines) for lines in told] == [1, 0]


def test_the_api_needs_no_picture_libraries() -> None:
    """Importing the whole API loads none of the libraries that read, show or judge pictures."""
    heavy = ["av", "cv2", "numpy", "onnxruntime", "openvino", "torch"]
    code = f"import api.app, api.openapi, sys; print([name for name in {heavy} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
