"""A scenes run, its file, its report, and two of them side by side."""

from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from benchmarks.accuracy.deciders import DECIDERS
from benchmarks.accuracy.result import AccuracyResult
from benchmarks.compare import compare, read_any
from benchmarks.errors import BenchmarkError
from benchmarks.scene_bench.opacity import opacity_figures, read_scenes, split_opacity
from benchmarks.scene_bench.report import scenes_html
from benchmarks.scene_bench.result import OpacityCase, ScenesResult, SplitOpacity, read_scenes_result
from benchmarks.scene_bench.run import Asked, run
from benchmarks.scene_bench.text import scenes_text
from benchmarks.scenes.families import Split, family_scenes
from benchmarks.scenes.film import key_of
from plumewatch.cli import app
from tests.benchmarks.results import result as accuracy_result

SCENE = "flames-2"


def case(scene: str, true: float, opacity: float | None, bit_rate: int = 2_000_000) -> OpacityCase:
    """Return a reading of a black plume before houses; refused where there is no number."""
    refusal = "no_contrast" if opacity is None else None
    return OpacityCase(
        scene=scene, colour="black", before="houses", bit_rate=bit_rate, true=true, opacity=opacity, sd=0.02,
        least=None, refusal=refusal,
    )  # fmt: skip


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> ScenesResult:
    """A run of one scene, with some readings beside it."""
    asked = Asked(tmp_path_factory.mktemp("scenes"), splits=(Split.DEVELOP,), names=(SCENE,))
    found = run(asked, Console(quiet=True))
    cases = [case("a", 0.4, 0.45), case("b", 0.6, None)]
    opacity = SplitOpacity(name="develop", seconds=40, groups={"all": opacity_figures(cases)}, cases=cases)
    return found.model_copy(update={"opacity": [opacity]})


def test_a_run_watches_what_was_named(result: ScenesResult) -> None:
    """One scene is rendered and watched by every way to decide, and the file says with what and on what."""
    assert list(result.sequences[0].clips) == [f"{SCENE}.mp4"]
    assert [row.event_recall.count for row in result.events[0].confirmations] == [1] * len(DECIDERS)
    assert list(result.events[0].families) == ["flames"]
    assert (result.events[0].look_alikes, result.events[0].faults) == ({}, None)
    assert result.machine.cores > 0
    assert result.timings.rendering_cpu_s > 0


def test_unknown_names_are_refused(tmp_path: Path) -> None:
    """A name that is neither a scene nor a family is refused before anything is rendered."""
    with pytest.raises(BenchmarkError, match="no scene and no family of these names: nothing"):
        run(Asked(tmp_path, names=("nothing",)), Console(quiet=True))
    assert list(tmp_path.iterdir()) == []


def test_a_result_is_read_back(result: ScenesResult, tmp_path: Path) -> None:
    """What was written is what is read; another file is refused in one sentence."""
    file, other = tmp_path / "scenes.json", tmp_path / "other.json"
    file.write_text(result.as_json(), encoding="utf-8")
    other.write_text('{"format": "plumewatch.scenes/1"}')

    assert read_scenes_result(file) == read_any(file) == ScenesResult.model_validate_json(result.as_json())
    with pytest.raises(BenchmarkError, match="not a result of bench scenes"):
        read_scenes_result(other)
    with pytest.raises(BenchmarkError, match="No such file"):
        read_any(tmp_path / "absent.json")


def test_text_and_report_tell_the_figures(result: ScenesResult) -> None:
    """Terminal and page say that scenes are rendered, what was found, and how far opacity is off."""
    text, page = scenes_text(result), scenes_html(result)

    assert "rendered, not filmed" in text
    assert "1 of 2" in text
    assert "5.0 (5.0 to 5.0)" in text
    assert page.count("<svg") == 2
    assert "none is filmed" in page
    assert "no_contrast 1" in page


def test_errors_are_of_numbers_alone() -> None:
    """Refused readings have no error and are counted by their reason; of nothing there is no mean."""
    none = opacity_figures([])
    some = opacity_figures([case("a", 0.4, 0.45), case("b", 0.5, 0.35), case("c", 0.9, None)])

    assert (none.cases, none.mean_error.value, none.worst_error, none.refused) == (0, None, None, {})
    assert (some.cases, some.numbers, some.refused) == (3, 2, {"no_contrast": 1})
    assert (some.mean_error.value, some.worst_error) == (0.1, 0.15)
    assert (some.within_2_sd.hits, some.within_2_sd.count) == (0, 2)


def test_two_results_side_by_side(result: ScenesResult) -> None:
    """A result differs in nothing from itself; where opacity got worse by 5 points on the same material, it says so."""
    worse = [case("a", 0.4, 0.5), case("b", 0.6, None)]
    after = result.model_copy(
        update={"opacity": [result.opacity[0].model_copy(update={"groups": {"all": opacity_figures(worse)}})]}
    )

    assert compare(result, result).regressions() == []
    assert [one.after.key for one in compare(result, after).regressions()] == ["develop.opacity.all.mean_error"]
    assert "develop.families.flames.event_recall" in compare(result, after).table()
    other: AccuracyResult = accuracy_result(30)
    with pytest.raises(BenchmarkError, match="of different benchmarks"):
        compare(result, other)


def rewritten(result: ScenesResult, **facts: object) -> ScenesResult:
    """Return the result with other facts about its one clip."""
    (one,) = result.sequences
    clips = {name: clip.model_copy(update=facts) for name, clip in one.clips.items()}
    return result.model_copy(update={"sequences": [one.model_copy(update={"clips": clips})]})


def test_a_scene_encoded_anew_is_the_same_scene(result: ScenesResult) -> None:
    """Another machine's encoder writes other bytes: known by what it was rendered from, if both files tell."""
    (clip,) = result.sequences[0].clips.values()
    assert clip.rendered_from == key_of(next(one for one in family_scenes(Split.DEVELOP) if one.name == SCENE))
    assert compare(result, rewritten(result, sha256="e" * 64)).regressions() == []
    assert compare(result, rewritten(result, rendered_from=None)).regressions() == []
    for other in ({"rendered_from": "e" * 64}, {"sha256": "e" * 64, "rendered_from": None}):
        with pytest.raises(BenchmarkError, match="other pictures or clips"):
            compare(result, rewritten(result, **other)).regressions()


def test_headlines_may_move_where_the_bytes_are_others(result: ScenesResult) -> None:
    """An error of 0.007 more is a fault of the same model on the same bytes, and chance on those of another encoder."""
    groups = {"all": result.opacity[0].groups["all"]}
    error = groups["all"].mean_error
    assert error.value is not None
    more = groups["all"].model_copy(
        update={"mean_error": error.model_copy(update={"value": error.value + 0.007, "low": 0.0, "high": 1.0})}
    )
    worse = result.model_copy(update={"opacity": [result.opacity[0].model_copy(update={"groups": {"all": more}})]})
    assert [one.after.key for one in compare(result, worse).regressions()] == ["develop.opacity.all.mean_error"]
    assert compare(result, rewritten(worse, sha256="e" * 64)).regressions() == []


def test_another_baseline_is_refused_before_anything_is_rendered(result: ScenesResult, tmp_path: Path) -> None:
    """Other scenes, the same scenes of other code, and opacities that are not asked for."""
    asked = Asked(tmp_path, splits=(Split.DEVELOP,), names=(SCENE,))
    plain = result.model_copy(update={"opacity": []})
    for baseline, names in (
        (plain, ("flames-1",)),
        (rewritten(plain, rendered_from="e" * 64), (SCENE,)),
        (result, (SCENE,)),
    ):
        with pytest.raises(BenchmarkError, match="other pictures or clips"):
            run(replace(asked, names=names), Console(quiet=True), baseline=baseline)
    assert list(tmp_path.iterdir()) == []


def test_known_opacity_is_read(tmp_path: Path) -> None:
    """A black plume before houses is read from H.264 to 10 points, at both bit rates, by groups."""
    scene = next(one for one in read_scenes(Split.DEVELOP) if one.name == "opacity-black-060-houses")
    figures = split_opacity("develop", tmp_path, [replace(scene, size_wh=(960, 540))])

    assert {name: group.cases for name, group in figures.groups.items()} == {
        "all": 2, "black": 2, "houses": 2, "2 Mbit/s": 1, "4 Mbit/s": 1,
    }  # fmt: skip
    assert [found.opacity is None or abs(found.opacity - found.true) < 0.1 for found in figures.cases] == [True, True]


def test_command_line(tmp_path: Path) -> None:
    """The command refuses an unknown split with one sentence and exit code 2."""
    ended = CliRunner().invoke(app, ["bench", "scenes", "--split", "other", "--out", str(tmp_path)])

    assert ended.exit_code != 0
    assert "expected develop, held-out or both" in f"{ended.output}{ended.exception}"
