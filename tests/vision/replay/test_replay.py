"""Replay: files through the live analyser, with the same verdict every time."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from api.contract.catalogue import catalogue
from api.contract.wire.lead import LeadDocument
from models.detections import Detections
from models.detector import Detector
from models.registry import Registry
from models.runtime.choice import open_detector
from plumewatch.commands.reports import lead_json
from streams.errors import NotAVideo, SourceUnavailable
from tests.shared import shared_path
from tests.vision.films import PLUME, BrightBoxDetector, plume_film
from tests.vision.plume.test_outlets import SIZE_WH, ZONE, picture
from vision.config.worker import WorkerConfig, parse_config
from vision.evidence.lead_document import Witness, lead_document, site_of
from vision.replay.replay import ReplayLead, findings, followed, replay


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a film of 8 s at 10 fps: a still scene, from 3 s on with a plume."""
    return plume_film(tmp_path_factory.mktemp("clips") / "plume at three.mp4")


def test_no_files_no_leads() -> None:
    """Nothing to analyse is nothing to report."""
    assert list(replay([], WorkerConfig(), BrightBoxDetector())) == []


def test_a_plume_in_a_file_is_one_lead_with_its_times(clip: Path) -> None:
    """Seen at 3 s and confirmed 1.5 s later, seconds counted from the first picture; the file's end closes it."""
    (lead,) = replay([clip], WorkerConfig(), BrightBoxDetector())

    assert (str(clip), "smoke.visible", "V01_STACK_SMOKE", 1) == (lead.file, lead.rule, lead.violation_code, lead.track)
    assert (lead.first_s, lead.confirmed_s, lead.last_s, lead.observations) == (3.0, 4.5, 7.5, 10)
    assert (lead.peak.class_name, lead.peak.confidence, lead.peak.xyxy) == ("smoke", 0.75, PLUME)


def test_replay_gives_the_same_verdict_again(clip: Path) -> None:
    """Two runs over the same files give equal leads, also when a file comes twice in one run."""
    first = list(replay([clip, clip], WorkerConfig(), BrightBoxDetector()))

    assert first == list(replay([clip, clip], WorkerConfig(), BrightBoxDetector()))
    assert len(first) == 2


def test_a_file_of_a_configured_camera_is_analysed_as_that_camera(clip: Path) -> None:
    """Its masks and stream keys hold: a mask over the plume silences it, at 5 fps it is confirmed in 1.6 s."""
    mask = {"name": "m", "kind": "mask", "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]]}
    masked = parse_config({"cameras": [{"id": "a", "source": str(clip), "zones": [mask]}]})
    quick = parse_config({"cameras": [{"id": "a", "source": str(clip), "stream": {"analysis_fps": 5}}]})

    assert list(replay([clip], masked, BrightBoxDetector())) == []
    assert [lead.confirmed_s for lead in replay([clip], quick, BrightBoxDetector())] == [4.6]


def test_replay_prints_the_same_bytes_again(clip: Path) -> None:
    """The JSON of two runs is equal byte for byte, with zones, owners and everything that is told of a lead."""
    zone = {"name": "stack", "kind": "outlet", "polygon": [[0.36, 0.5], [0.44, 0.5], [0.44, 0.9]], "owner": "one works"}
    config = parse_config({"cameras": [{"id": "a", "source": str(clip), "zones": [zone]}]})
    first, again = ([lead_json(lead) for lead in replay([clip], config, BrightBoxDetector())] for _ in range(2))

    assert first == again
    (told,) = map(json.loads, first)
    assert (told["target"]["zone"], told["target"]["name"]) == ("stack", "one works")
    assert (
        told["legal"]["basis"]
        == catalogue().legal_at("V01_STACK_SMOKE", date.fromisoformat(told["first_utc"][:10])).basis
    )
    assert (told["disposition"]["action"], told["disposition"]["reasons"]) == (
        "watch",
        ["not_measured", "unregistered"],
    )
    assert told["measure"]["kind"] == "visible_emission"
    assert {vote["source"] for vote in told["votes"]} == {"model", "physics", "rule"}


def outlet_film(path: Path, seconds: int = 105) -> Path:
    """Write a film of two pictures a second: an outlet before a wall, from 15 s on with black smoke of 60 %."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=2)
        (stream.width, stream.height), stream.pix_fmt = SIZE_WH, "yuv420p"
        stream.codec_context.qmin = stream.codec_context.qmax = 2
        for i in range(2 * seconds):
            image = picture(i / 2, 0.6 if i >= 30 else 0.0, 0.01)
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = i, Fraction(1, 2)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


class BlindDetector(BrightBoxDetector):
    """Finds nothing: what is read above an outlet needs no box."""

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """Return no box."""
        return [Detections.empty() for _ in images]


def test_what_is_measured_at_an_outlet_is_the_same_again(tmp_path: Path) -> None:
    """Grade, opacity, uncertainty, validity, readings, owner, law and why: two runs print the same bytes."""
    film = outlet_film(tmp_path / "outlet.mp4")
    zone = ZONE.model_dump(mode="json") | {"owner": "91110000802100433B", "outlet": "DA001"}
    owner = {"uscc": "91110000802100433B", "name": "热力", "risk": "red", "registry_version": "2026-11"}
    camera = {"id": "a", "source": str(film), "zones": [zone]}
    config = parse_config({"cameras": [camera], "enterprises": [owner]})
    first, again = ([lead_json(lead) for lead in replay([film], config, BlindDetector())] for _ in range(2))

    assert first == again
    (told,) = map(json.loads, first)
    measure = told["measure"]
    assert (told["rule"], told["violation_code"], told["target"]["name"]) == ("stack.grade", "V01_STACK_SMOKE", "热力")
    assert told["disposition"]["reasons"] == ["fast_alarm", "severe", "red_risk"]
    assert measure["opacity_pct"] == pytest.approx(60, abs=4)
    assert measure["opacity_sd_pct"] is not None
    assert (measure["validity"], measure["colour"], measure["grade_limit"]) == ("valid", "black", 1.0)
    assert (measure["readings"], measure["readings_valid"], measure["zone"]) == (6, 6, "DA001")
    assert measure["duration_s"] > 60
    assert told["legal"]["basis"]


OF_THE_SITE = {"lead_id", "schema_", "state", "version", "class_", "place", "camera", "evidence", "node", "model"}
"""What a lead's document tells of the site that filed it; a file has none."""
OF_THE_LOOP = {"timers", "proposal", "handling", "penalty_hint"}
"""What only people and the API say of a lead."""

OTHERWISE_TOLD = {"event": {"first_utc", "first_s", "confirmed_s", "last_s"}, "rule": {"rule", "rule_version"}}
"""What replay tells in other words: in seconds of the file."""


def test_replay_tells_what_the_wall_is_told(clip: Path) -> None:
    """Every field of a lead's document is in replay's JSON, with the same value: a new one must be put there too."""
    zone = {"name": "stack", "kind": "outlet", "polygon": [[0.36, 0.5], [0.44, 0.5], [0.44, 0.9]], "owner": "one works"}
    config = parse_config({"cameras": [{"id": "a", "source": str(clip), "zones": [zone]}]})
    detector = BrightBoxDetector()
    camera = config.cameras[0]
    (lead,) = [lead for step in followed(camera, config, detector) for lead in step.closed]
    (replayed,) = replay([clip], config, detector)
    site = site_of(camera.to_camera(config.stream), camera, config)
    document = lead_document("L20261127-000001", lead, site, Witness(detector.card, detector.runtime, "n"))
    told, wall = json.loads(lead_json(replayed)), document.model_dump(mode="json")

    same = set(LeadDocument.model_fields) - OF_THE_SITE - OF_THE_LOOP - set(OTHERWISE_TOLD)
    assert same <= set(told)
    assert {name: told[name] for name in same} == {name: wall[name] for name in same}
    assert set().union(*OTHERWISE_TOLD.values()) <= set(told)
    assert (told["rule"], told["rule_version"]) == (wall["rule"]["id"], wall["rule"]["version"])
    assert told["first_utc"] == wall["event"]["start"]


def test_one_event_is_one_lead(tmp_path: Path) -> None:
    """A plume that is gone for two minutes and comes back is told once, from its first picture to its last."""
    film = plume_film(tmp_path / "twice.mp4", seconds=160, plumes=((3, 8), (150, 158)))
    (lead,) = replay([film], WorkerConfig(), BrightBoxDetector())

    assert (lead.first_s, lead.confirmed_s, lead.last_s, lead.observations) == (3.0, 4.5, 157.5, 26)


def test_what_is_wrong_with_the_picture_is_found(tmp_path: Path) -> None:
    """A film that freezes is found within a minute, and since when; a sound one has nothing wrong."""
    film = plume_film(tmp_path / "frozen.mp4", seconds=70, plumes=(), frozen_from_s=20)
    (found,) = findings([film], WorkerConfig(), BrightBoxDetector())

    assert (found.fault, found.cleared_s) == ("frozen", None)
    assert 20 <= found.since_s <= found.reported_s <= 60
    assert (
        list(findings([plume_film(tmp_path / "sound.mp4", seconds=40, plumes=())], WorkerConfig(), BrightBoxDetector()))
        == []
    )


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    """A missing file and a text file named .mp4 are each an error that names the file."""
    text = tmp_path / "text.mp4"
    text.write_text("not a film")

    with pytest.raises(NotAVideo, match=r"text\.mp4"):
        list(replay([text], WorkerConfig(), BrightBoxDetector()))
    with pytest.raises(SourceUnavailable, match=r"absent\.mp4"):
        list(replay([tmp_path / "absent.mp4"], WorkerConfig(), BrightBoxDetector()))


@cache
def shipped_detector() -> Detector:
    """Return the shipped model at the threshold that the worker runs it at."""
    return open_detector(Registry.load().model(), threshold=WorkerConfig().detector.candidate_threshold)


def leads_in(name: str) -> list[ReplayLead]:
    """Return the leads that the shipped model and the default rules find in a shared clip."""
    return list(replay([shared_path(f"clips/{name}")], WorkerConfig(), shipped_detector()))


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("name", "seen_by_s"),
    [("arafathosense-fire.mp4", 0.0), ("anuragtimilsina-fire4.mp4", 0.0), ("l0kxh-fire3.mp4", 19.0)],
)
def test_real_fires_are_reported_within_four_seconds(name: str, seen_by_s: float) -> None:
    """House fire, bonfire and petrol station: a lead at most 4 s after the fire is clearly in the picture."""
    leads = leads_in(name)

    assert {"smoke.visible", "fire.visible"} & {lead.rule for lead in leads}
    assert min(lead.confirmed_s for lead in leads) <= seen_by_s + 4.0


@pytest.mark.e2e
@pytest.mark.parametrize(
    "name",
    [
        "andrewssobral-video.avi",
        "babulamani95-forklift3.mp4",
        "blakeblackshear-test_motion_video-1.mp4",
        "blakeblackshear-test_motion_video-2.mp4",
        "briangithinji-traffic.mp4",
        "intel-iot-devkit-car-detection.mp4",
        "roboflow-walking.mp4",
    ],
)
def test_real_scenes_without_smoke_or_fire_give_no_lead(name: str) -> None:
    """Car park, road, pedestrians, hallways, warehouse and market street: nothing is reported."""
    assert leads_in(name) == []


@pytest.mark.e2e
def test_real_fire_gives_the_same_leads_again() -> None:
    """Every value of every lead is equal on a second run over a real clip."""
    first = [asdict(lead) for lead in leads_in("arafathosense-fire.mp4")]

    assert first == [asdict(lead) for lead in leads_in("arafathosense-fire.mp4")]
