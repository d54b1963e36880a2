"""``plumewatch models``: the registry and the training shop as commands. Every command is thin: parse, call, print."""

from pathlib import Path
from typing import Annotated

import typer

from plumewatch.commands.options import AsJson
from plumewatch.failures import need_the_training_extra
from plumewatch.logs import configure

models_app = typer.Typer(help="The model registry and the shop that fills it.", no_args_is_help=True)


@models_app.command("list")
def models_list(*, as_json: AsJson = False) -> None:
    """List the registered models."""
    from plumewatch.offline import describe_models  # noqa: PLC0415

    print(describe_models(as_json=as_json))


@models_app.command("verify")
def models_verify(
    names: Annotated[list[str] | None, typer.Argument(help="Models; all of them where none is named.")] = None,
) -> None:
    """Check the weights of registered models against their SHA-256."""
    from plumewatch.offline import verify_models  # noqa: PLC0415

    for line in verify_models(names or []):
        print(line)


@models_app.command("train")
def models_train(
    recipe: Annotated[str, typer.Argument(help="Recipe file, or the name of a shipped recipe.")],
    *,
    data: Annotated[
        Path,
        typer.Option(
            exists=True,
            file_okay=False,
            help="Labelled pictures: a folder of tars, or any YOLO folder; without a split one is made by look.",
        ),
    ],
    out: Annotated[Path, typer.Option(file_okay=False, help="Everything is written to OUT/NAME of the recipe.")],
    initial: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Checkpoint the recipe starts from.")
    ] = None,
    teacher: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="Checkpoint that repairs labels and, if the recipe says so, teaches."
        ),
    ] = None,
    objects: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="Street scenes, used as pictures without smoke.")
    ] = None,
    also: Annotated[
        list[Path] | None,
        typer.Option(exists=True, file_okay=False, help="More pictures, all of them to learn from: rendered lessons."),
    ] = None,
    sightings: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="What the teacher sees (JSON lines); made without this."),
    ] = None,
    budget: Annotated[float | None, typer.Option(min=1, help="Seconds of training; the recipe's without this.")] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Pictures a step; the recipe's without this.")] = None,
    limit: Annotated[int | None, typer.Option(min=8, help="About so many pictures only: a dry run.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads on a CPU.")] = None,
    release: Annotated[
        str | None,
        typer.Option(help="Version the model will carry; the one after the registered model's without this."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where an earlier run in OUT stopped.")] = False,
) -> None:
    """Train a model: from pictures to weights, run record, card draft and registry table in one command."""
    need_the_training_extra()
    from models.training.candidate import find_recipe, make  # noqa: PLC0415
    from models.training.pictures.corpus import Sources  # noqa: PLC0415
    from models.training.recipe import Recipe  # noqa: PLC0415
    from models.training.train import RunOptions  # noqa: PLC0415

    made = make(
        Recipe.read(find_recipe(recipe)),
        RunOptions(
            sources=Sources(data, objects, sightings, tuple(also or ())),
            out=out,
            initial=initial,
            teacher=teacher,
            budget_s=budget,
            batch=batch,
            limit=limit,
            threads=threads,
            resume=resume,
        ),
        version=release,
    )
    alarms = "no negatives" if made.false_positive_rate is None else f"false alarms {made.false_positive_rate:.3f}"
    print(f"{made.weights}: validation mAP50 {made.map50}, threshold {made.threshold}, {alarms}; card draft beside it")


@models_app.command("export")
def models_export(
    checkpoint: Annotated[Path, typer.Argument(exists=True, dir_okay=False, metavar="PT", help="Checkpoint.")],
    *,
    out: Annotated[Path, typer.Option(dir_okay=False, metavar="ONNX", help="File to write.")],
) -> None:
    """Export a checkpoint to ONNX: free batch and size, fp16 storage, the same bytes every time."""
    need_the_training_extra()
    from models.yolo import export_onnx  # noqa: PLC0415

    made = export_onnx(checkpoint, out)
    print(f"{made.path}: sha256 {made.sha256}, classes {', '.join(made.class_names)}, head {made.head}")


@models_app.command("promote")
def models_promote(
    candidate: Annotated[str, typer.Argument(help="Folder made by `models train`, or a registered model.")],
    *,
    results: Annotated[
        list[Path],
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Its `bench accuracy` result (JSON); repeated, one of each form it comes in.",
        ),
    ],
    against: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="The result of the model it would replace.")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why it is to replace one that is better somewhere.")] = None,
    registry: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Registry file; the one of this installation.")
    ] = None,
) -> None:
    """Let a model replace another if no group is worse; exit 1 where one is and no reason is given."""
    from models.promotion import promote  # noqa: PLC0415
    from models.registry import DEFAULT_FILE  # noqa: PLC0415

    verdict = promote(candidate, results, against, reason=reason, registry=registry or DEFAULT_FILE)
    for word, lines in (("better", verdict.better), ("worse", verdict.worse)):
        for line in lines:
            print(f"{word}: {line}")
    if verdict.unsaid:
        print(f"nothing can be said of: {', '.join(verdict.unsaid)}")
    refused = verdict.worse and not (reason or "").strip()
    print("refused: it is worse somewhere, and no --reason says why it is wanted" if refused else "promoted")
    raise typer.Exit(1 if refused else 0)


@models_app.command("quantise")
def models_quantise(
    name: Annotated[str, typer.Argument(help="Registered model, or candidate's folder.")],
    *,
    out: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Folder for the network, and the report as JSON and text."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            exists=True, file_okay=False, help="Labelled pictures, as for bench accuracy: mAP is measured too."
        ),
    ] = None,
    images: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="Or any pictures, without labels.")
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, help="At most so many to calibrate on, and so many to compare on.")
    ] = 300,
    add: Annotated[
        bool, typer.Option("--add", help="Put it beside the ONNX file as the INT8 form: into its table and card.")
    ] = False,
    registry: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Registry file; the one of this installation.")
    ] = None,
) -> None:
    """Make an INT8 network, calibrated on real pictures, and report what that changed: boxes, scores, mAP, time."""
    from benchmarks.int8 import run  # noqa: PLC0415
    from models.registry import DEFAULT_FILE  # noqa: PLC0415

    configure(quiet=True)
    report = run(name, out, images=images, data=data, limit=limit, add=add, registry=registry or DEFAULT_FILE)
    print(report.text())
