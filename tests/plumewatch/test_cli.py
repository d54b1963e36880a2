"""The command line as a person uses it: right answers, and one sentence for each wrong question."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from plumewatch.failures import UsageError
from plumewatch.worker_process import _worker_key
from tests.streams.media import make_clip
from vision.matrices import MATRIX_THREADS


def run(*arguments: str, timeout_s: float = 120.0) -> subprocess.CompletedProcess[str]:
    """Run ``plumewatch`` in a process of its own."""
    command = [sys.executable, "-m", "plumewatch", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout_s)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Files that are right and wrong in various ways, and a port that is taken, by a short name."""
    folder = tmp_path_factory.mktemp("cli")
    text = folder / "text.mp4"
    text.write_text("this is no video\n" * 200)
    config = folder / "wrong.toml"
    config.write_text('[site]\ncolour = "green"\n[[cameras]]\nid = "a b"\nsource = "rtsp://x"\n')
    model = folder / "model.toml"
    model.write_text('[detector]\nmodel = "nosuch"\n')
    good = folder / "good.toml"
    good.write_text('[[cameras]]\nid = "gate"\nsource = "rtsp://user:secret@127.0.0.1:1/x"\n')
    unknown = folder / "unknown.toml"
    zone = '[[cameras.zones]]\nname = "stack"\npolygon = [[0, 0], [1, 0], [1, 1]]\nowner = "914403001922038216"\n'
    unknown.write_text(good.read_text() + zone)
    clip = make_clip(folder / "clip.mp4", seconds=3)
    taken = socket.create_server(("127.0.0.1", 0))
    yield {
        "absent": str(folder / "absent.mp4"),
        "text": str(text),
        "config": str(config),
        "good": str(good),
        "unknown": str(unknown),
        "model": str(model),
        "clip": str(clip),
        "folder": str(folder),
        "data": str(folder / "data"),
        "port": str(taken.getsockname()[1]),
    }
    taken.close()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["fly"], "No such command 'fly'"),
        (["up", "--wings"], "No such option"),
        (["up", "--source", "{absent}", "--data", "{data}"], "no such file"),
        (["up", "--source", "{text}", "--data", "{data}"], "not a video file"),
        (["up", "--source", "gopher://a/b", "--data", "{data}"], "no stream of that kind"),
        (["up", "--config", "{config}", "--data", "{data}"], "site.colour: unknown key"),
        (
            ["up", "--config", "{model}", "--data", "{data}"],
            "detector.model: no model 'nosuch' is registered: known are",
        ),
        (["rules", "list", "--config", "{model}"], "detector.model: no model 'nosuch' is registered"),
        (["up", "--port", "{port}", "--source", "{clip}", "--data", "{data}"], "is taken; choose one with --port"),
        (["replay", "{absent}"], "no such file"),
        (["replay", "{text}"], "not a video file"),
        (["replay", "{folder}"], "a folder, not a file"),
        (["replay", "rtsp://admin:secret@127.0.0.1:1/x"], "rtsp://***@127.0.0.1:1/x: a stream; replay analyses files"),
        (["up", "--source", "{folder}", "--data", "{data}"], "a folder, not a file"),
        (["up", "--port", "{port}", "--demo", "--data", "{data}"], "is taken; choose one with --port"),
        (["up", "--demo", "--once", "--once-timeout-s", "nan", "--data", "{data}"], "--once-timeout-s must be"),
        (["probe", "{folder}"], "a folder, not a file"),
        (["probe", "--seconds", "-1", "{clip}"], "--seconds must be a number above 0, got -1"),
        (["probe", "--seconds", "nan", "{clip}"], "--seconds must be a number above 0, got nan"),
        (["probe", "{absent}"], "no such file"),
        (["probe", "rtsp://admin:secret@127.0.0.1:1/x"], "127.0.0.1:1"),
        (["verify", "{absent}"], "absent.mp4"),
        (["verify", "{text}"], "text.mp4: not a plain tar"),
        (["verify", "{folder}", "--roots", "{text}"], "text.mp4: holds no certificate in PEM"),
        (["models", "verify", "nosuch"], "no model 'nosuch'"),
        (["api", "--vault", "bogus://x", "--data", "{data}"], "the vault address cannot be used: expected that of"),
        (["api", "--redis", "nonsense", "--data", "{data}"], "the bus address must begin with redis://"),
        (["api", "--port", "99999", "--data", "{data}"], "less than or equal to 65535"),
        (["api", "--port", "{port}", "--data", "{data}"], "cannot listen on 127.0.0.1"),
        (
            ["api", "--database", "postgresql://u:secret@127.0.0.1:1/x", "--data", "{data}"],
            "the database cannot be used",
        ),
        (["up", "--port", "99999", "--data", "{data}"], "less than or equal to 65535"),
        (["operator", "reset", "nobody", "--data", "{data}"], "nobody"),
        (["worker", "--source", "{clip}", "--data", "{data}"], "the worker needs its key"),
        (["worker", "--shard", "3/2", "--data", "{data}"], "a shard is NUMBER/COUNT"),
        (["up", "--redis", "nonsense", "--data", "{data}"], "the bus address must begin with redis://"),
        (["up", "--workers", "0", "--data", "{data}"], "'--workers'"),
    ],
)
def test_a_wrong_question_gets_one_sentence(places: dict[str, str], arguments: list[str], sentence: str) -> None:
    """Exit code 2, one message on standard error that names the thing, no traceback, no password, no data folder."""
    filled = [argument.format(**places) for argument in arguments]
    result = run(*filled)
    assert result.returncode == 2, result.stderr
    assert sentence in result.stderr
    assert result.stderr.startswith("plumewatch: ")
    assert "Traceback" not in result.stderr
    assert "secret" not in result.stderr


def test_check_config_names_every_wrong_key(places: dict[str, str]) -> None:
    """check-config exits with 1 and tells the full path of each mistake."""
    result = run("check-config", places["config"])
    assert result.returncode == 1
    assert "site.colour: unknown key" in result.stderr
    assert "cameras[0].id" in result.stderr


def test_a_configuration_that_is_not_there_is_a_wrong_question() -> None:
    """check-config exits with 2: nothing was found to be wrong with it."""
    result = run("check-config", "nowhere.toml")
    assert (result.returncode, result.stderr) == (2, "nowhere.toml: cannot be read: No such file or directory\n")


def test_check_config_knows_the_models(places: dict[str, str]) -> None:
    """A model that is not registered is a mistake too: the worker would end with it at each start."""
    result = run("check-config", places["model"])
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("detector.model: no model 'nosuch' is registered: known are emissions-n")


@pytest.mark.parametrize("group", [[], ["models"]])
def test_without_a_command_the_help_is_shown(group: list[str]) -> None:
    """As it is with ``--help``, and exit code 2 for nothing was done."""
    result = run(*group)
    assert result.returncode == 2
    assert result.stderr == run(*group, "--help").stdout


def test_the_version_is_told() -> None:
    """For a report of a fault; the help of all commands stays as it is."""
    assert run("--version").stdout == f"plumewatch {version('plumewatch')}\n"
    assert "camera streams in, evidence-stamped leads out" in run("--help").stdout


def test_check_config_accepts_a_good_file(places: dict[str, str]) -> None:
    """check-config exits with 0 and does not touch the camera."""
    result = run("check-config", places["good"])
    assert result.returncode == 0, result.stderr
    assert "cameras 1, rules 2" in result.stdout
    assert "secret" not in result.stdout


def test_check_config_warns_of_an_owner_outside_the_register(places: dict[str, str]) -> None:
    """The file holds, and what the owner's leads will lack is said."""
    result = run("check-config", places["unknown"])
    assert (result.returncode, "cameras 1" in result.stdout) == (0, True)
    assert result.stderr.startswith(
        "warning: cameras[0].zones[0].owner: '914403001922038216' is none of [[enterprises]]"
    )


def test_probe_reports_facts(places: dict[str, str]) -> None:
    """Probe prints what the clip is, for people and as JSON."""
    assert "h264 320x240" in run("probe", places["clip"]).stdout
    report = json.loads(run("probe", places["clip"], "--json").stdout)
    assert (report["codec"], report["width"], report["measured_fps"]) == ("h264", 320, pytest.approx(25, abs=0.5))


def test_replay_of_a_quiet_clip_prints_nothing(places: dict[str, str]) -> None:
    """A clip without smoke gives no line and exit code 0."""
    result = run("replay", "--json", places["clip"])
    assert (result.returncode, result.stdout) == (0, "")


def test_models_are_listed_and_verified() -> None:
    """The registry lists its models and the shipped weights are the registered ones."""
    listed = json.loads(run("models", "list", "--json").stdout)
    assert any(model["default"] for model in listed)
    verified = run("models", "verify")
    assert verified.returncode == 0
    files = [form["file"] for model in listed for form in model["forms"]]
    assert [line.split()[1] for line in verified.stdout.splitlines()] == files
    shown = run("models", "list").stdout.splitlines()
    for model, line in zip(listed, shown, strict=True):
        assert " and ".join(form["format"] for form in model["forms"]) in line


def test_the_outbox_shows_what_waits_and_what_was_refused(tmp_path: Path) -> None:
    """A rejected lead is listed with the API's answer, and goes back among the waiting when asked."""
    for place in ("ready/L20261123-007001", "rejected/L20261123-007002"):
        folder = tmp_path / "outbox" / place
        folder.mkdir(parents=True)
        (folder / "lead.json").write_text("{}")
        (folder / "answer.json").write_text('{"status": 409}')
    listed = run("outbox", "--data", str(tmp_path)).stdout.splitlines()
    assert listed == ["waiting   L20261123-007001", 'rejected  L20261123-007002  {"status": 409}']
    again = run("outbox", "--data", str(tmp_path), "--requeue", "L20261123-007002").stdout.splitlines()
    assert sorted(again) == ["waiting   L20261123-007001", "waiting   L20261123-007002"]
    refused = run("outbox", "--data", str(tmp_path), "--requeue", "L20261123-007003")
    assert (refused.returncode, "not among the rejected" in refused.stderr) == (2, True)


def test_a_workers_key_is_made_and_revoked(tmp_path: Path) -> None:
    """worker-key prints a key, which can be revoked; a key that was never made is not known, and not repeated."""
    key = run("worker-key", "w1", "--data", str(tmp_path)).stdout.strip()
    assert key.startswith("pw_")
    assert run("worker-key", key, "--revoke", "--data", str(tmp_path)).returncode == 0
    unknown = run("worker-key", key[:-1], "--revoke", "--data", str(tmp_path))
    assert (unknown.returncode, key[:-1] in unknown.stderr) == (2, False)


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xd8\xff\xe0", "钥匙".encode(), b"two keys\n"])
def test_a_file_without_a_worker_s_key_is_told(content: bytes, tmp_path: Path) -> None:
    """No request could carry what it holds: the worker says so at its start, instead of asking in vain for ever."""
    file = tmp_path / "key"
    file.write_bytes(content)
    with pytest.raises(UsageError, match="holds no key of a worker"):
        _worker_key(file)


def test_a_worker_s_key_is_read_from_its_file(tmp_path: Path) -> None:
    """Without the end of its line."""
    (tmp_path / "key").write_text("pw-0123-abc_DEF\n")
    assert _worker_key(tmp_path / "key") == "pw-0123-abc_DEF"


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="NumPy takes one thread on one processor anyway")
@pytest.mark.parametrize(("wanted", "is_one"), [(None, True), ("2", False)])
def test_a_small_matrix_is_one_thread_s_work_unless_a_person_says_otherwise(
    wanted: str | None, *, is_one: bool
) -> None:
    """Threads that wait for each other over small matrices cost a busy machine ten times the work."""
    program = """
import sys
from pathlib import Path
from plumewatch.cli import app, main

@app.command()
def count():
    import plumewatch.worker_process
    assert "numpy" in sys.modules
    print(len(list(Path("/proc/self/task").iterdir())))

sys.argv = ["plumewatch", "count"]
main()
"""
    environment = {name: value for name, value in os.environ.items() if name != MATRIX_THREADS}
    environment |= {} if wanted is None else {MATRIX_THREADS: wanted}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120, env=environment
    )
    assert (int(done.stdout) == 1) is is_one
