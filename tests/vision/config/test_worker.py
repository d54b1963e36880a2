"""The configuration: strict, with every mistake named by its full path."""

import tomllib
from pathlib import Path

import pytest
from pydantic import ValidationError

from streams.camera import Pace, Transport, camera_id
from tests.api.contract.documents import Described, unlimited
from vision.config.docs import EXAMPLE
from vision.config.worker import ConfigError, WorkerConfig, load_config, parse_config, warnings_of

CAMERA = {"id": "a", "source": "rtsp://h/1"}


def test_empty_file_is_a_valid_configuration(tmp_path: Path) -> None:
    """Nothing need be said: smoke and fire rules stand, and no camera is watched."""
    (tmp_path / "empty.toml").write_text("")

    config = load_config(tmp_path / "empty.toml")

    assert (list(config.rules), config.cameras) == (["smoke", "fire"], ())
    assert config == WorkerConfig()


def test_example_of_the_documentation_is_valid(tmp_path: Path) -> None:
    """The example that users copy loads, and says what it seems to say."""
    (tmp_path / "example.toml").write_text(EXAMPLE)

    config = load_config(tmp_path / "example.toml")

    assert list(config.rules) == ["smoke", "fire", "outlets"]
    assert config.rules["outlets"].kind == "smoke"
    assert [zone.name for zone in config.camera(camera_id("stack-east")).zones] == ["outlets", "neighbour"]


@pytest.mark.parametrize(
    ("values", "lines"),
    [
        ({"sit": {}}, ["sit: unknown key; did you mean site?"]),
        ({"site": {"timezone": "Mars/Base"}}, ["site.timezone: no time zone 'Mars/Base' on this machine"]),
        ({"stream": {"ringg_s": 1}}, ["stream.ringg_s: unknown key; did you mean ring_s?"]),
        ({"stream": {"transport": "sctp"}}, ["stream.transport: input should be 'tcp' or 'udp', got 'sctp'"]),
        ({"stream": {"ring_s": 10}}, ["stream.ring_s: 10 s cannot hold pre-roll, confirmation and post-roll"]),
        ({"cameras": [{"id": "a"}]}, ["cameras[0].source: is required"]),
        ({"cameras": [{**CAMERA, "id": "a b"}]}, ["cameras[0].id: camera id must be 1-64 of A-Z a-z 0-9 _ -"]),
        ({"cameras": [CAMERA, CAMERA]}, ["cameras[1].id: 'a' is already the id of cameras[0]"]),
        ({"cameras": [{**CAMERA, "gb_id": "12"}]}, ["cameras[0].gb_id: string should match pattern"]),
        (
            {"cameras": [{**CAMERA, "stream": {"analysis_fps": 0}}]},
            ["cameras[0].stream.analysis_fps: input should be greater than 0, got 0"],
        ),
        (
            {"cameras": [{**CAMERA, "zones": [{"name": "z", "polygon": [[0, 0], [1, 1]]}]}]},
            ["cameras[0].zones[0].polygon: a polygon needs at least 3 points, got 2"],
        ),
        (
            {"cameras": [{**CAMERA, "zones": [{"name": "z", "polygon": [[0, 0], [640, 0], [0, 1]]}]}]},
            ["cameras[0].zones[0].polygon: point 1 must lie in 0..1"],
        ),
        (
            {"cameras": [{**CAMERA, "zones": [{"name": "z", "polygon": [[0, 0], [1, 1], [0, 1], [1, 0]]}]}]},
            ["cameras[0].zones[0].polygon: the edges from point 0 and from point 2 cross"],
        ),
        (
            {"cameras": [{**CAMERA, "zones": [{"name": "z", "polygon": [[0, 0], [0.5, 0.5], [1, 1]]}]}]},
            ["cameras[0].zones[0].polygon: the polygon encloses no area"],
        ),
        (
            {"cameras": [{**CAMERA, "source": "htp://admin:secret@192.0.2.10/1"}]},
            ["cameras[0].source: htp://***@192.0.2.10/1: no stream of that kind; known are rtsp"],
        ),
        (
            {"cameras": [{**CAMERA, "source": "rtsp://a:secret@h:6379/a\r\nSET x y"}]},
            ["cameras[0].source: rtsp://***@h:6379/a SET x y: holds a blank or a control character"],
        ),
        ({"cameras": [{**CAMERA, "source": "rtsp://h/a b"}]}, ["cameras[0].source: rtsp://h/a b: holds a blank"]),
        ({"cameras": [{**CAMERA, "source": "srt://h/1"}]}, ["cameras[0].source: srt://h/1: no stream of that kind"]),
        ({"cameras": [{**CAMERA, "name": "a\0b"}]}, ["cameras[0].name: string should match pattern"]),
        ({"cameras": [{**CAMERA, "name": "a" * 129}]}, ["cameras[0].name: string should have at most 128"]),
        ({"stream": {"ring_s": float("inf")}}, ["stream.ring_s"]),
        ({"site": {"town": "a\x1b[2J"}}, ["site.town: string should match pattern"]),
        ({"rules": {"smoke": {"threshhold": 0.3}}}, ["rules.smoke.threshhold: unknown key; did you mean threshold?"]),
        ({"rules": {"smoke": {"k": 5, "n": 4}}}, ["rules.smoke: k must not exceed n, got k = 5 and n = 4"]),
        ({"rules": {"stack": {}}}, ["rules.stack.kind: is required"]),
        ({"rules": {"smoke": {"threshold": 0.05}}}, ["rules.smoke.threshold: 0.05 is below detector.candidate_"]),
        ({"rules": {"smoke": {"zones": ["z"]}}}, ["rules.smoke.zones[0]: no camera of this rule has a zone 'z'"]),
        ({"rules": {"fire": {"cameras": ["z"]}}}, ["rules.fire.cameras[0]: there is no camera 'z'"]),
        ({"rules": {"fire": {"violation_code": "V4"}}}, ["rules.fire.violation_code: string should match pattern"]),
        (
            {"rules": {"fire": {"window_s": 1.6}}, "stream": {"analysis_fps": 1}},
            ["rules.fire.window_s: 1.6 s never hold k = 4 pictures at one analysed picture in 2 s"],
        ),
        (
            {"rules": {"fire": {"schedule": [{"from": "25:00", "to": "24:00"}]}}},
            ["rules.fire.schedule[0].from: expected a time of day like \"06:30\", got '25:00'"],
        ),
        (
            {"rules": {"fire": {"schedule": [{"days": ["monday"], "from": "20:00", "to": "24:00"}]}}},
            ["rules.fire.schedule[0].days[0]: input should be 'mon', 'tue'"],
        ),
        (
            {"rules": {"smoke": {"zones": ["m"]}}, "cameras": [
                {**CAMERA, "zones": [{"name": "m", "kind": "mask", "polygon": [[0, 0], [1, 0], [0, 1]]}]}]},
            ["rules.smoke.zones[0]: 'm' is a mask"],
        ),
        (
            {"site": {"nam": "x"}, "evidence": {"stills": 0}, "rules": 3},
            ["site.nam: unknown key", "evidence.stills: input should be greater", "rules: input should be"],
        ),
    ],
)  # fmt: skip
def test_every_mistake_is_named_with_its_path_and_reason(values: dict[str, object], lines: list[str]) -> None:
    """A wrong configuration is refused with one line for each mistake: full path, what is wrong, what was found."""
    with pytest.raises(ConfigError) as refusal:
        parse_config(values)

    found = str(refusal.value).split("\n")
    assert len(lines) == len(found), found
    for line, start in zip(found, lines, strict=True):
        assert line.startswith(start)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[site]\nname = \n", "is not TOML: Invalid value (at line 2"),
        (b"\xff\xfe", "is not UTF-8 text (byte 0)"),
        (None, "cannot be read: No such file or directory"),
    ],
)
def test_a_file_that_is_no_configuration_is_refused_in_one_sentence(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    """A missing file, a binary file and a syntax error (with its line) each give one clear sentence."""
    path = tmp_path / "c.toml"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ConfigError) as refusal:
        load_config(path)

    assert str(refusal.value).startswith(f"{path}: ")
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_the_mark_that_editors_put_before_utf_8_is_no_mistake(tmp_path: Path) -> None:
    """A file with a byte order mark, as editors of Windows write it, is read like any other."""
    path = tmp_path / "c.toml"
    path.write_bytes(b'\xef\xbb\xbf[site]\nname = "\xe9\x80\x9a\xe5\xb7\x9e"\n')
    assert load_config(path).site.name == "通州"


def test_standing_rules_stay_when_others_are_added() -> None:
    """A rule of one's own does not switch the standing ones off; `enabled = false` does."""
    config = parse_config(tomllib.loads('[rules.night]\nkind = "fire"\n[rules.smoke]\nenabled = false\n'))

    assert {name: r.enabled for name, r in config.rules.items()} == {"smoke": False, "fire": True, "night": True}


def test_a_camera_overrides_single_stream_keys() -> None:
    """Keys in a camera's stream table replace the common ones, also when they equal a default; others stay."""
    config = parse_config(
        {
            "stream": {"transport": "udp", "ring_s": 120},
            "cameras": [{**CAMERA, "stream": {"transport": "tcp"}}, {"id": "b", "source": "x.mp4"}],
        }
    )

    first, second = (camera.settings for camera in config.to_cameras())

    assert (first.transport, first.ring_s) == (Transport.TCP, 120)
    assert (second.transport, second.pace) == (Transport.UDP, Pace.REALTIME)


def test_sources_from_the_command_line_become_cameras_with_distinct_ids() -> None:
    """Files are named after themselves, streams by number, and no id is used twice."""
    config = WorkerConfig.for_sources(["/x/East gate.mp4", "/y/East gate.mp4", "rtsp://u:p@h/1"])

    assert [camera.id for camera in config.cameras] == ["East-gate", "East-gate-2", "cam-3"]
    assert config.cameras[0].name == "East gate.mp4"


def test_addresses_are_not_shown() -> None:
    """Printing a configuration does not give a camera's password away."""
    config = WorkerConfig.for_sources(["rtsp://admin:hunter2@h/1"])

    assert "hunter2" not in repr(config)


def test_configuration_cannot_be_changed_afterwards() -> None:
    """What was loaded is what is in force."""
    with pytest.raises(ValidationError):
        WorkerConfig().site.name = "other"


@pytest.mark.parametrize(
    ("owner", "line"),
    [
        ("91110000802100433B", ""),
        ("Boiler house", ""),
        ("914403001922038216", ""),
        ("91110000802100433C", "cameras[0].zones[0].owner: the check character of '91110000802100433C' should be 'B'"),
    ],
)
def test_an_owner_with_a_wrong_code_is_refused(owner: str, line: str) -> None:
    """A code whose check character is wrong is named with its path; any other name or code is taken."""
    zone = {"name": "a", "polygon": [[0, 0], [1, 0], [1, 1]], "owner": owner}
    values = {
        "enterprises": [{"uscc": "91110000802100433B", "name": "x"}],
        "cameras": [{"id": "gate", "source": "x.mp4", "zones": [zone]}],
    }
    try:
        parse_config(values)
        said = ""
    except ConfigError as error:
        said = str(error)
    assert said[: len(line) or None] == line


def test_owners_outside_the_register_are_warned_of() -> None:
    """Each is told with its path: leads will have neither colour nor list for it. Zones without an owner are not."""
    owners = ["91110000802100433B", "x", "", "914403001922038216", "Boiler house"]
    zones = [{"name": f"z{i}", "polygon": [[0, 0], [1, 0], [1, 1]], "owner": owner} for i, owner in enumerate(owners)]
    register = [{"uscc": "91110000802100433B", "name": "x"}]
    cameras = [{"id": "gate", "source": "x.mp4", "zones": zones}]
    end = "is none of [[enterprises]]: leads name it if the API's register knows it"
    assert list(warnings_of(WorkerConfig())) == []
    told, *warnings = warnings_of(parse_config({"enterprises": register, "cameras": cameras}))
    assert told.startswith("[[enterprises]]: the API's register comes before them")
    assert warnings == [
        f"cameras[0].zones[3].owner: '914403001922038216' {end}",
        f"cameras[0].zones[4].owner: 'Boiler house' {end}",
    ]


def test_times_that_nobody_can_set_are_warned_of() -> None:
    """The times of a stack's grade are the standard's; where a rule takes a time, nothing is said."""
    times = {"seen_s": 60, "window_s": 600, "schedule": [{"from": "09:00", "to": "12:00"}]}
    codes = ("V01_STACK_SMOKE", "V02_COLOR_PLUME", "V04_WASTE_BURN", "V17_DEVICE_TAMPER")
    assert list(warnings_of(parse_config({"violations": dict.fromkeys(codes, times)}))) == [
        "violations.V01_STACK_SMOKE.seen_s: has no effect",
        "violations.V01_STACK_SMOKE.window_s: has no effect",
        "violations.V17_DEVICE_TAMPER.window_s: has no effect",
        "violations.V17_DEVICE_TAMPER.schedule: has no effect",
    ]


def test_an_enterprise_with_a_wrong_code_is_refused() -> None:
    """The register itself is checked, and told by its path."""
    with pytest.raises(ConfigError, match=r"enterprises\[0\]\.uscc: the check character"):
        parse_config({"enterprises": [{"uscc": "91110000802100433C", "name": "x"}]})


def test_every_text_of_a_configuration_has_the_rules_of_the_wire() -> None:
    """Short text without control characters, for it travels to the API; sources and times of day are read whole."""
    faults = unlimited(Described.of(WorkerConfig.model_json_schema()), "config")
    found = {line.split(": ")[0] for line in faults if ": a text of any" in line}
    assert {"source", "from", "to"} == {where.rpartition(".")[2] for where in found}
