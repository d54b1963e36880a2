"""Re-verification: a package's own clip gives the verdict that the package states, or the answer says what differs."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from api.contract.evidence.package import PackageError
from models.detections import Detections
from models.detector import Detector, UnknownModelError, WeightsError
from models.network import Head
from models.registry import RegisteredModel, Registry
from streams.camera import Pace
from streams.decoding.decode import FrameDecoder
from streams.ring import PacketRing
from streams.source import AvSource
from streams.timing.clock import StreamClock
from tests.vision.films import BrightBoxDetector, plume_film
from tests.vision.moments import CARD
from vision.analysis.analyser import CameraAnalyser
from vision.config.worker import WorkerConfig
from vision.evidence.cases import CaseStore
from vision.evidence.clips import RingClips
from vision.evidence.effective_config import in_force
from vision.evidence.lead_document import Site, Witness
from vision.evidence.node import NodeIdentity
from vision.evidence.outbox import Outbox
from vision.evidence.package_files import DetectionLog
from vision.leads.lead import CloseReason, Lead
from vision.replay.reverify import Reverification, reverify
from vision.scene.look import in_source, looking


class Blind(BrightBoxDetector):
    """A detector that has gone blind."""

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """Return nothing."""
        return [Detections.empty() for _ in images]


class Unsure(BrightBoxDetector):
    """A detector that is less sure than the one that made the package."""

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """Return the same boxes with less confidence."""
        return [replace(found, confidence=found.confidence - 0.1) for found in super().detect(images)]


def known(weights_sha256: str = CARD.weights_sha256, *, is_retired: bool = False) -> Registry:
    """Return a registry of one model with those weights, in force or retired; its file is not there."""
    card = replace(CARD, weights_sha256=weights_sha256)
    model = RegisteredModel(card, Path("none.onnx"), Path("none"), Head.V8, 0.5, "none", "in a test")
    if not is_retired:
        return Registry({"test": model}, "test")
    return Registry({}, "test", (replace(model, is_retired=True, commit="3fdcf62"),))


def judged(package: Path, maker: type[Detector], registry: Registry, weights: Path | None = None) -> Reverification:
    """Return the package judged again by a detector of the tests."""
    return reverify(package, registry, weights=weights, opener=lambda *_, **__: maker())


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of the film's lead, made as a worker makes it: seen at 3 s, confirmed at 4.5 s."""
    folder = tmp_path_factory.mktemp("node")
    film = plume_film(folder / "film.mp4")
    config = WorkerConfig.for_sources([str(film)])
    detector = BrightBoxDetector()
    camera = looking(config.cameras[0].to_camera(config.stream), detector.card)
    settings = replace(camera.settings, pace=Pace.FREE)
    ring, log = PacketRing(60, 96 << 20), DetectionLog(60)
    analyser = CameraAnalyser.for_camera(config.cameras[0], config, detector.card)
    decoder = FrameDecoder(settings.analysis_fps, look_px=settings.look_px)
    leads: list[Lead] = []
    for packet in AvSource(replace(camera, settings=settings), StreamClock()).packets():
        ring.append(packet)
        for frame in decoder.decode(packet):
            found = in_source(frame, detector.detect([frame.image])[0])
            log.append(frame.time, found)
            leads += [change.lead for change in analyser.observe(frame, found)]
    leads += [change.lead for change in analyser.end(CloseReason.SHUTDOWN)]
    confirmed = next(lead for lead in leads if lead.confirmed is not None)
    node = NodeIdentity.open(folder / "identity", "worker-01")
    outbox = Outbox(folder / "outbox")
    store = CaseStore(folder / "cases", node, outbox)
    witness = Witness(detector.card, detector.runtime, node.name, in_force(config, config.cameras[0]))
    site = Site(camera)
    case = store.open_case(confirmed, site, witness, RingClips(ring), log, pre_roll_s=3, post_roll_s=3)
    store.finish_case(case, leads[-1], RingClips(ring), log)
    node.close()
    return outbox.entries()[0].package


@pytest.fixture(scope="module")
def answer(package: Path) -> Reverification:
    """The package judged again by the detector that made it."""
    return judged(package, BrightBoxDetector, known())


def test_the_same_detector_gives_the_same_verdict(answer: Reverification) -> None:
    """Every recorded picture is found in the clip, every box again, and the lead is confirmed at the same time."""
    assert (answer.differences, answer.remarks) == ((), ())
    assert answer.found == answer.recorded
    assert answer.boxes.pictures > 8
    assert answer.boxes.missing == 0
    assert answer.boxes.recorded == answer.boxes.found == answer.boxes.matched > 4
    assert (answer.boxes.confidence, answer.boxes.lone) == (0, 0)


def test_it_is_the_same_every_time(package: Path, answer: Reverification) -> None:
    """Judging again is a function of the package."""
    assert judged(package, BrightBoxDetector, known()) == answer


def test_a_detector_that_sees_nothing_is_another_verdict(package: Path) -> None:
    """It says that nothing is confirmed, and how sure the boxes were that are not found again."""
    answer = judged(package, Blind, known())

    assert answer.found is None
    assert not answer.is_same
    assert "nothing is confirmed" in answer.differences[0]
    assert answer.boxes.lone == 0.75


def test_other_confidences_are_remarked(package: Path) -> None:
    """The verdict is the same, but boxes differ by more than engines do."""
    answer = judged(package, Unsure, known())

    assert answer.is_same
    assert [remark for remark in answer.remarks if "differs by 0.100" in remark]


def test_unknown_weights_are_named(package: Path) -> None:
    """Without the recorded weights nothing is judged: the answer names them."""
    with pytest.raises(UnknownModelError, match=CARD.weights_sha256):
        judged(package, BrightBoxDetector, known("1" * 64))


def test_weights_of_a_retired_model_are_asked_for(package: Path, tmp_path: Path) -> None:
    """Without its file the sentence says which file, its hash and where it is; with one the package is judged."""
    registry = known(is_retired=True)
    where = f"{CARD.weights_sha256}, stand in the project's git history at commit 3fdcf62 under models/weights/retired/"
    with pytest.raises(WeightsError, match=f"{registry.retired[0].title}, .*{where}none.onnx; give them by --weights"):
        judged(package, BrightBoxDetector, registry)
    assert judged(package, BrightBoxDetector, registry, weights=tmp_path / "old.onnx").is_same


def test_a_tampered_package_is_not_judged(package: Path, tmp_path: Path) -> None:
    """A package that does not verify proves nothing."""
    copy = tmp_path / package.name
    shutil.copytree(package, copy) if package.is_dir() else shutil.unpack_archive(package, tmp_path, filter="data")
    folder = next(path for path in tmp_path.iterdir() if path.is_dir())
    lines = (folder / "detections.jsonl").read_bytes().splitlines()
    changed = json.loads(lines[-1]) | {"boxes": []}
    (folder / "detections.jsonl").write_bytes(b"\n".join([*lines[:-1], json.dumps(changed).encode()]) + b"\n")

    with pytest.raises(PackageError, match="does not verify"):
        judged(folder, BrightBoxDetector, known())
