"""The configuration that goes into a package: what a verdict depends on, and nothing that is nobody's business."""

import json

import pytest

from vision.cluster.registered_cameras import registered_camera
from vision.config.worker import ConfigError, WorkerConfig, parse_config
from vision.evidence.effective_config import in_force, read_in_force

CONFIG = {
    "site": {"name": "Tongzhou", "division": "110112"},
    "stream": {"analysis_fps": 4, "ring_s": 60},
    "enterprises": [
        {"uscc": "91110000802100433B", "name": "A"},
        {"uscc": "914403001922038216", "name": "B"},
    ],
    "cameras": [
        {
            "id": "gate",
            "source": "rtsp://admin:hunter2@10.0.0.12/1",
            "stream": {"analysis_fps": 5},
            "zones": [{"name": "yard", "polygon": [[0, 0], [1, 0], [1, 1]], "owner": "91110000802100433B"}],
        },
        {
            "id": "other",
            "source": "x.mp4",
            "zones": [{"name": "roof", "polygon": [[0, 0], [1, 0], [1, 1]], "owner": "914403001922038216"}],
        },
    ],
    "rules": {
        "smoke": {"cameras": ["other"]},
        "yard-smoke": {"kind": "smoke", "zones": ["yard"], "cameras": ["gate"], "threshold": 0.4},
        "roof-smoke": {"kind": "smoke", "zones": ["roof"]},
    },
    "violations": {
        "V01B_BYPASS": {"cameras": ["gate"], "seen_s": 30},
        "V05_OPEN_BBQ": {"cameras": ["other"]},
    },
}


def test_it_comes_back_as_what_the_camera_was_judged_by() -> None:
    """Rules, zones, owners and stream keys of this camera hold; those of others are gone or off."""
    config = parse_config(CONFIG)
    again = read_in_force(in_force(config, config.cameras[0]), "clip.mp4")

    assert [camera.id for camera in again.cameras] == ["gate"]
    assert again.cameras[0].source == "clip.mp4"
    assert again.cameras[0].zones == config.cameras[0].zones
    assert again.cameras[0].to_camera(again.stream).settings.analysis_fps == 5
    assert [each.name for each in again.enterprises] == ["A"]
    assert {name: rule.enabled for name, rule in again.rules.items()} == {
        "smoke": False,
        "fire": True,
        "yard-smoke": True,
    }
    assert again.rules["yard-smoke"].threshold == 0.4
    told = {code: (rule.enabled, rule.cameras, rule.seen_s) for code, rule in again.violations.items()}
    assert told == {"V01B_BYPASS": (True, (), 30), "V05_OPEN_BBQ": (False, (), 0)}


def test_it_holds_no_address_and_no_other_camera() -> None:
    """A package goes to strangers: neither passwords nor neighbours travel with it."""
    config = parse_config(CONFIG)
    data = in_force(config, config.cameras[0])

    assert not [word for word in (b"hunter2", b"10.0.0.12", b"other", b"roof", b"914403001922038216") if word in data]


@pytest.mark.parametrize("owner", ["914403001922038216", "914403001922038217", "somebody"])
def test_a_camera_of_an_owner_outside_the_register_comes_back(owner: str) -> None:
    """What the wall accepted as an owner does not keep a package from being judged again."""
    config = WorkerConfig()
    zone = {"name": "stack", "kind": "outlet", "polygon": [[0, 0], [1, 0], [1, 1]], "owner": owner}
    camera = {"id": "gate", "source": "rtsp://10.0.0.7/1", "zones": [zone]}
    registered = registered_camera(json.dumps(camera).encode())
    again = read_in_force(in_force(config, registered), "clip.mp4")
    assert again.cameras[0].zones == registered.zones


def test_equal_configurations_are_equal_bytes() -> None:
    """Its hash names the configuration: order does not count, a threshold does."""
    config = parse_config(CONFIG)
    turned = parse_config(dict(reversed(CONFIG.items())))
    other = config.model_copy(update={"detector": config.detector.model_copy(update={"candidate_threshold": 0.2})})
    gate = config.cameras[0]

    assert in_force(config, gate) == in_force(turned, gate)
    assert in_force(config, gate) != in_force(other, gate)


@pytest.mark.parametrize("data", [b"", b"[]", b'{"schema":"config/2","config":{}}', b'{"schema":"config/1"}'])
def test_what_is_no_configuration_is_refused(data: bytes) -> None:
    """One sentence, not a traceback."""
    with pytest.raises(ConfigError, match=r"config\.json"):
        read_in_force(data, "clip.mp4")


def test_the_defaults_come_back() -> None:
    """A camera without anything of its own is judged by the shipped rules."""
    config = WorkerConfig.for_sources(["x.mp4"])
    data = in_force(config, config.cameras[0])

    assert json.loads(data)["schema"] == "config/1"
    assert read_in_force(data, "y.mp4").rules == config.rules
