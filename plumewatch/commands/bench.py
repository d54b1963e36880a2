"""``plumewatch bench``: the benchmarks as commands. Every command is thin: parse, call, print."""

from pathlib import Path
from typing import Annotated

import typer

from plumewatch.failures import UsageError, need_the_training_extra
from plumewatch.logs import configure

bench_app = typer.Typer(help="Benchmarks: how accurate, how fast, how many.", no_args_is_help=True)


def _writable(file: Path | None) -> Path | None:
    from benchmarks.output import writable  # noqa: PLC0415

    return None if file is None else writable(file)


ToJson = Annotated[Path | None, typer.Option("--json", callback=_writable, help="Write the result here.")]
ToHtml = Annotated[Path | None, typer.Option("--html", callback=_writable, help="Write a report with plots here.")]


@bench_app.command("accuracy")
def bench_accuracy(
    model: Annotated[
        str | None, typer.Option(help="Registry name, candidate's folder or ONNX file; the default model.")
    ] = None,
    *,
    data: Annotated[Path | None, typer.Option(help="Labelled pictures: a folder of tars, or a YOLO folder.")] = None,
    streets: Annotated[
        Path | None, typer.Option(help="Pictures with nothing to find, laid out in the same way.")
    ] = None,
    clips: Annotated[Path | None, typer.Option(help="Gone: `bench clips` measures real film.")] = None,
    scenes: Annotated[bool, typer.Option("--scenes", help="Also the rendered scenes.")] = False,
    scenes_folder: Annotated[Path, typer.Option(help="Where rendered scenes are kept.")] = Path(".cache/scenes"),
    runtime: Annotated[str, typer.Option(help="Run-time, as in `detector.runtime`.")] = "auto",
    size: Annotated[
        int | None, typer.Option(help="Longer side of the network's input in px; the registered one.")
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            min=0.01,
            max=0.99,
            help="Threshold of the pictures; the registered one. The rules judge scenes at their own.",
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most so many pictures and scenes: for a quick look.")
    ] = None,
    kept_back: Annotated[
        Path | None,
        typer.Option(help="Candidate's folder or run record whose kept-back pictures are measured; the model's own."),
    ] = None,
    unseen: Annotated[
        bool, typer.Option("--unseen", help="No model learned from --data: all of it is measured.")
    ] = False,
    json: ToJson = None,
    html: Annotated[
        Path | None, typer.Option(callback=_writable, help="Write a report with plots and the worst mistakes here.")
    ] = None,
    baseline: Annotated[Path | None, typer.Option(help="An earlier result: exit 1 where this one is worse.")] = None,
) -> None:
    """Measure a model: precision by group, false alarms by look-alike."""
    from benchmarks.accuracy.result import read_result  # noqa: PLC0415
    from benchmarks.accuracy.run import Asked, run  # noqa: PLC0415
    from benchmarks.accuracy.text import accuracy_text  # noqa: PLC0415
    from benchmarks.compare import compare  # noqa: PLC0415
    from benchmarks.reporting.page import html_report  # noqa: PLC0415

    configure(quiet=True)
    if clips is not None:
        raise UsageError(f"bench accuracy measures no clips any more: plumewatch bench clips {clips}")
    before = None if baseline is None else read_result(baseline)
    asked = Asked(
        model=model,
        runtime=runtime,
        size=size,
        threshold=threshold,
        data=data,
        streets=streets,
        scenes=scenes_folder if scenes else None,
        limit=limit,
        kept_back=kept_back,
        unseen=unseen,
    )
    measured = run(asked, with_pictures=html is not None, baseline=before)
    print(accuracy_text(measured.result))
    if json is not None:
        json.write_text(measured.result.as_json(), encoding="utf-8")
    if html is not None:
        html.write_text(html_report(measured.result, measured.pictures), encoding="utf-8")
    if before is not None:
        compared = compare(before, measured.result)
        worse = compared.regressions()
        print(f"\n{compared.table()}")
        for one in worse:
            print(f"worse than {baseline}: {one.after.key} {one.before.value:.3f} -> {one.after.value:.3f}")
        raise typer.Exit(1 if worse else 0)


@bench_app.command("capacity")
def bench_capacity(
    cameras: Annotated[str, typer.Option(metavar="N,N", help="Numbers of cameras, one step each.")] = (
        "8,16,32,48,64,80,100"
    ),
    seconds: Annotated[float, typer.Option(min=1, help="Measured in each step.")] = 40.0,
    codec: Annotated[str, typer.Option(help="h264, h265, mjpeg, or several, which cameras take by turns.")] = "h264",
    size: Annotated[str, typer.Option(help="720p, 1080p, 4k, or several.")] = "1080p",
    gop: Annotated[str, typer.Option(metavar="S,S", help="Seconds from key frame to key frame, or several.")] = "2",
    model: Annotated[str, typer.Option(help="Registry name; the default model without this.")] = "",
    workers: Annotated[int, typer.Option(min=1, max=64, help="Worker processes, which take the cameras by turns.")] = 1,
    *,
    every_picture: Annotated[bool, typer.Option("--every-picture", help="Always in focus: no patrols.")] = False,
    to_the_end: Annotated[bool, typer.Option("--to-the-end", help="Go on after the budget is broken.")] = False,
    ultralytics: Annotated[
        Path | None, typer.Option(metavar="PYTHON", help="Also ultralytics' loop, in this Python that has it.")
    ] = None,
    ultralytics_weights: Annotated[
        list[Path] | None, typer.Option(help="Checkpoint or ONNX file for it; repeatable. The model's own file.")
    ] = None,
    ultralytics_streams: Annotated[str, typer.Option(metavar="N,N", help="Numbers of streams for it.")] = "1,4,8,12,16",
    json: ToJson = None,
    html: ToHtml = None,
) -> None:
    """Find how many cameras this machine carries, and what limits it; minutes, on a machine that does nothing else."""
    from benchmarks.capacity.__main__ import main as capacity  # noqa: PLC0415

    configure(quiet=True)
    values = {
        "--cameras": cameras,
        "--seconds": seconds,
        "--codec": codec,
        "--size": size,
        "--gop": gop,
        "--model": model or None,
        "--workers": workers,
        "--ultralytics": ultralytics,
        "--ultralytics-streams": ultralytics_streams,
        "--json": json,
        "--html": html,
    }
    arguments = [text for name, value in values.items() if value is not None for text in (name, str(value))]
    arguments += ["--ultralytics-weights", *map(str, ultralytics_weights)] if ultralytics_weights else []
    arguments += ["--every-picture"] * every_picture + ["--to-the-end"] * to_the_end
    raise typer.Exit(capacity(arguments))


@bench_app.command("clips")
def bench_clips(
    folders: Annotated[
        list[Path] | None, typer.Argument(help="Folders of clips whose events are known; those beside the project.")
    ] = None,
    *,
    model: Annotated[
        str | None, typer.Option(help="Registry name, candidate's folder or ONNX file; the default model.")
    ] = None,
    runtime: Annotated[str, typer.Option(help="Run-time, as in `detector.runtime`.")] = "auto",
    scenes: Annotated[bool, typer.Option("--scenes", help="Rendered scenes beside the real film.")] = False,
    scenes_folder: Annotated[Path, typer.Option(help="Where rendered scenes are kept.")] = Path(".cache/scenes"),
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most so many clips and scenes: for a quick look.")
    ] = None,
    json: ToJson = None,
    baseline: Annotated[
        Path | None, typer.Option(help="An earlier result: exit 1 where more than one event or false lead is lost.")
    ] = None,
) -> None:
    """Watch real film: events found, delay and false leads of the worker and of the plain rule, by group."""
    from benchmarks.clips.result import read_clips_result, worse  # noqa: PLC0415
    from benchmarks.clips.run import Asked, default_folders, run  # noqa: PLC0415
    from benchmarks.clips.text import clips_text  # noqa: PLC0415

    configure(quiet=True)
    before = None if baseline is None else read_clips_result(baseline)
    chosen = tuple(folders) if folders else default_folders()
    result = run(Asked(chosen, model, runtime, scenes_folder if scenes else None, limit), baseline=before)
    print(clips_text(result))
    if json is not None:
        json.write_text(result.as_json(), encoding="utf-8")
    if before is not None:
        lost = worse(before, result)
        print("\n".join(f"worse than {baseline}: {line}" for line in lost) or f"not worse than {baseline}")
        raise typer.Exit(1 if lost else 0)


@bench_app.command("compare")
def bench_compare(
    before: Annotated[Path, typer.Argument(help="Result of `bench accuracy --json` or `bench scenes --json`.")],
    after: Annotated[Path, typer.Argument(help="Another one of the same benchmark.")],
    json: ToJson = None,
) -> None:
    """Print two results side by side, with the differences that are beyond their intervals."""
    from benchmarks.compare import compare, read_any  # noqa: PLC0415

    compared = compare(read_any(before), read_any(after))
    print(compared.table())
    if json is not None:
        json.write_text(compared.as_json(), encoding="utf-8")


@bench_app.command("scenes")
def bench_scenes(
    names: Annotated[list[str] | None, typer.Argument(help="Scenes or families; all where none is named.")] = None,
    split: Annotated[str, typer.Option(help="develop, held-out or both.")] = "both",
    out: Annotated[Path, typer.Option(help="Folder for the clips and their truth; what is there is reused.")] = Path(
        ".cache/scenes"
    ),
    model: Annotated[
        str | None, typer.Option(help="Registry name or ONNX file; the default model without this.")
    ] = None,
    runtime: Annotated[str, typer.Option(help="Run-time, as in `detector.runtime`.")] = "auto",
    limit: Annotated[int | None, typer.Option(min=1, help="Scenes of each kind and split, for a quick look.")] = None,
    json: ToJson = None,
    html: ToHtml = None,
    baseline: Annotated[Path | None, typer.Option(help="An earlier result: exit 1 where this one is worse.")] = None,
) -> None:
    """Render scenes whose truth is known, and tell which events, look-alikes, opacities and faults are judged right."""
    from benchmarks.compare import compare  # noqa: PLC0415
    from benchmarks.scene_bench.report import scenes_html  # noqa: PLC0415
    from benchmarks.scene_bench.result import read_scenes_result  # noqa: PLC0415
    from benchmarks.scene_bench.run import Asked, run  # noqa: PLC0415
    from benchmarks.scene_bench.text import scenes_text  # noqa: PLC0415
    from benchmarks.scenes.families import Split  # noqa: PLC0415

    configure(quiet=True)
    if split != "both" and split not in list(Split):
        raise UsageError(f"--split: expected develop, held-out or both; found {split!r}")
    before = None if baseline is None else read_scenes_result(baseline)
    splits = tuple(Split) if split == "both" else (Split(split),)
    result = run(Asked(out, model, runtime, splits, tuple(names or ()), limit), baseline=before)
    print(scenes_text(result))
    if json is not None:
        json.write_text(result.as_json(), encoding="utf-8")
    if html is not None:
        html.write_text(scenes_html(result), encoding="utf-8")
    if before is not None:
        compared = compare(before, result)
        print(f"\n{compared.table()}")
        worse = compared.regressions()
        for one in worse:
            print(f"worse than {baseline}: {one.after.key} {one.before.value:.3f} -> {one.after.value:.3f}")
        raise typer.Exit(1 if worse else 0)


@bench_app.command("speed")
def bench_speed(
    model: Annotated[str | None, typer.Option(help="Registry name or file; the default model without this.")] = None,
    runtime: Annotated[
        list[str] | None, typer.Option(help="Run-time, as in `detector.runtime`; repeatable. All of the CPU's.")
    ] = None,
    batch: Annotated[list[int] | None, typer.Option(min=1, help="Pictures a call; repeatable. 1 and 4.")] = None,
    picture: Annotated[
        list[str] | None, typer.Option(metavar="WxH", help="Picture size; repeatable. 1920x1080 and 640x360.")
    ] = None,
    size: Annotated[
        int | None, typer.Option(help="Longer side of the network's input in px; the registered one.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Batches timed for each figure.")] = 20,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads of a run-time; the cores this process may use.")
    ] = None,
    ultralytics: Annotated[
        Path | None,
        typer.Option(help="Checkpoint to run with ultralytics' predict in the same run (extra `train`)."),
    ] = None,
    json: ToJson = None,
    html: ToHtml = None,
) -> None:
    """Measure latency and throughput by run-time, batch and picture size, against ultralytics if asked to."""
    from benchmarks.speed import PICTURES_WH, Asked, run  # noqa: PLC0415
    from benchmarks.speed_report import speed_html  # noqa: PLC0415

    configure(quiet=True)
    if ultralytics is not None:
        need_the_training_extra()
    sizes = tuple(_width_height(each) for each in picture) if picture else PICTURES_WH
    report = run(
        Asked(
            model=model,
            runtimes=tuple(runtime or ()),
            batches=tuple(batch or (1, 4)),
            pictures_wh=sizes,
            size=size,
            rounds=rounds,
            threads=threads,
            checkpoint=ultralytics,
        )
    )
    print(report.table())
    if json is not None:
        json.write_text(report.as_json(), encoding="utf-8")
    if html is not None:
        html.write_text(speed_html(report), encoding="utf-8")


def _width_height(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise UsageError(f"a picture size is WxH in pixels, such as 1920x1080, not {text!r}")
    return int(width), int(height)
