"""
The registry: names to models whose weights are known byte for byte.

Weights stand beside `registry.toml` in ``weights/``; nothing is downloaded. A file whose SHA-256 is not the registered
one is refused. To add a model, put its ``.onnx`` and its ``.md`` there and a table into the file. A sub-table ``int8``
names a second file of the same model, quantised for OpenVINO (decision 0075); which of the two runs is chosen in
`models.runtime.choice`, which opens detectors; the card of what runs names that very file.

A model that was replaced keeps its ``[[retired]]`` table, because a package that it judged may be judged again for as
long as the package is kept (decision 0053). Its weights stand in the repository's history, at the ``commit`` of the
table (decision 0087).
"""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from models.detector import ModelCard, ModelError, UnknownModelError, WeightsError
from models.network import STRIDE, Head
from models.tensors import Letterbox

DEFAULT_FILE = Path(__file__).with_name("registry.toml")

FIRST_VERSION = "0.1.0"

INT8_FORMAT = "openvino-int8"
"""Format of the zip that `models.quantise` writes; only OpenVINO runs it."""


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """A file of weights and the hex SHA-256 that is registered for it."""

    path: Path
    sha256: str


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """
    One table of the registry.

    Attributes:
        card: what evidence names.

        weights: the ONNX file, or the zip that `models.quantise` writes (format ``openvino-int8``; OpenVINO only).

        document: the model card for people, Markdown.

        head: what the network's output means.

        nms_iou: overlap above which the weaker of two boxes of a class is removed; unused by end-to-end heads.

        licence: of the weights, SPDX.

        made: how the weights were made, in a sentence.

        is_retired: another version replaced it.

        commit: of a retired model, the last one of the repository that holds its weights; empty where it is not stated.

        int8: the zip of `models.quantise` beside an ONNX file, where there are both.
    """

    card: ModelCard
    weights: Path
    document: Path
    head: Head
    nms_iou: float
    licence: str
    made: str
    is_retired: bool = False
    commit: str = ""
    int8: WeightsFile | None = None

    @property
    def title(self) -> str:
        """Name and version."""
        return f"{self.card.name} {self.card.version}"

    @property
    def whereabouts(self) -> str:
        """Where the file of a retired model is to be found, as the end of a sentence."""
        commit = f" at commit {self.commit}" if self.commit else ""
        return f"in the project's git history{commit} under models/weights/retired/{self.weights.name}"

    @property
    def record(self) -> Path:
        """Path of the record of the run that made it; the file may be absent."""
        return self.weights.with_name(f"{self.card.name}.run.json")

    @property
    def is_int8(self) -> bool:
        """Whether `weights` is the zip that only OpenVINO runs."""
        return self.card.weights_format == INT8_FORMAT

    @property
    def forms(self) -> tuple["RegisteredModel", ...]:
        """The model once for each file it comes in, card and `weights` naming that one; INT8 beside ONNX is last."""
        if self.int8 is None:
            return (self,)
        card = replace(self.card, weights_sha256=self.int8.sha256, weights_format=INT8_FORMAT)
        return (replace(self, int8=None), replace(self, card=card, weights=self.int8.path, int8=None))

    def read(self) -> bytes:
        """Return the content of `weights` if it is what is registered; raise `WeightsError`."""
        name, registered = self.card.name, self.card.weights_sha256
        try:
            content = self.weights.read_bytes()
        except OSError as error:
            where = f"; it is retired, its weights stand {self.whereabouts}" if self.is_retired else ""
            raise WeightsError(f"model {name}: cannot read weights {self.weights}: {error.strerror}{where}") from error
        found = hashlib.sha256(content).hexdigest()
        if found != registered:
            raise WeightsError(f"model {name}: weights {self.weights} have SHA-256 {found}, registered is {registered}")
        return content


@dataclass(frozen=True, slots=True)
class Registry:
    """
    The models of one registry file.

    Attributes:
        models: by name.

        default_name: of the one used where none is named.

        retired: models that later versions replaced, newest first.
    """

    models: Mapping[str, RegisteredModel]
    default_name: str
    retired: tuple[RegisteredModel, ...] = ()

    @classmethod
    def load(cls, path: Path = DEFAULT_FILE) -> Self:
        """Return the registry in `path`, weights unread; raise `ModelError` saying which key is wrong."""
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ModelError(f"cannot read model registry {path}: {error}") from error
        tables, folder = content.get("models", {}), path.parent / "weights"
        models = {name: read_model(name, table, folder) for name, table in tables.items()}
        retired = tuple(_retired(table, folder) for table in content.get("retired", []))
        default = content.get("default")
        if not isinstance(default, str) or default not in models:
            raise ModelError(f"model registry {path}: the default {default!r} is not one of {sorted(models)}")
        return cls(MappingProxyType(models), default, retired)

    def cards(self) -> tuple[ModelCard, ...]:
        """Return the card of every model, in the order of the file."""
        return tuple(model.card for model in self.models.values())

    def model(self, name: str | None = None) -> RegisteredModel:
        """Return the model of that name, or the default one; raise `UnknownModelError`."""
        name = name or self.default_name
        if name not in self.models:
            raise UnknownModelError(f"no model {name!r} is registered: known are {', '.join(sorted(self.models))}")
        return self.models[name]

    def version(self, name: str, version: str) -> RegisteredModel:
        """Return that version of a model, a retired one too; raise `UnknownModelError`."""
        every = (*self.models.values(), *self.retired)
        for model in every:
            if (model.card.name, model.card.version) == (name, version):
                return model
        known = ", ".join(model.card.version for model in every if model.card.name == name) or "none"
        raise UnknownModelError(f"model {name} has no version {version}; known: {known}")

    def of_weights(self, sha256: str) -> RegisteredModel:
        """
        Return the model whose weights have that SHA-256, a retired one too; raise `UnknownModelError`.

        Of a model in two forms it is that form alone, so that no other file is taken for it.
        """
        every = (*self.models.values(), *self.retired)
        for form in (form for model in every for form in model.forms):
            if form.card.weights_sha256 == sha256:
                return form
        known = ", ".join(model.title for model in every)
        raise UnknownModelError(f"no registered model has weights of SHA-256 {sha256}: known are {known}")

    def next_version(self, name: str) -> str:
        """Return the version of the next model of that name: a minor step after the registered one; or `ModelError`."""
        if name not in self.models:
            return FIRST_VERSION
        version = self.models[name].card.version
        parts = version.split(".")
        if len(parts) != 3 or not all(part.isdecimal() for part in parts):
            raise ModelError(f"model {name} has version {version!r}: say which comes after it")
        return f"{parts[0]}.{int(parts[1]) + 1}.0"

    def verify(self, name: str | None = None) -> RegisteredModel:
        """Return the model if all its files are the registered ones; raise `UnknownModelError` or `WeightsError`."""
        model = self.model(name)
        for form in model.forms:
            form.read()
        return model


def _retired(table: Mapping[str, Any], folder: Path) -> RegisteredModel:
    rest = dict(table)
    name, commit = rest.pop("name", None), rest.pop("commit", "")
    if not isinstance(name, str):
        raise ModelError(f"a retired model has the name {name!r}: it must be a string")
    if not isinstance(commit, str):
        raise ModelError(f"retired model {name}: commit must be of type str, got {commit!r}")
    return replace(read_model(name, rest, folder), is_retired=True, commit=commit)


_KEYS: Mapping[str, type[str | float | int | list[str]]] = MappingProxyType(
    {
        "version": str,
        "weights": str,
        "sha256": str,
        "format": str,
        "document": str,
        "classes": list,
        "head": str,
        "long_side_px": int,
        "threshold": float,
        "nms_iou": float,
        "licence": str,
        "made": str,
    }
)


def read_model(name: str, table: Mapping[str, Any], folder: Path) -> RegisteredModel:
    """Return the model that a table of a registry describes, its files in `folder`; raise `ModelError`."""
    table = dict(table)
    second = table.pop("int8", None)
    if wrong := sorted(set(_KEYS) ^ set(table)):
        raise ModelError(f"model {name}: keys missing or unknown in the registry: {', '.join(wrong)}")
    for key, kind in _KEYS.items():
        if type(table[key]) is not kind:
            raise ModelError(f"model {name}: {key} must be of type {kind.__name__}, got {table[key]!r}")
    if table["head"] not in set(Head):
        raise ModelError(f"model {name}: head must be one of {', '.join(Head)}, got {table['head']!r}")
    side = table["long_side_px"]
    if side < STRIDE or side % STRIDE:
        raise ModelError(f"model {name}: long_side_px must be a multiple of {STRIDE}, got {side}")
    card = ModelCard(
        name=name,
        version=table["version"],
        class_names=tuple(table["classes"]),
        input_wh=Letterbox.fit((16, 9), side, STRIDE).input_wh,
        threshold=table["threshold"],
        weights_sha256=table["sha256"],
        weights_format=table["format"],
    )
    return RegisteredModel(
        card=card,
        weights=folder / table["weights"],
        document=folder / table["document"],
        head=Head(table["head"]),
        nms_iou=table["nms_iou"],
        licence=table["licence"],
        made=table["made"],
        int8=None if second is None else _int8(name, table["format"], second, folder),
    )


def _int8(name: str, main: str, table: object, folder: Path) -> WeightsFile:
    """Return the second file that a sub-table names; raise `ModelError`."""
    where = f"model {name}: the sub-table int8"
    if main == INT8_FORMAT:
        raise ModelError(f"{where} stands beside weights that are {INT8_FORMAT} themselves")
    if not isinstance(table, Mapping):
        raise ModelError(f"{where} must be a table, got {table!r}")
    if wrong := sorted({"weights", "sha256"} ^ set(table)):
        raise ModelError(f"{where} has keys missing or unknown in the registry: {', '.join(wrong)}")
    for key, value in table.items():
        if not isinstance(value, str):
            raise ModelError(f"{where}: {key} must be of type str, got {value!r}")
    return WeightsFile(folder / table["weights"], table["sha256"])
