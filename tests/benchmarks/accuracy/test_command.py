"""Accuracy of single pictures, on a handful whose figures can be counted by hand."""

import pytest

from tests.benchmarks.looks import FIRE, SMOKE, A, B, C, figures, look

LOOKS = (
    look("web_1", ((SMOKE, A),), ((SMOKE, 0.9, A),)),
    look("web_2", ((SMOKE, A), (FIRE, B)), ((FIRE, 0.8, B), (SMOKE, 0.7, B), (SMOKE, 0.3, A))),
    look("fog_1", (), ((SMOKE, 0.6, A),)),
    look("fog_2", (), ((SMOKE, 0.4, A),)),
    look("rain_1"),
)


def test_figures_by_hand() -> None:
    """
    Smoke, by falling confidence: right 0.9, wrong 0.7, 0.6 and 0.4, right 0.3, of two labels; fire: one of one.

    At 0.5: boxes 0.9 and 0.8 are right, 0.7 and 0.6 wrong, one label is missed.
    """
    found = figures(*LOOKS)

    smoke = (51 * 1 + 50 * 2 / 5) / 101
    assert found.classes["smoke"].ap50.value == pytest.approx(smoke, abs=1e-5)
    assert found.classes["fire"].ap50.value == 1.0
    assert found.map50.value == pytest.approx((smoke + 1) / 2, abs=1e-5)
    assert found.map50_95.value == pytest.approx((smoke + 1) / 2, abs=1e-5), "boxes are exact: the same at every IoU"
    assert (found.precision.hits, found.precision.count) == (2, 4)
    assert (found.recall.hits, found.recall.count) == (2, 3)
    assert (found.image_recall.hits, found.image_recall.count) == (2, 2)
    assert (found.false_alarms.hits, found.false_alarms.count) == (1, 3)
    assert {name: (one.hits, one.count) for name, one in found.look_alikes.items()} == {"fog": (1, 2), "rain": (0, 1)}
    assert list(found.groups) == ["web"]
    assert (found.groups["web"].images, found.groups["web"].boxes) == (2, 3)


def test_too_few_pictures_have_no_interval() -> None:
    """Resampling two pictures would pretend to know something: the interval is everything."""
    found = figures(*LOOKS)

    assert (found.map50.low, found.map50.high) == (0.0, 1.0)


def test_many_pictures_have_an_interval_around_the_figure() -> None:
    """Half of forty pictures right: the interval holds the figure and is neither a point nor everything."""
    looks = [look(f"web_{n}", ((SMOKE, A),), ((SMOKE, 0.9, A if n % 2 else B),)) for n in range(40)]
    found = figures(*looks).map50

    assert found.value is not None
    assert 0.1 < found.low < found.value < found.high < 0.9


def test_held_out_pictures_count_in_their_groups_only() -> None:
    """A held-out picture changes no headline figure."""
    held = look("distant_1", ((SMOKE, A),), ((SMOKE, 0.9, B),), group="distant_held", is_held=True)
    street = look("streets_1", (), ((FIRE, 0.9, A),), group="streets_held", is_held=True)
    plain, more = figures(*LOOKS), figures(*LOOKS, held, street, streets=1)

    assert plain.map50 == more.map50
    assert plain.false_alarms == more.false_alarms
    assert (more.data.images, more.data.held_images, more.data.street_images) == (5, 1, 1)
    assert more.groups["distant_held"].map50.value == 0.0
    assert more.look_alikes["streets_held"].hits == 1


def test_no_pictures_at_all_give_no_figures() -> None:
    """Without anything to look at there is no value, and no division by zero."""
    found = figures()

    assert found.map50.value is None
    assert found.false_alarms.value is None
    assert found.sweep[0].f1 is None


def test_sizes_are_those_of_a_picture_640_long() -> None:
    """A box of 40 px in a picture 1280 long is 20 px: small; larger boxes neither help nor harm it."""
    small, large = (100.0, 100.0, 140.0, 140.0), (400.0, 400.0, 800.0, 800.0)
    one = look(
        "web_1",
        ((SMOKE, small), (SMOKE, large)),
        ((SMOKE, 0.9, large), (SMOKE, 0.8, small), (SMOKE, 0.7, (900.0, 0.0, 1270.0, 380.0))),
        size_wh=(1280, 960),
    )
    sizes = figures(one).sizes

    assert {name: size.boxes for name, size in sizes.items()} == {"small": 1, "medium": 0, "large": 1}
    assert sizes["small"].map50.value == 1.0
    assert sizes["medium"].map50.value is None
    assert sizes["large"].map50.value == 1.0, "the wrong box comes after the right one"


def test_what_ships_is_measured_with_its_own_nms() -> None:
    """Two boxes of one plume that overlap by 0.6: one at work, two in the curve."""
    near = (100.0, 100.0, 300.0, 250.0)
    one = look("web_1", ((SMOKE, A),), ((SMOKE, 0.9, A), (SMOKE, 0.8, near)))
    found = figures(one)

    assert (found.precision.hits, found.precision.count) == (1, 1)
    assert len(found.classes["smoke"].curve.recall) == 1
    assert (figures(one, nms_iou=0.9).precision.count) == 2


def test_the_sweep_holds_the_threshold_at_work_and_falls_with_it() -> None:
    """Raising the threshold never adds a false alarm or a found label."""
    rows = figures(*LOOKS, threshold=0.42).sweep

    assert 0.42 in [row.threshold for row in rows]
    for name in ("recall", "image_recall", "false_alarms"):
        hits = [getattr(row, name).hits for row in rows]
        assert hits == sorted(hits, reverse=True)


def test_worst_mistakes_come_first() -> None:
    """The surest box where nothing is; the largest label that nothing of its class touches."""
    looks = (*LOOKS, look("web_3", ((FIRE, C),)), look("web_4", ((FIRE, A),), ((SMOKE, 0.9, A),)))
    mistakes = figures(*looks).mistakes

    assert [(one.name, one.confidence) for one in mistakes.false_alarms] == [("fog_1", 0.6), ("fog_2", 0.4)]
    assert [(one.name, one.class_name) for one in mistakes.misses] == [
        ("web_2", "smoke"),
        ("web_4", "fire"),
        ("web_3", "fire"),
    ]
