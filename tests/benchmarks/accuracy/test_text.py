"""The figures at the terminal, and which threshold they are of."""

from benchmarks.accuracy.deciders import candidate_threshold, shipped_threshold
from benchmarks.accuracy.text import accuracy_text
from tests.benchmarks.looks import SMOKE, A, figures, look
from tests.benchmarks.results import result


def test_false_alarms_at_the_threshold_and_where_the_rules_begin() -> None:
    """Two fogs alarm at the candidate threshold, one at the model's; both lines say of which they are."""
    fogs = [look(f"fog_{n}", (), ((SMOKE, sure, A),)) for n, sure in enumerate((0.05, 0.2, 0.6))]
    made = result(1, of=1, threshold=0.5)
    shown = accuracy_text(made.model_copy(update={"images": figures(*fogs, threshold=0.5)})).splitlines()
    alarms = [line.split(";")[0] for line in shown if line.startswith("  false alarms")]
    assert candidate_threshold() < shipped_threshold() < 0.5
    assert alarms == [
        "  false alarms          0.333 (1 of 3",
        f"  false alarms at {candidate_threshold():g}   0.667 (2 of 3",
    ]
    assert "  at threshold 0.5, each picture by itself:" in shown
    assert "threshold" not in shown[0]
