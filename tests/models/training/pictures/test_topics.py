"""Images labelled for one topic only."""

from pathlib import Path

import numpy as np
import pytest

from models.training.pictures.dataset import IGNORED, DatasetError, Sample
from models.training.pictures.repair import Sightings
from models.training.pictures.topics import taught, unanswered

CLASSES = ("person", "car", "garbage")
TOPICS = {"traffic": ("person", "car"), "litter": ("garbage",)}


def sample(topic: str, *, split: str = "train") -> Sample:
    box = np.array([[0.1, 0.1, 0.3, 0.3]], np.float32)
    return Sample(topic, split, Path("x.png"), box, np.array([2 if topic == "litter" else 1], np.int64), topic)


def test_classes_of_other_topics_are_ignored_all_over_the_image() -> None:
    """A picture of litter says nothing about people and cars; it still says where its litter is."""
    (item,) = unanswered([sample("litter")], CLASSES, TOPICS)
    assert item.class_id.tolist() == [2, IGNORED + 0, IGNORED + 1]
    assert item.xyxy[1:].tolist() == [[0, 0, 1, 1]] * 2
    assert not item.is_negative


@pytest.mark.parametrize(
    ("topic", "topics"), [("machines", TOPICS), ("litter", TOPICS | {"night": ("lamp",)})], ids=["topic", "class"]
)
def test_what_nobody_declared_is_refused(topic: str, topics: dict[str, tuple[str, ...]]) -> None:
    """An unknown topic would train on labels of unknown meaning; an unknown class is a slip of the pen."""
    with pytest.raises(DatasetError, match=r"machines|lamp"):
        unanswered([sample(topic)], CLASSES, topics)


def test_a_teacher_answers_for_the_classes_it_knows() -> None:
    """Clear sightings become labels, doubtful ones small ignored regions, and the open class is closed by both."""
    seen = Sightings(
        np.array([[0.5, 0.5, 0.6, 0.6], [0.7, 0.7, 0.8, 0.8], [0, 0, 0.1, 0.1]], np.float32),
        np.array([0.8, 0.3, 0.9], np.float32),
        np.array([0, 0, 2], np.int64),
    )
    (opened,) = unanswered([sample("litter")], CLASSES, TOPICS)
    (item,) = taught([opened], {"litter": seen}, [0], add=0.5, ignore=0.2)
    assert item.class_id.tolist() == [2, IGNORED + 1, 0, IGNORED + 0]
    np.testing.assert_allclose(item.xyxy[2:], seen.xyxy[:2])


def test_a_teacher_never_touches_validation_or_what_it_has_not_seen() -> None:
    """Validation labels stay as published; an image without an answer stays open."""
    held = unanswered([sample("litter", split="val"), sample("litter")], CLASSES, TOPICS)
    nothing = Sightings(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64))
    assert taught(held[:1], {"litter": nothing}, [0], add=0.5, ignore=0.2) == held[:1]
    assert taught(held[1:], {}, [0], add=0.5, ignore=0.2) == held[1:]
