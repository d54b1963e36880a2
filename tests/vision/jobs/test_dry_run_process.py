"""Trials: draft zones on a clip, with the analyser that works live."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.vision.films import PLUME, BrightBoxDetector, plume_film
from vision.config.worker import WorkerConfig, parse_config
from vision.jobs.dry_run_process import Far, Found, Picture, Trial, tried
from vision.replay.replay import replay


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a film of 8 s at 10 fps: a still scene, from 3 s on with a plume."""
    return plume_film(tmp_path_factory.mktemp("clips") / "film.mp4")


def trial_of(clip: Path, zones: list[dict[str, object]], *, max_s: float = 60.0) -> Trial:
    """Return zones to be tried on a clip with the default rules."""
    config = parse_config({"cameras": [{"id": "gate-3", "name": "三号门", "source": str(clip), "zones": zones}]})
    return Trial(config.cameras[0], config, "worker-01", max_s)


def test_a_trial_finds_what_a_replay_finds_and_shows_it(clip: Path) -> None:
    """One lead with the replay's times, as it would be filed, in the zone around it; its picture has the plume."""
    around = {"name": "烟囱", "polygon": [[0.2, 0.2], [0.7, 0.2], [0.7, 0.8], [0.2, 0.8]]}
    trial = trial_of(clip, [around])
    messages = list(tried(trial, BrightBoxDetector()))
    (replayed,) = replay([clip], trial.config, BrightBoxDetector())
    (found,) = [message for message in messages if isinstance(message, Found)]
    assert (replayed.first_s, replayed.confirmed_s, replayed.last_s, replayed.peak.s) == (
        found.lead.first_s,
        found.lead.confirmed_s,
        found.lead.last_s,
        found.lead.peak_s,
    )
    lead = found.lead.lead
    assert (lead.rule.id, lead.measure.zone, lead.camera.name, lead.node) == (
        "smoke.visible",
        "烟囱",
        "三号门",
        "worker-01",
    )
    (picture,) = [message for message in messages if isinstance(message, Picture)]
    image = cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    left, top, right, bottom = PLUME
    assert (picture.number, image.shape, image[top:bottom, left:right].std() > 30) == (0, (180, 320, 3), True)
    assert messages[-1] == Far(7.5, (320, 180), is_cut=False, is_done=True)


def test_a_mask_in_the_draft_silences_what_lies_in_it(clip: Path) -> None:
    """The same clip, a mask drawn over the plume: no lead, and it was looked at to its end."""
    mask = {"name": "m", "kind": "mask", "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]]}
    messages = list(tried(trial_of(clip, [mask]), BrightBoxDetector()))
    assert [message for message in messages if not isinstance(message, Far)] == []
    assert [message.analysed_s for message in messages if isinstance(message, Far)] == sorted(
        message.analysed_s for message in messages if isinstance(message, Far)
    )


def test_a_long_clip_is_cut_and_says_so(clip: Path) -> None:
    """Of 8 s at most 4 are looked at: the plume of 3 s is not confirmed by then."""
    *_, last = tried(trial_of(clip, [], max_s=4.0), BrightBoxDetector())
    assert last == Far(4.0, (320, 180), is_cut=True, is_done=True)


def test_the_same_clip_gives_the_same_messages(clip: Path) -> None:
    """Two trials of the same draft are equal to the last byte."""
    config = WorkerConfig().with_sources([str(clip)])
    trial = Trial(config.cameras[0], config, "worker-01", 60.0)
    assert list(tried(trial, BrightBoxDetector())) == list(tried(trial, BrightBoxDetector()))
