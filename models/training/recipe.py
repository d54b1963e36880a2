"""A training recipe: everything that decides the outcome of a run, read from one TOML file."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from models.detector import ModelError
from models.training.pictures.dataset import CLASS_NAMES


class RecipeError(ModelError):
    """The recipe file names something unknown or holds a value out of range."""


@dataclass(frozen=True, slots=True)
class Augmentation:
    """
    How a batch is drawn from the stored images.

    Attributes:
        mosaic: Share of samples built from four images; the others show one image.

        scale: Zoom is uniform in [1 - scale, 1 + scale]. Above about 0.7 distant plumes shrink below 8 px.

        translate: Shift as a share of the side, uniform in both directions.

        degrees: Rotation in degrees, uniform in both directions. Plumes rise: keep it small.

        mixup: Share of samples blended half and half with another sample of the batch.

        hue: Rotation of the colour wheel in turns. Fire and smoke are told apart by colour: keep it small.

        saturation: Saturation gain is uniform in [1 - saturation, 1 + saturation].

        brightness: Brightness gain is uniform in [1 - brightness, 1 + brightness].

        night: Share of samples darkened to a gain in [0.25, 0.7].

        blur: Share of samples softened by halving and doubling their resolution.

        noise: Share of samples with Gaussian sensor noise, sigma up to 0.04 of full scale.
    """

    mosaic: float = 0.85
    scale: float = 0.6
    translate: float = 0.12
    degrees: float = 4.0
    mixup: float = 0.1
    hue: float = 0.012
    saturation: float = 0.5
    brightness: float = 0.35
    night: float = 0.06
    blur: float = 0.08
    noise: float = 0.06


@dataclass(frozen=True, slots=True)
class Synthesis:
    """
    Painted plumes and look-alikes.

    Attributes:
        slots: Number of painted images in the store; about 5 to 10 % of the real ones.

        plume: Share of slots that show one or two plumes (label: smoke). The rest are negatives.

        veil: Share of slots under an even veil, like fog.

        cloud: Share of slots with clouds, a fog bank or puffs of steam. What remains is glare: lamps with halos.

        opacity: Lowest and highest peak opacity of a plume, a cloud, a fog bank or a puff.

        refresh_epochs: All slots are painted anew after this many epochs.
    """

    slots: int = 800
    plume: float = 0.6
    veil: float = 0.12
    cloud: float = 0.16
    opacity: tuple[float, float] = (0.3, 0.95)
    refresh_epochs: int = 4


@dataclass(frozen=True, slots=True)
class Repair:
    """
    What happens to smoke and fire the teacher sees where the label has none (training images only).

    Attributes:
        groups: Name prefixes of the sources known to be labelled in part.

        add: Teacher score from which the box becomes a label.

        ignore: Teacher score from which the region is left out of the classification loss.

        known: Classes the teacher answers for in images whose topic leaves them open (see :mod:`topics`).
    """

    groups: tuple[str, ...] = ("liuzifan", "joabe")
    add: float = 0.5
    ignore: float = 0.2
    known: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Distillation:
    """
    Learning from a larger model's answers; no teacher when all gains are zero.

    The teacher is asked about photographs with labels only: on negatives, painted plumes and lessons the label knows
    better. Where it teaches `alone` it is asked about every picture.

    Attributes:
        scores: Gain of the classification term: cross-entropy to the teacher's scores, all anchors of an image.

        boxes: Gain of the box term: one minus IoU to the teacher's boxes, weighted by its score.

        alone: No label counts: the network is to answer as its teacher does, be that right or wrong.
    """

    scores: float = 0.0
    boxes: float = 0.0
    alone: bool = False

    @property
    def has_teacher(self) -> bool:
        """Whether any term asks a teacher."""
        return self.scores > 0 or self.boxes > 0


@dataclass(frozen=True, slots=True)
class Recipe:
    """
    One training run.

    Attributes:
        name: Name of the weights to make.

        architecture: ultralytics model file, for example ``yolov8n.yaml``.

        classes: What the model finds, in the order of the label files.

        topics: The classes each topic of the manifest answers; empty where every image answers for all of them.

        held: Groups whose training part gives up 15 % of its look-alike clusters, kept back for evaluation.

        width: Width multiple in place of the architecture's own; 0 keeps that.

        initial: How the weights start: ``load`` (the given file), ``slim`` (its most important channels, see
            :mod:`pruning`), ``graft`` (every tensor of the given file that fits, the rest at random: other classes)
            or ``random``.

        activation: ``hardswish`` puts that in place of SiLU before training (see :mod:`activation`); ``silu`` leaves
            what the weights have.

        activation_first: So many of the network's modules, from the picture on, get that activation; 0 is all. Most of
            the time goes into the first three of YOLOv8, whose outputs are the largest, and only the fourth reads them.

        class_width: Channels of the head's class branch, its most important ones (see :mod:`pruning`); 0 keeps all.
            YOLOv8 gives it 128 at s for eighty classes; two can be told apart by fewer.

        learns: ``all``, or ``class_branch``: the head's class branch alone. Everything before it stays, and so does
            where boxes are; only how sure the network is of them changes.

        keeps_norms: Batch norms keep the statistics that they have, instead of going by each batch: for a network that
            is to answer like its teacher and is near it already.

        budget_s: Wall-clock length of the schedule. Learning rate and augmentation follow elapsed time, so the
            schedule ends when the budget does, on any machine.

        batch: Images a step.

        side_px: Training side; images are stored with this longest side.

        height_px: Height of the pictures that are learned from, rows around the middle of the square that an image is
            stored in; 0 takes the square. Cameras give 16:9: 384 rows of 640 spare a step two fifths of its time.

        look_px: Longest side at which the released model looks at pictures and is measured; 0 is the training side.

        optimiser: ``sgd`` (Nesterov; long runs on a GPU) or ``adamw`` (short runs: recovers a slimmed model sooner).

        learning_rate: Peak of the cosine.

        final_rate: Last learning rate as a share of the peak.

        momentum: SGD momentum, AdamW's first beta.

        weight_decay: For convolution weights only.

        warmup: Share of the budget over which the rate climbs from zero.

        plain: Share of the budget at the end without mosaic and mixup.

        ema: Decay of the weight average that is validated and released.

        ema_ramp: Steps over which that decay builds up.

        class_gain: Gain of the classification loss (box 7.5 and distribution 1.5 stay as in ultralytics).

        blend: How far the released weights lie on the way from the first to the tuned ones, where training starts
            from weights of the same shape. Half of the way keeps what the first knew of pictures that are few among
            the new ones.

        check_every_s: Seconds between validations.

        check_limit: Validate on about this many images while training; 0 takes all (a CPU cannot afford that).

        repeat: Sampling weight by name prefix; 1 where none matches.

        seed: Seed of every random draw.
    """

    name: str
    architecture: str
    classes: tuple[str, ...] = CLASS_NAMES
    topics: dict[str, tuple[str, ...]] = field(default_factory=dict)
    held: tuple[str, ...] = ("distant",)
    width: float = 0.0
    initial: str = "load"
    activation: str = "silu"
    activation_first: int = 0
    class_width: int = 0
    learns: str = "all"
    keeps_norms: bool = False
    budget_s: float = 600.0
    batch: int = 64
    side_px: int = 640
    height_px: int = 0
    look_px: int = 0
    optimiser: str = "sgd"
    learning_rate: float = 0.01
    final_rate: float = 0.01
    momentum: float = 0.937
    weight_decay: float = 5e-4
    warmup: float = 0.03
    plain: float = 0.08
    ema: float = 0.9998
    ema_ramp: float = 2000.0
    class_gain: float = 0.5
    blend: float = 1.0
    check_every_s: float = 90.0
    check_limit: int = 0
    repeat: dict[str, float] = field(default_factory=dict)
    seed: int = 7
    augmentation: Augmentation = field(default_factory=Augmentation)
    synthesis: Synthesis = field(default_factory=Synthesis)
    repair: Repair = field(default_factory=Repair)
    distillation: Distillation = field(default_factory=Distillation)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return the recipe in ``path``. Raises RecipeError on unknown keys and values out of range."""
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            message = f"cannot read recipe {path}: {error}"
            raise RecipeError(message) from None
        parts = {
            "augmentation": Augmentation,
            "synthesis": Synthesis,
            "repair": Repair,
            "distillation": Distillation,
        }
        values: dict[str, Any] = {}
        for key, value in table.items():
            if key == "topics":
                values[key] = {topic: tuple(names) for topic, names in value.items()}
            elif key in parts:
                values[key] = parts[key](**_known(parts[key], value, path))
            else:
                values[key] = value
        try:
            recipe = cls(**_known(cls, values, path))
        except TypeError:
            message = f"{path}: a recipe needs at least a name and an architecture"
            raise RecipeError(message) from None
        if wrong := recipe.fault():
            message = f"{path}: {wrong}"
            raise RecipeError(message)
        return recipe

    def fault(self) -> str:
        """Return what is wrong with the values, the first of it, or nothing."""
        wanted = {
            f"initial must be load, slim, graft or random, got {self.initial!r}": self.initial
            in {"load", "slim", "graft", "random"},
            f"activation must be silu or hardswish, got {self.activation!r}": self.activation in {"silu", "hardswish"},
            f"learns must be all or class_branch, got {self.learns!r}": self.learns in {"all", "class_branch"},
            f"optimiser must be sgd or adamw, got {self.optimiser!r}": self.optimiser in {"sgd", "adamw"},
            "a teacher that teaches alone needs a gain: scores or boxes": self.distillation.has_teacher
            or not self.distillation.alone,
            "a network with another class_width has nothing halfway to the first weights: blend must be 1": self.blend
            == 1
            or not self.class_width,
            "budget_s and batch must be positive, side_px, height_px and look_px multiples of 32": self.budget_s > 0
            and self.batch >= 1
            and not any(length % 32 for length in (self.side_px, self.height_px, self.look_px)),
            "height_px must be at most side_px": 0 <= self.height_px <= self.side_px,
        }
        return next((said for said, holds in wanted.items() if not holds), "")

    @property
    def shown_px(self) -> int:
        """Longest side at which the released model looks at pictures."""
        return self.look_px or self.side_px

    def table(self) -> dict[str, object]:
        """Return the recipe as plain values, ready for JSON."""
        return asdict(self)


def _known(kind: type, values: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return ``values`` with lists as tuples. Raises RecipeError when a key is no field of ``kind``."""
    names = {item.name for item in fields(kind)}
    unknown = sorted(set(values) - names)
    if unknown:
        message = f"{path}: unknown {kind.__name__} keys {', '.join(unknown)}; known: {', '.join(sorted(names))}"
        raise RecipeError(message)
    return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
