"""A camera that shows another view, or the same in another light, confirms again within seconds."""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from models.detections import Detections
from models.detector import ModelCard, Runtime
from streams.frame import BgrImage
from tests.vision.faults import FAULTS, YARD, grain, yard
from tests.vision.films import PLUME
from tests.vision.moments import CARD, boxes, flaming, flickering, frame, moment
from vision.analysis.analyser import CameraAnalyser
from vision.config.worker import WorkerConfig, parse_config
from vision.confirm.classifier import ClassWeights, TrackClassifier
from vision.confirm.features import FEATURES
from vision.leads.lead import WorkerLeadState
from vision.replay.replay import findings, replay
from vision.scene.health import PictureFault

CHANGE_S = 30.0
WITHIN_S = 15.0
SURE = TrackClassifier("test", 0.5, {name: ClassWeights(9.0, np.zeros(len(FEATURES))) for name in CARD.class_names})
PLACE = np.asarray(YARD // 2, np.uint8)
"""A yard with dark shadows, before any change."""
CHANGES: Mapping[str, Callable[[int], BgrImage]] = MappingProxyType(
    {
        "cut": lambda n: grain(yard(77), n),
        "turned": lambda n: FAULTS["turned"](n) // 2,
        "darker": lambda n: grain((PLACE * 0.2).astype(np.uint8), n, 0.5),
        "veiled": lambda n: grain((PLACE * 0.7 + 80).astype(np.uint8), n),
    }
)
"""The picture of a number after each change of view or light."""


def burning(image: BgrImage, seconds: float, class_name: str = "fire") -> BgrImage:
    """Return a picture in which it burns or smokes at `PLUME`."""
    left, top, right, bottom = PLUME
    shown = (flaming if class_name == "fire" else flickering)(seconds, PLUME)
    image = image.copy()
    image[top:bottom, left:right] = shown[top:bottom, left:right]
    return image


def confirmed_s(a: CameraAnalyser, change: str, class_name: str, begins_s: float) -> float | None:
    """
    Return how long after a change of view or light a lead is confirmed of what `begins_s` after it.

    Pictures come as on patrol, and as in focus once there is a sign.
    """
    seconds, found = 0.0, boxes((class_name, 0.9, PLUME))
    while seconds < CHANGE_S + 2 * WITHIN_S:
        number, burns = int(2 * seconds), seconds >= CHANGE_S + begins_s
        image = CHANGES[change](number) if seconds >= CHANGE_S else grain(PLACE, number)
        image = burning(image, seconds, class_name) if burns else image
        changes = a.observe(frame(image, moment(seconds)), found if burns else Detections.empty())
        if any(one.lead.state is WorkerLeadState.CONFIRMED for one in changes):
            return seconds - CHANGE_S
        seconds += 2.0 if a.sign is None else 0.5
    return None


@pytest.mark.parametrize("belief", [None, SURE], ids=["k of n", "belief"])
@pytest.mark.parametrize("begins_s", [0.0, 8.0])
@pytest.mark.parametrize("class_name", CARD.class_names)
@pytest.mark.parametrize("change", sorted(CHANGES))
def test_sure_boxes_confirm_within_seconds_of_a_change_of_view(
    change: str, class_name: str, begins_s: float, belief: TrackClassifier | None
) -> None:
    """Whether the camera was turned, the film was cut or its exposure jumped: 15 s later what is sure is a lead."""
    config = parse_config({"cameras": [{"id": "cam", "source": "x.mp4"}]})
    a = CameraAnalyser.for_camera(config.cameras[0], config, CARD, belief)

    after_s = confirmed_s(a, change, class_name, begins_s)
    assert after_s is not None
    assert after_s <= WITHIN_S


def test_a_lead_of_the_view_before_is_over() -> None:
    """What burned there is not seen any more, and its track does not go on in another place."""
    config = parse_config({"cameras": [{"id": "cam", "source": "x.mp4"}]})
    a = CameraAnalyser.for_camera(config.cameras[0], config, CARD)
    told = []
    for number in range(100):
        image = grain(YARD if number < 60 else yard(77), number)
        changes = a.observe(
            frame(burning(image, number / 2) if number < 60 else image, moment(number / 2)),
            boxes(("fire", 0.9, PLUME)) if 40 <= number < 60 else Detections.empty(),
        )
        told += [(one.lead.state.value, one.lead.reason, number) for one in changes]
    assert [(state, reason) for state, reason, _ in told] == [
        ("candidate", None),
        ("confirmed", None),
        ("closed", "unsighted"),
    ]
    assert 60 < told[-1][2] <= 80


class Redness:
    """Finds fire where `PLUME` is red."""

    @property
    def card(self) -> ModelCard:
        """The test card."""
        return CARD

    @property
    def runtime(self) -> Runtime:
        """No engine."""
        return Runtime("none", "0", "none", "none")

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """Return one box for each picture in which it burns."""
        left, top, right, bottom = PLUME
        means = [image[top:bottom, left:right].reshape(-1, 3).mean(axis=0) for image in images]
        return [boxes(("fire", 0.9, PLUME)) if mean[2] > mean[0] + 40 else Detections.empty() for mean in means]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a film of 60 s, cut after half of it to another place in which it burns from then on."""
    path = tmp_path_factory.mktemp("films") / "cut.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=4)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.codec_context.qmin = stream.codec_context.qmax = 2
        for number in range(240):
            image = grain(YARD, number) if number < 120 else burning(grain(yard(77), number), number / 4)
            picture = av.VideoFrame.from_ndarray(image, format="bgr24")
            picture.pts, picture.time_base = number, Fraction(1, 4)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


def test_a_fire_after_a_cut_is_a_lead_of_the_replay(film: Path) -> None:
    """It is confirmed within 15 s of the cut, and the cut is a finding since then that is not over at the end."""
    [lead] = replay([film], WorkerConfig(), Redness())
    assert lead.confirmed_s is not None
    assert 30 <= lead.confirmed_s <= 30 + WITHIN_S

    [found] = findings([film], WorkerConfig(), Redness())
    assert (found.fault, found.since_s, found.cleared_s) == (PictureFault.MOVED, 30.0, None)
