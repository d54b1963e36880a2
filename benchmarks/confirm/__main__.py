"""
Fit the belief of the registered models, or only print how it compares; weights are kept where they may ship. Or score
what ships on held-out scenes of a day that nobody has read yet. Or let what was fitted on a model's ONNX file judge its
INT8 form too, or both forms of a version that was made to answer like it, once it was measured how well it does; a
decision states those figures.

Of a model in two forms the one is fitted and scored that --runtime takes.
"""

import argparse
import json
import sys
from pathlib import Path

from benchmarks.confirm.films import FIRST_DAY, another_day, films
from benchmarks.confirm.kept import carry, keep
from benchmarks.confirm.looks import FLOOR
from benchmarks.confirm.run import Fit, fit, score
from benchmarks.confirm.table import BELIEF, Line, as_text
from benchmarks.errors import BenchmarkError
from models.detector import ModelError
from models.registry import Registry
from vision.belief import Belief

RESULTS = Path(__file__).parents[1] / "results"


def main() -> int:
    """Run the command line; return 1 where a fitted rule may not ship."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.confirm", description=__doc__)
    parser.add_argument(
        "what",
        choices=["fit", "table", "score", "carry"],
        help="fit: write weights and results; table: print only; score: what ships, on held-out scenes of a --day; "
        "carry: the ONNX file's belief for the INT8 form too, or that of the version --source for both forms, whose "
        "figures a decision must state",
    )
    parser.add_argument("--clips", type=Path, help="folder of clips whose events are known; not for score")
    parser.add_argument("--day", type=int, default=FIRST_DAY, help=f"of score: {FIRST_DAY} or later, one not read yet")
    parser.add_argument("--scenes", type=Path, default=Path(".cache/confirm/films"), help="where scenes go")
    parser.add_argument("--scene", action="append", help="a scene to take; all of both splits without this")
    parser.add_argument("--model", action="append", help="registry name; every registered model without this")
    parser.add_argument("--source", help="of carry: version of the same model, retired by now, whose belief it is")
    parser.add_argument("--runtime", default="auto")
    parser.add_argument("--memory", type=Path, default=Path(".cache/confirm"), help="where rows are remembered")
    parser.add_argument("--plain", action="store_true", help="look at each picture once, and have the worker do so")
    asked = parser.parse_args()
    if asked.source is not None and asked.what != "carry":
        parser.error("--source is of carry alone")
    registry = Registry.load()
    if asked.what == "score":
        if asked.day < FIRST_DAY:
            parser.error(f"--day must be {FIRST_DAY} or later: earlier days are fitted on")
        return _score(asked, registry)
    if asked.what == "carry":
        if not asked.model:
            parser.error("--model is needed to carry: name what was measured")
        return _carry(asked, registry)
    if asked.clips is None:
        parser.error("--clips is needed to fit")
    found = films(asked.clips, asked.scenes, asked.scene)
    is_better = True
    for name in asked.model or [card.name for card in registry.cards()]:
        detector = registry.detector(name, asked.runtime, threshold=FLOOR)
        fitted = fit(found, detector, asked.memory, _say, magnifies=not asked.plain)
        _tell(name, fitted)
        is_better &= fitted.may_ship
        if asked.what == "fit":
            _write(name, detector.card.weights_sha256, fitted)
    return 0 if is_better else 1


def _carry(asked: argparse.Namespace, registry: Registry) -> int:
    """Carry belief to each model asked for, and say to which weights; return 2 where that cannot be."""
    for name in asked.model:
        try:
            source = None if asked.source is None else registry.version(name, asked.source)
            version, carried = carry(registry.model(name), source=source)
        except (BenchmarkError, ModelError) as error:
            print(error, file=sys.stderr)
            return 2
        for sha256 in carried:
            print(f"{name}: belief {version} judges weights {sha256} too: state its figures on them in a decision")
    return 0


def _score(asked: argparse.Namespace, registry: Registry) -> int:
    """Print what ships for each model asked for makes of held-out scenes on another day."""
    found = another_day(asked.scenes, asked.day)
    for name in asked.model or [card.name for card in registry.cards()]:
        detector = registry.detector(name, asked.runtime, threshold=FLOOR)
        belief = Belief.of(detector.card.weights_sha256)
        if belief is None:
            print(f"{name}: no belief is fitted for it")
            continue
        lines = score(found, detector, asked.memory, belief, _say)
        print(f"\n{name}, belief {belief.version}, held-out scenes on day {asked.day}")
        print(as_text(lines))
        for line in lines:
            if line.decider == BELIEF:
                _name(line.part, line)
    return 0


def _say(film: str) -> None:
    print(film, file=sys.stderr)


def _tell(name: str, fitted: Fit) -> None:
    print(f"\n{name}: ridge {fitted.ridge:g}, threshold {fitted.threshold:g}, support {fitted.support:g}")
    for part, told in (("unseen", fitted.unseen), ("held out", fitted.held_out)):
        if told is not None:
            brier = f"Brier {told.brier:.3f} (of the mean {told.brier_of_the_mean:.3f})"
            print(f"{part}: {told.tracks:.0f} tracks, {brier}, ECE {told.calibration_error:.3f}")
    print(as_text(fitted.lines))
    for line in fitted.lines:
        if line.part == "all":
            _name(line.decider, line)


def _name(what: str, line: Line) -> None:
    print(f"{what}: missed {', '.join(line.missed) or 'none'}; false {', '.join(line.false) or 'none'}")


def _write(name: str, weights_sha256: str, fitted: Fit) -> None:
    """Keep how it was fitted, and the weights where they may ship."""
    document = fitted.document if fitted.may_ship else None
    keep(name, weights_sha256, document, version=str(fitted.document["version"]), say=print)
    record = json.dumps({"model": name, **fitted.record()}, indent=1, sort_keys=True)
    (RESULTS / f"confirm-{name}.json").write_text(record + "\n", encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
