"""
Fit the belief of registered models on real film and scenes, or only print how it compares. Or let what was fitted on a
model's ONNX file judge its INT8 form too, or both forms of a version that was made to answer like it, once it was
measured how well it does; a decision states those figures.

Of a model in two forms the one is fitted that --runtime takes.
"""

import argparse
import json
import sys
from pathlib import Path

from benchmarks.confirm.films import films
from benchmarks.confirm.folds import RESULTS
from benchmarks.confirm.kept import carry, keep
from benchmarks.confirm.looks import FLOOR
from benchmarks.confirm.run import HEADER, Fit, run
from benchmarks.errors import BenchmarkError
from models.detector import ModelError
from models.registry import Registry
from models.runtime.choice import open_detector


def main() -> int:
    """Run the command line; return 2 where something cannot be."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.confirm", description=__doc__)
    parser.add_argument(
        "what",
        choices=["fit", "table", "carry"],
        help="fit: write weights and results; table: print only; carry: the ONNX file's belief for the INT8 form too, "
        "or that of the version --source for both forms, whose figures a decision must state",
    )
    parser.add_argument(
        "--clips", type=Path, action="append", help="folder of clips whose events are known; repeatable"
    )
    parser.add_argument("--scenes", type=Path, default=Path(".cache/confirm/films"), help="where scenes go")
    parser.add_argument("--scene", action="append", help="a scene to take; all of both splits without this")
    parser.add_argument("--model", action="append", help="registry name; every registered model without this")
    parser.add_argument("--source", help="of carry: version of the same model, retired by now, whose belief it is")
    parser.add_argument("--runtime", default="auto")
    parser.add_argument("--memory", type=Path, default=Path(".cache/confirm"), help="where looks are remembered")
    asked = parser.parse_args()
    registry = Registry.load()
    if asked.what == "carry":
        if not asked.model:
            parser.error("--model is needed to carry: name what was measured")
        return _carry(asked, registry)
    if not asked.clips:
        parser.error("--clips is needed to fit")
    found = films(asked.clips, asked.scenes, asked.scene)
    for name in asked.model or [card.name for card in registry.cards()]:
        detector = open_detector(registry.model(name), asked.runtime, threshold=FLOOR)
        fitted = run(found, detector, asked.memory, lambda film: print(film, file=sys.stderr))
        _tell(name, fitted)
        if asked.what == "fit":
            version = str(fitted.document["version"])
            keep(name, detector.card.weights_sha256, fitted.document, version=version, say=print)
            record = json.dumps({"model": name, **fitted.record()}, indent=1, sort_keys=True)
            (RESULTS / f"confirm-{name}.json").write_text(record + "\n", encoding="utf-8")
    return 0


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


def _tell(name: str, fitted: Fit) -> None:
    good = fitted.reliability
    print(f"\n{name}: belief {fitted.document['version']}, threshold {fitted.threshold:g}")
    print(f"real film out of fold: Brier {good.brier:.3f} (of the mean {good.brier_of_the_mean:.3f})")
    print("\n".join([HEADER, *(line.text for line in fitted.lines)]))
    for line in fitted.lines:
        missed, false = ", ".join(line.found.missed) or "none", ", ".join(line.found.false_leads) or "none"
        print(f"{line.part}, {line.pace.value}, {line.decider}: missed {missed}; false {false}")


if __name__ == "__main__":
    raise SystemExit(main())
