"""Sight: damaged key frames look like those of intra refresh, and are not taken for them for ever."""

from streams.decoding.sight import BLIND, TRIAL_FIRST, TRIAL_MOST, Sight


def blind() -> Sight:
    """The sight of a camera whose key frames gave nothing."""
    sight = Sight()
    for _ in range(BLIND):
        sight.note_alone(gives=False)
    return sight


def trials(sight: Sight, key_frames: int) -> list[int]:
    """The key frames, counted from 1, that were tried by themselves in vain."""
    tried = []
    for number in range(1, key_frames + 1):
        sight.note_key_frame()
        if not sight.is_blind:
            tried.append(number)
            sight.note_alone(gives=False)
    return tried


def test_a_camera_is_taken_to_see_until_it_does_not() -> None:
    """Two key frames without a picture say nothing, and one with a picture makes good for them."""
    sight = Sight()
    assert not sight.is_blind
    for gives in (False, False, True, False, False):
        sight.note_alone(gives=gives)
        assert not sight.is_blind


def test_trials_become_rarer_and_never_end() -> None:
    """Each that fails doubles the number of key frames up to the next, within a bound."""
    tried = trials(blind(), 30 + 60 + 120 + 240 + 300 + 300)
    assert (TRIAL_FIRST, TRIAL_MOST) == (30, 300)
    assert tried == [30, 90, 210, 450, 750, 1050]


def test_a_trial_that_succeeds_ends_the_blindness() -> None:
    """The next blindness is doubted as soon as the first was."""
    sight = blind()
    trials(sight, 90)
    sight.doubt()
    sight.note_alone(gives=True)
    for _ in range(BLIND):
        sight.note_alone(gives=False)
    assert trials(sight, 60)[0] == 30


def test_a_stream_lost_again_and_again_is_doubted_once() -> None:
    """Attempts that fail to open it say nothing of its key frames: one more without a picture is enough."""
    sight = blind()
    for _ in range(5):
        sight.doubt()
    assert not sight.is_blind
    sight.note_alone(gives=False)
    assert sight.is_blind
