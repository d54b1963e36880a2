"""
Sight: whether a camera's key frames give pictures by themselves, as a patrol needs it.

Those of a camera that refreshes line by line (intra refresh) give none, and such a camera is watched in focus. Damaged
ones, packets lost for some seconds, give none either: so it is tried again, now and then, whether they do.
"""

BLIND = 3
"""So many key frames in a row that give no picture: they are taken for those of intra refresh."""

TRIAL_FIRST = 30
"""
After so many more key frames one is tried by itself again: a camera in focus costs ten times as much as on patrol. A
trial costs a camera that does refresh line by line its pictures of one refresh: the number doubles with each that fails
"""

TRIAL_MOST = 300
"""up to this, ten minutes with a key frame every 2 s."""


class Sight:
    """What a camera's key frames have given so far. Not thread-safe but for `is_blind`."""

    def __init__(self) -> None:
        self._without = 0
        self._untried = 0
        self._trial_after = TRIAL_FIRST

    @property
    def is_blind(self) -> bool:
        """Whether key frames by themselves show nothing."""
        return self._without >= BLIND

    def note_alone(self, *, gives: bool) -> None:
        """Take in whether a key frame that was decoded by itself gave a picture."""
        self._without = 0 if gives else self._without + 1
        if gives:
            self._trial_after = TRIAL_FIRST

    def note_key_frame(self) -> None:
        """Take in that a key frame has come, and doubt the blindness where it is time for a trial."""
        if not self.is_blind:
            return
        self._untried += 1
        if self._untried >= self._trial_after:
            self.doubt()
            self._trial_after = min(2 * self._trial_after, TRIAL_MOST)

    def doubt(self) -> None:
        """Let one key frame decide anew: it is time for a trial, or the stream is another one from now on."""
        self._without = min(self._without, BLIND - 1)
        self._untried = 0
