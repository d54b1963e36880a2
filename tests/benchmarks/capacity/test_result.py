from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.capacity.__main__ import main
from benchmarks.capacity.plots import Series, camera_plot, nice_step
from benchmarks.capacity.report import capacity_html, limit_sentences
from benchmarks.capacity.result import CapacityResult, read_capacity
from benchmarks.capacity.run import step_text, summary
from benchmarks.capacity.step import KindResult
from benchmarks.errors import BenchmarkError


def test_the_largest_step_that_held_is_what_is_carried(result: CapacityResult) -> None:
    """The step that broke the budget does not count, in memory and slope neither."""
    assert result.carried == 16
    assert pytest.approx(result.mb_per_camera) == 20.0
    assert pytest.approx(result.cores_per_camera) == 0.25 / 8


def test_nothing_is_carried_where_no_step_held(result: CapacityResult) -> None:
    """A run whose first step broke the budget carries none, and knows no slope."""
    broken = result.model_copy(update={"steps": result.steps[2:]})
    assert (broken.carried, broken.mb_per_camera, broken.room_for) == (0, None, None)
    assert "carried within the budget: 0 cameras" in summary(broken)


def test_too_much_memory_a_camera_carries_none(result: CapacityResult) -> None:
    """Memory is judged over all steps: where it grows beyond the budget no number of cameras holds."""
    first, second = result.steps[0], replace(result.steps[1], worker_mb=440.0 + 8 * 41.0)
    assert result.model_copy(update={"steps": (first, second)}).carried == 0


def test_the_cores_are_full_where_the_line_meets_them(result: CapacityResult) -> None:
    """8 cameras use 0.29 cores and 16 use 0.56: the line reaches 2 cores at 58.7 cameras."""
    assert pytest.approx(result.room_for) == 8 + (2 - 0.29) / (0.27 / 8)


def test_both_ratios_are_told(result: CapacityResult) -> None:
    """16 cameras against 1 in the same budget, and against 9 of the 25 pictures a second of one camera."""
    assert result.baseline_carried == 1
    assert pytest.approx(result.baseline_every_picture) == 0.36
    assert "every picture of 0.36 cameras, ratio 44;" in summary(result)
    assert "in the same budget it carries 1 or more, ratio 16.0" in summary(result)
    more = replace(result.baseline[0], streams=4, fps=8.0, faults=("median interval 3.00 s > 2.5 s",))
    broken = result.model_copy(update={"baseline": (*result.baseline, more)})
    assert broken.baseline_carried_text == "1"
    assert "44 to 1" in capacity_html(broken)


def test_rings_that_were_not_full_are_said(result: CapacityResult) -> None:
    """A short run knows less of the memory than a long one, and says so in summary and report."""
    assert "not full" not in summary(result)
    short = result.model_copy(update={"scenario": result.scenario.model_copy(update={"rings_filled": False})})
    assert "MB a camera so far: rings were not full yet" in summary(short)
    assert "its ring not yet full" in capacity_html(short)


def test_a_busy_machine_is_said(result: CapacityResult) -> None:
    """Other programs' processor time makes every figure a lower bound, in the summary and in the report."""
    assert result.quiet
    first = result.steps[0]
    busy = result.model_copy(update={"steps": (replace(first, cores={**first.cores, "others": 0.5}),)})
    assert "lower bounds" in summary(busy)
    assert "lower bounds" in capacity_html(busy)
    assert "lower bounds" not in capacity_html(result)


def test_a_result_is_read_as_it_was_written(result: CapacityResult, tmp_path: Path) -> None:
    """The committed document holds everything."""
    path = tmp_path / "capacity.json"
    path.write_text(result.as_json(), encoding="utf-8")
    assert result == read_capacity(path)
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(BenchmarkError, match="not a result of bench capacity"):
        read_capacity(path)


def test_the_report_says_what_limits_it(result: CapacityResult) -> None:
    """Costs a look by kind, where the cores would be full, and what broke first."""
    sentences = " ".join(limit_sentences(result))
    assert "reaches 2 cores at 59 cameras" in sentences
    assert "32 cameras: 99 % interval 6.00 s > 5 s" in sentences
    assert "11.0 ms to decode" in sentences
    page = capacity_html(result)
    assert "<h1>16 cameras on 2 cores</h1>" in page
    assert page.count("<svg") == 5
    assert sentences.split(".")[0].replace("'", "&#x27;") in page


def test_kinds_of_cameras_are_told_apart(result: CapacityResult) -> None:
    """Cameras that take turns in what they send are named at the top, and each kind has its own figures."""
    kinds = {"H264 1920x1080": KindResult(4, 2.0, 2.5, 1), "H265 3840x2160": KindResult(4, 4.0, 4.5, 0)}
    mixed = result.model_copy(
        update={
            "steps": (replace(result.steps[0], kinds=kinds),),
            "scenario": result.scenario.model_copy(update={"kinds": tuple(kinds)}),
        }
    )
    page = capacity_html(mixed)
    assert "by turns: H264 1920x1080; H265 3840x2160" in page
    assert "<td>H265 3840x2160</td><td>4</td><td>4.00</td><td>4.50</td><td>0</td>" in page
    assert "4 H264 1920x1080: interval 2.00 s, 99 % 2.50 s; lost 1" in step_text(mixed.steps[0])
    assert "By kind of camera" not in capacity_html(result)


@pytest.mark.parametrize(("largest", "step"), [(0, 1), (4, 1), (7.9, 1), (16, 2), (100, 20), (0.03, 0.005)])
def test_axes_have_round_steps(largest: float, step: float) -> None:
    """An axis has a handful of ticks at 1, 2 or 5 times a power of ten."""
    assert step == pytest.approx(nice_step(largest))


def test_a_plot_of_nothing_has_axes() -> None:
    """Without points there is still a plot."""
    assert "<svg" in camera_plot([Series("none", "smoke", [])], "s")


def test_a_written_result_is_rendered_again(
    result: CapacityResult, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """``--read`` measures nothing; a file that is none gives one sentence and status 2."""
    path, page = tmp_path / "capacity.json", tmp_path / "capacity.html"
    path.write_text(result.as_json(), encoding="utf-8")
    assert main(["--read", str(path), "--html", str(page)]) == 0
    assert "carried within the budget: 16 cameras" in capsys.readouterr().out
    assert page.read_text(encoding="utf-8") == capacity_html(result)
    assert main(["--read", str(page)]) == 2
    assert "not a result of bench capacity" in capsys.readouterr().err
