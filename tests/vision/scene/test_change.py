"""Change: signs and lamps stay as they are, smoke and fire do not."""

import cv2
import numpy as np

from streams.frame import BgrImage
from tests.vision.moments import flickering, moment, still_image
from vision.scene.change import BoxChange, PictureChange

BOX = (100, 60, 160, 120)


def noisy(image: BgrImage, seed: int, sigma: float) -> BgrImage:
    """Return the picture with noise as a camera or a codec adds it."""
    noise = np.random.default_rng(seed).normal(0, sigma, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def test_one_picture_tells_nothing() -> None:
    """Before there is a second picture nothing has changed."""
    assert BoxChange(still_image(), BOX, moment(0)).ratio == 0.0


def test_noise_is_not_change() -> None:
    """A still scene under sensor noise stays below the noise ratio of 1.5 that the rules ask for."""
    change = BoxChange(noisy(still_image(), 0, 6), BOX, moment(0))
    for i in range(1, 20):
        change.observe(noisy(still_image(), i, 6), moment(i / 2))

        assert change.ratio < 1.5


def test_flames_change() -> None:
    """Pixels that are others every time are seen at once."""
    change = BoxChange(flickering(0, BOX), BOX, moment(0))
    change.observe(flickering(0.5, BOX), moment(0.5))

    assert change.ratio > 10


def test_a_lamp_that_comes_on_has_changed() -> None:
    """It differs from the first picture ever after."""
    on = still_image()
    on[BOX[1] : BOX[3], BOX[0] : BOX[2]] += 100
    change = BoxChange(still_image(), BOX, moment(0))
    for i in range(1, 8):
        change.observe(noisy(still_image() if i < 2 else on, i, 2), moment(i / 2))

    assert change.ratio > 10


def test_brighter_light_is_not_change() -> None:
    """A sign under a cloud that passes is still a sign: what the surroundings do too does not count."""
    change = BoxChange(still_image(), BOX, moment(0))
    for i in range(1, 10):
        change.observe((still_image() + 3 * i).astype(np.uint8), moment(i / 2))

    assert change.ratio < 1.5


def test_somebody_who_walks_past_a_sign_does_not_make_it_smoke() -> None:
    """One picture among five in which the box is covered does not count."""
    change = BoxChange(still_image(), BOX, moment(0))
    for i in range(1, 10):
        image = still_image()
        if i == 5:
            image[:] = 0
        change.observe(image, moment(i / 2))

        assert change.ratio < 1.5


def test_slow_dusk_does_not_add_up() -> None:
    """Compared is a picture at most a minute old: a sign that loses contrast over an hour is still a sign."""
    sign = still_image().astype(np.float64)
    sign[BOX[1] : BOX[3], BOX[0] : BOX[2]] += 80
    change = BoxChange(sign.astype(np.uint8), BOX, moment(0))
    worst = 0.0
    for second in range(1, 1800, 5):
        image = sign.copy()
        image[BOX[1] : BOX[3], BOX[0] : BOX[2]] -= 40 * second / 3600
        change.observe(image.astype(np.uint8), moment(second))
        worst = max(worst, change.ratio)

    assert worst < 1.5


def test_a_new_beginning_forgets() -> None:
    """After the camera turned, what the box was before does not count."""
    change = BoxChange(still_image(), BOX, moment(0))
    change.observe(flickering(1, BOX), moment(1))
    change.begin_anew(flickering(1, BOX), moment(1))

    assert change.ratio == 0.0


def test_boxes_at_the_edge_or_as_large_as_the_picture_can_be_watched() -> None:
    """A box without surroundings, a box without area and one outside the picture raise nothing."""
    for box in [(0, 0, 320, 180), (319, 179, 320, 180), (10, 10, 10, 10), (-5, -5, 400, 2)]:
        change = BoxChange(still_image(), box, moment(0))
        change.observe(still_image(), moment(1))

        assert change.ratio == 0.0


def test_a_switch_to_infra_red_is_a_change_of_the_whole_picture() -> None:
    """The picture after the switch stands out; the ones before and after do not."""
    picture = PictureChange()
    day = [picture.observe(noisy(still_image(), i, 5)) for i in range(5)]
    night = [picture.observe(noisy(still_image() // 3, i, 5)) for i in range(5)]

    assert (day, night) == ([False] * 5, [True, False, False, False, False])


def test_a_camera_that_always_shakes_is_steady() -> None:
    """Where every picture differs from the last one, none stands out, and fires can still be confirmed."""
    picture = PictureChange()
    rng = np.random.default_rng(3)
    pictures = rng.integers(0, 255, (9, 18, 32, 3), np.uint8).repeat(10, axis=1).repeat(10, axis=2)
    verdicts = [picture.observe(image) for image in pictures]

    assert verdicts[1:] == [True] + [False] * 7


def swung(image: BgrImage, seconds: float, most_px: float) -> BgrImage:
    """Return the picture as a mast that swings shows it."""
    x, y = np.random.default_rng(int(seconds * 10)).uniform(-most_px, most_px, 2)
    matrix = np.array([[1.0, 0.0, x], [0.0, 1.0, y]])
    size_wh = (image.shape[1], image.shape[0])
    return np.asarray(cv2.warpAffine(image, matrix, size_wh, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def test_a_sign_that_swings_with_its_camera_does_not_change() -> None:
    """Edges of a sign swing to and fro: compared pixel by pixel they change, beyond a shake they do not."""
    sign = np.full((180, 320, 3), 120, np.uint8)
    sign[70:110, 110:150] = 230
    plainly, shaken = (BoxChange(sign, BOX, moment(0)) for _ in range(2))
    for number in range(1, 10):
        image = noisy(swung(sign, number / 2, 1.2), number, 1.0)
        plainly.observe(image, moment(number / 2))
        shaken.observe(image, moment(number / 2), is_shaken=True)
    assert plainly.ratio > 1.5
    assert shaken.ratio < 1.5


def test_smoke_before_a_camera_that_swings_changes() -> None:
    """Though clouds drive behind it, which change as much as it does."""
    column = np.arange(320)
    change = None
    for number in range(10):
        sky = 150 + 20 * np.sin((column + 6.0 * number) / 25)
        image = np.tile(sky[None, :, None], (180, 1, 3)).astype(np.uint8)
        if number:
            image[60:120, 110:150] = 100
        image = swung(image, number / 2, 1.2)
        if change is None:
            change = BoxChange(image, BOX, moment(0))
        else:
            change.observe(image, moment(number / 2), is_shaken=True)
    assert change is not None
    assert change.ratio > 3
