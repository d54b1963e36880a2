"""Two results side by side: what is chance, what is not, and what counts as a regression."""

import json
from pathlib import Path

import pytest

from benchmarks.accuracy.result import AccuracyResult, read_result
from benchmarks.compare import Verdict, compare, figures
from benchmarks.errors import BenchmarkError
from tests.benchmarks.results import result


def verdicts(before: AccuracyResult, after: AccuracyResult) -> dict[str, Verdict]:
    """Return the verdict on each figure."""
    return {one.after.key: one.verdict for one in compare(before, after).differences}


def test_a_result_does_not_differ_from_itself() -> None:
    """No difference is clear, and nothing is worse."""
    one = result(30, alarms=2)

    assert set(verdicts(one, one).values()) == {Verdict.WITHIN}
    assert compare(one, one).regressions() == []


def test_a_clear_loss_is_worse_and_a_clear_gain_better() -> None:
    """From 38 to 10 of 40 plumes found: precision, recall and average precision fell beyond any chance."""
    found = verdicts(result(38), result(10, weights="b"))

    assert found["map50"] is Verdict.WORSE
    assert found["groups.web.map50"] is Verdict.WORSE
    assert found["recall"] is Verdict.WORSE
    assert found["false_alarms"] is Verdict.WITHIN
    assert verdicts(result(10), result(38, weights="b"))["map50"] is Verdict.BETTER


def test_fewer_false_alarms_are_better() -> None:
    """For errors less is better: 1 of 20 after 15 of 20, and the other way round."""
    assert verdicts(result(30, alarms=15), result(30, alarms=1))["look_alikes.sky_fog"] is Verdict.BETTER
    assert verdicts(result(30, alarms=1), result(30, alarms=15))["false_alarms"] is Verdict.WORSE


def test_the_interval_of_a_difference_of_shares_is_newcombe_s() -> None:
    """56 of 70 against 48 of 80, his first example: 0.2, from 0.0524 to 0.3339."""
    one = compare(result(48, of=80), result(56, of=70, weights="b"))
    recall = next(each for each in one.differences if each.after.key == "recall")

    assert recall.change == pytest.approx(0.2)
    assert (recall.low, recall.high) == (pytest.approx(0.0524, abs=1e-4), pytest.approx(0.3339, abs=1e-4))


def test_other_weights_regress_beyond_the_interval_only() -> None:
    """One plume less is chance for another model, and a fault for the same one."""
    before, same, other = result(30), result(29), result(29, weights="b")

    assert compare(before, other).regressions() == []
    assert "map50" in [one.after.key for one in compare(before, same).regressions()]


def test_other_pictures_are_no_baseline() -> None:
    """A comparison says so; a regression cannot be told."""
    before, after = result(30), result(30)
    assert after.images is not None
    data = after.images.data.model_copy(update={"sha256": "1" * 64})
    after = after.model_copy(update={"images": after.images.model_copy(update={"data": data})})
    compared = compare(before, after)

    assert "not the same pictures" in compared.table()
    with pytest.raises(BenchmarkError, match="other pictures"):
        compared.regressions()


def test_results_without_a_common_figure_cannot_be_compared() -> None:
    """Pictures alone against nothing at all."""
    empty = result(30).model_copy(update={"images": None})

    with pytest.raises(BenchmarkError, match="no figure in common"):
        compare(result(30), empty)


def test_the_table_names_what_is_clear() -> None:
    """Every figure has a line; a loss is told in capitals, and in words in the file."""
    compared = compare(result(38), result(10, weights="b"))

    assert all(figure.key in compared.table() for figure in figures(compared.after))
    told = {one["figure"]: one["verdict"] for one in json.loads(compared.as_json())["differences"]}
    assert (told["map50"], told["false_alarms"]) == ("worse", "within the interval")
    assert any(line.startswith("map50 ") and line.endswith("WORSE") for line in compared.table().splitlines())


def test_a_file_gives_back_the_result(tmp_path: Path) -> None:
    """What was written is read, byte for byte; anything else is told in one sentence."""
    one, file = result(30), tmp_path / "a.json"
    file.write_text(one.as_json())
    other = tmp_path / "b.json"
    other.write_text('{"format": "plumewatch.speed/1"}')

    assert read_result(file).as_json() == one.as_json()
    with pytest.raises(BenchmarkError, match=r"b\.json: not a result of bench accuracy"):
        read_result(other)
    with pytest.raises(BenchmarkError, match="No such file"):
        read_result(tmp_path / "absent.json")
