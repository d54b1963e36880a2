"""Box agreement: how boxes found again in a package's clip agree with those recorded live."""

from dataclasses import dataclass

from models.detections import Detections
from models.detector import ModelCard
from models.parity import pair_up
from vision.evidence.recorded_pictures import Shown


@dataclass(frozen=True, slots=True)
class BoxAgreement:
    """
    Boxes found again against those recorded, on the same pictures.

    Attributes:
        pictures: compared.

        missing: recorded pictures that the clip does not show.

        recorded, found: boxes of each.

        matched: pairs of one class that overlap.

        confidence: largest difference of confidence within a pair.

        lone: largest confidence of a box without a partner, on either side; 0 where there is none.
    """

    pictures: int
    missing: int
    recorded: int
    found: int
    matched: int
    confidence: float
    lone: float


class BoxCounter:
    """Counts how boxes found again agree with those recorded."""

    def __init__(self, card: ModelCard) -> None:
        self._names = card.class_names
        self._pictures = self._recorded = self._found = self._matched = 0
        self._confidence = self._lone = 0.0

    def add(self, shown: Shown, found: Detections) -> None:
        """Count one picture's boxes, those found again in pixels of the stream's own picture."""
        recorded = shown.recorded.detections(self._names)
        self._pictures += 1
        self._recorded += len(recorded)
        self._found += len(found)
        pairs, alone = pair_up(recorded, found, 0.0)
        self._matched += len(pairs)
        differences = (abs(float(recorded.confidence[row] - found.confidence[other])) for row, other in pairs)
        self._confidence = max([self._confidence, *differences])
        self._lone = max(self._lone, *alone)

    def agreement(self, pictures: int) -> BoxAgreement:
        """Return the counts, of `pictures` that were recorded."""
        return BoxAgreement(
            pictures=self._pictures,
            missing=pictures - self._pictures,
            recorded=self._recorded,
            found=self._found,
            matched=self._matched,
            confidence=round(self._confidence, 4),
            lone=round(self._lone, 4),
        )
