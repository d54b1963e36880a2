"""
How confirmation does on a folder of clips: when each is reported, and how far the verdicts are from tipping over.

``python -m benchmarks.confirm_table FOLDER --fire a.mp4 --fire b.mp4 --none c.mp4 [--json FILE]``

Each clip is decoded and detected once; every variant of the rules then sees the same boxes. A clip's *margin* is the
highest threshold at which it still gives a lead. Between the lowest margin of the fires and the highest of the others
there is room for the threshold; the wider, the less the verdicts depend on one model's calibration.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.corpus import VIDEO
from benchmarks.deciders import FIVE_IN_A_ROW, Trial, Variant, confirmed_leads, shipped_threshold
from models.detector import Detector
from models.registry import Registry

THRESHOLDS = tuple(round(0.1 + 0.05 * step, 2) for step in range(16))
FLOOR = THRESHOLDS[0] * 0.6

VARIANTS = (
    Variant("default", {}),
    FIVE_IN_A_ROW,
    Variant("3 of 5", {"k": 3, "n": 5, "min_duration_s": 1.0}),
    Variant("4 of 8", {"k": 4, "n": 8}),
    Variant("5 of 8", {"k": 5, "n": 8}),
    Variant("no hysteresis", {"hysteresis": 1.0}),
    Variant("hysteresis 0.6", {"hysteresis": 0.6}),
    Variant("static boxes allowed", {"min_change": 0}),
)


@dataclass(frozen=True, slots=True)
class Result:
    """
    What one variant makes of one clip.

    Attributes:
        first_s: when the earliest confirmed lead was first seen, at the default threshold; ``None`` without a lead.

        confirmed_s: when it was confirmed.

        leads: confirmed leads at the default threshold.

        margin: highest threshold with a lead; 0 where there is none at the lowest.
    """

    first_s: float | None
    confirmed_s: float | None
    leads: int
    margin: float


def score(clip: Path, detector: Detector, fps: float) -> dict[str, Result]:
    """Return what each variant makes of a clip."""
    default = shipped_threshold()
    trials = {
        (variant.name, threshold): Trial(variant, threshold, FLOOR)
        for variant in VARIANTS
        for threshold in {default, *THRESHOLDS}
    }
    leads, _ = confirmed_leads(clip, detector, fps, trials)
    found = {key: [(lead.first_s, lead.confirmed_s) for lead in made] for key, made in leads.items()}
    return {variant.name: _result(variant.name, found, default) for variant in VARIANTS}


def _result(name: str, found: Mapping[tuple[str, float], list[tuple[float, float]]], default: float) -> Result:
    leads = sorted(found[name, default], key=lambda lead: lead[1])
    first, confirmed = leads[0] if leads else (None, None)
    reported = [threshold for (variant, threshold), made in found.items() if variant == name and made]
    return Result(first, confirmed, len(leads), max(reported, default=0.0))


def _print_clips(results: Mapping[str, Mapping[str, Result]], fires: Sequence[str], others: Sequence[str]) -> None:
    print("| clip | expected | leads | first seen s | confirmed s | 5 consecutive s | margin |")
    print("|---|---|---|---|---|---|---|")
    for clip, by_variant in results.items():
        expected = "lead" if clip in fires else "none" if clip in others else "-"
        ours, baseline = by_variant["default"], by_variant["5 consecutive"]
        times = " | ".join(_seconds(s) for s in (ours.first_s, ours.confirmed_s, baseline.confirmed_s))
        print(f"| {clip} | {expected} | {ours.leads} | {times} | {ours.margin:.2f} |")


def _print_variants(results: Mapping[str, Mapping[str, Result]], fires: Sequence[str], others: Sequence[str]) -> None:
    print("\n| variant | fires reported | slowest s | others reported | lowest margin, fires | highest, others |")
    print("|---|---|---|---|---|---|")
    for variant in VARIANTS:
        fire = [results[clip][variant.name] for clip in fires]
        other = [results[clip][variant.name] for clip in others]
        delays = [r.confirmed_s - r.first_s for r in fire if r.confirmed_s is not None and r.first_s is not None]
        reported = f"{sum(r.leads > 0 for r in fire)} of {len(fire)}"
        false = f"{sum(r.leads > 0 for r in other)} of {len(other)}"
        slowest = _seconds(max(delays, default=None))
        lowest, highest = min((r.margin for r in fire), default=0.0), max((r.margin for r in other), default=0.0)
        print(f"| {variant.name} | {reported} | {slowest} | {false} | {lowest:.2f} | {highest:.2f} |")


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f}"


def main() -> int:
    """Print the tables; return 1 where a fire is not reported or another clip is."""
    parser = argparse.ArgumentParser(description="Confirmation over a folder of clips.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--fire", action="append", default=[], help="a clip that must give a lead")
    parser.add_argument("--none", action="append", default=[], help="a clip that must give none")
    parser.add_argument("--model", default="", help="name in the registry; empty for its default")
    parser.add_argument("--runtime", default="auto")
    parser.add_argument("--fps", type=float, default=2.0)
    parser.add_argument("--json", type=Path, help="write the results there too")
    asked = parser.parse_args()
    detector = Registry.load().detector(asked.model or None, asked.runtime, threshold=FLOOR)
    clips = [path for path in sorted(asked.folder.iterdir()) if path.suffix in VIDEO]
    results = {clip.name: score(clip, detector, asked.fps) for clip in clips}
    card, runtime = detector.card, detector.runtime
    print(f"{card.name} {card.version} on {runtime.engine} {runtime.precision}, {asked.fps:g} pictures a second\n")
    _print_clips(results, asked.fire, asked.none)
    _print_variants(results, asked.fire, asked.none)
    if asked.json:
        document = {
            "model": asdict(card),
            "runtime": asdict(runtime),
            "analysis_fps": asked.fps,
            "clips": {clip: {name: asdict(r) for name, r in by.items()} for clip, by in results.items()},
        }
        asked.json.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    missed = [clip for clip in asked.fire if not results[clip]["default"].leads]
    false = [clip for clip in asked.none if results[clip]["default"].leads]
    for clip in missed:
        print(f"not reported: {clip}", file=sys.stderr)
    for clip in false:
        print(f"reported although nothing is there: {clip}", file=sys.stderr)
    return 1 if missed or false else 0


if __name__ == "__main__":
    raise SystemExit(main())
