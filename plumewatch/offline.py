"""Commands that need no running site: replay, verify, probe and the model registry."""

import dataclasses
import json
import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from api.contract.evidence.report import PackageVerdict
from api.contract.standing import standings
from api.contract.wire.moment import rfc3339
from plumewatch.commands.reports import (
    Language,
    chosen_language,
    models_text,
    probe_text,
    reverification_text,
    rules_text,
    verification_text,
)
from plumewatch.failures import UsageError

if TYPE_CHECKING:  # each command imports what it needs, and no more: it has answered before the rest would be there
    from models.detector import Detector
    from vision.config.worker import WorkerConfig
    from vision.evidence.outbox import Outbox
    from vision.replay.replay import ReplayLead


def replay_files(files: Sequence[str], config_file: Path | None) -> "Iterator[ReplayLead]":
    """Yield the leads in `files`; raise `UsageError` for a file that is not there before any is analysed."""
    from vision.replay.replay import replay  # noqa: PLC0415

    paths, config, detector = _ready(files, config_file)
    yield from replay(paths, config, detector)


def findings_in(files: Sequence[str], config_file: Path | None) -> Iterator[str]:
    """Yield what is wrong with the pictures of `files`, one JSON line each; raises as `replay_files` does."""
    from vision.replay.replay import findings  # noqa: PLC0415

    paths, config, detector = _ready(files, config_file)
    for found in findings(paths, config, detector):
        yield json.dumps(dataclasses.asdict(found), ensure_ascii=False)


def _ready(files: Sequence[str], config_file: Path | None) -> "tuple[list[Path], WorkerConfig, Detector]":
    from models.registry import Registry  # noqa: PLC0415
    from models.runtime.choice import open_detector  # noqa: PLC0415
    from plumewatch.worker_process import read_config  # noqa: PLC0415
    from streams.camera import SourceUrl  # noqa: PLC0415
    from streams.container import check_file  # noqa: PLC0415

    sources = [SourceUrl(file) for file in files]
    for source in sources:
        if not source.is_file:
            raise UsageError(f"{source.redacted}: a stream; replay analyses files")
        check_file(source)
    paths = [source.path for source in sources]
    config = read_config(config_file, ())
    wanted = config.detector
    model = Registry.load().model(wanted.model)
    detector = open_detector(model, wanted.runtime, threshold=wanted.candidate_threshold)
    return paths, config, detector


def verify_one(
    package: Path, roots: Path | None, lang: str | None = None, revoked: Sequence[Path] = (), *, as_json: bool
) -> tuple[str, PackageVerdict]:
    """Return the report of one package and what it amounts to; raise `UsageError` for an unknown language."""
    from api.contract.evidence.package import PackageError  # noqa: PLC0415
    from api.contract.evidence.verification import verify_package  # noqa: PLC0415
    from api.contract.trust.revocation import Revocation, parse_crls, parse_revoked  # noqa: PLC0415

    try:
        language = chosen_language(os.environ) if lang is None else Language(lang)
    except ValueError as error:
        raise UsageError(f"--lang must be zh, en or both, got {lang!r}") from error
    trusted = None if roots is None else _trusted(roots)
    known: dict[str, Revocation] = {}
    crls = [] if trusted is None else parse_crls(trusted)
    for file in revoked:
        listed = parse_crls(data := file.read_bytes())
        crls += listed
        known |= {} if listed else parse_revoked(data)
    try:
        report = verify_package(package, trusted, revoked=known, crls=crls)
    except PackageError as error:
        told = str(error)
        raise UsageError(told if str(package) in told else f"{package}: {told}") from error
    text = (
        json.dumps(report.as_dict(), ensure_ascii=False, indent=2) if as_json else verification_text(report, language)
    )
    return text, report.verdict


def _trusted(roots: Path) -> bytes:
    """Return the file with the roots; raise `UsageError` where no certificate is in it."""
    from api.contract.trust.stamp import StampError, read_certificates  # noqa: PLC0415

    trusted = roots.read_bytes()
    try:
        read_certificates(trusted)
    except StampError as error:
        raise UsageError(f"{roots}: holds no certificate in PEM that can be read") from error
    return trusted


def reverify_one(package: Path, runtime: str, weights: Path | None, *, as_json: bool) -> tuple[str, bool]:
    """Return what judging a package's clip again gave, and whether the verdict is the recorded one."""
    from models.registry import Registry  # noqa: PLC0415
    from vision.replay.reverify import reverify  # noqa: PLC0415

    answer = reverify(package, Registry.load(), runtime, weights)
    if not as_json:
        return reverification_text(answer), answer.is_same
    values = dataclasses.asdict(answer) | {"same": answer.is_same}
    return json.dumps(values, ensure_ascii=False, indent=2, default=rfc3339), answer.is_same


def probe_one(url: str, seconds: float, *, as_json: bool) -> str:
    """Return what a stream or file holds, after listening for `seconds`; raise `UsageError` for none."""
    from streams.camera import Camera, SourceUrl, camera_id  # noqa: PLC0415
    from streams.probe import probe  # noqa: PLC0415

    if not 0 < seconds < math.inf:
        raise UsageError(f"--seconds must be a number above 0, got {seconds:g}")
    camera = Camera(camera_id("probe"), "probe", SourceUrl(url))
    report = probe(camera.source, camera.settings, seconds)
    if as_json:
        return json.dumps(dataclasses.asdict(report), ensure_ascii=False, default=str)
    return probe_text(report)


def describe_models(*, as_json: bool) -> str:
    """Return the registered models."""
    from models.registry import Registry  # noqa: PLC0415

    registry = Registry.load()
    if not as_json:
        return models_text(registry)
    cards = [
        {
            **dataclasses.asdict(model.card),
            "licence": model.licence,
            "default": name == registry.default_name,
            "forms": [
                {"file": form.weights.name, "format": form.card.weights_format, "sha256": form.card.weights_sha256}
                for form in model.forms
            ],
        }
        for name, model in registry.models.items()
    ]
    return json.dumps(cards, ensure_ascii=False)


def describe_rules(config_file: Path | None, *, as_json: bool) -> str:
    """Return how each rule of the catalogue stands with a configuration and the model it names, by today's law."""
    from models.registry import Registry  # noqa: PLC0415
    from plumewatch.worker_process import read_config  # noqa: PLC0415
    from streams.timing.clock import utc_now  # noqa: PLC0415

    config = read_config(config_file, ())
    card = Registry.load().models[config.detector.model or Registry.load().default_name].card
    zones = [(camera.id, zone.name, zone.kind.value) for camera in config.cameras for zone in camera.zones]
    listed = standings(card.class_names, zones, utc_now().astimezone(config.site.zone).date())
    if as_json:
        return json.dumps([each.model_dump(mode="json") for each in listed], ensure_ascii=False)
    return rules_text(listed)


def verify_models(names: Sequence[str]) -> Iterator[str]:
    """Yield a line for each file of weights that is the registered one; raise `ModelError` at the first other."""
    from models.registry import Registry  # noqa: PLC0415

    registry = Registry.load()
    for name in names or registry.models:
        for form in registry.model(name).forms:
            form.read()
            yield f"{name}: {form.weights.name} is the registered file, SHA-256 {form.card.weights_sha256}"


def show_outbox(data: Path, requeue: str | None) -> Iterator[str]:
    """
    Yield a line for each lead in the outbox of every worker of a data folder, and for each case put aside as damaged.

    First put the rejected lead `requeue` back among the waiting.
    """
    from plumewatch.worker_process import WORKERS  # noqa: PLC0415
    from vision.evidence.outbox import Outbox  # noqa: PLC0415

    folders = [folder for folder in (data / "outbox", *sorted(data.glob(f"{WORKERS}/*/outbox"))) if folder.is_dir()]
    if not folders:
        raise UsageError(f"{data / 'outbox'}: no outbox; is this a worker's data folder?")
    boxes = {folder: Outbox(folder, owns=False) for folder in folders}
    if requeue is not None:
        holding = [box for box in boxes.values() if requeue in box.rejected()]
        if not holding:
            raise UsageError(f"lead {requeue} is not among the rejected ones")
        holding[0].requeue(requeue)
    for folder, box in boxes.items():
        yield from _outbox_lines(folder, box)


def _outbox_lines(folder: Path, box: "Outbox") -> Iterator[str]:
    from vision.evidence.cases import STORE, damaged_cases  # noqa: PLC0415
    from vision.evidence.outbox import ANSWER  # noqa: PLC0415

    for entry in box.entries():
        yield f"waiting   {entry.lead_id}"
    for lead_id in box.rejected():
        answer = (folder / "rejected" / lead_id / ANSWER).read_text(encoding="utf-8", errors="replace")
        yield f"rejected  {lead_id}  {' '.join(answer.split())}"
    for case in damaged_cases(folder.parent / STORE):
        yield f"damaged   {case.name}  {case}"
