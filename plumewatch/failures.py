"""Faults of usage: what the person at the terminal can mend, each told in one sentence."""

import sys
from importlib.util import find_spec
from pathlib import Path

from api.contract.durable import why_not


class UsageError(Exception):
    """Something in the question was wrong; the message is the sentence to show."""


def need_the_training_extra(*modules: str) -> None:
    """Raise `UsageError` where what is needed of the extra ``train`` is not installed."""
    if missing := [name for name in modules or ("torch", "ultralytics", "onnx") if find_spec(name) is None]:
        message = f"this needs the training extra (missing: {', '.join(missing)}): pip install 'plumewatch[train]'"
        raise UsageError(message)


TOLD = {
    "api.trust.checkpoints": "LogError",
    "api.contract.trust.stamp": "ContractError",
    "api.trust.credentials": "CredentialsError",
    "api.trust.keys": "KeysError",
    "benchmarks.errors": "BenchmarkError",
    "models.detector": "ModelError",
    "plumewatch.failures": "UsageError",
    "streams.errors": "StreamError",
    "vision.config.worker": "ConfigError",
    "vision.durable": "StorageError",
    "vision.evidence.node": "NodeError",
}
"""Module and name of every fault that says in one sentence what the user can mend."""


def sentence_for(error: Exception) -> str | None:
    """Return the sentence for a fault that the user can mend, or ``None`` for one of ours."""
    # What nobody has imported nobody has raised: importing all of them would take longer than most commands.
    told = tuple(getattr(sys.modules[module], name) for module, name in TOLD.items() if module in sys.modules)
    if isinstance(error, told):
        return str(error)
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{Path(str(error.filename))}: {why_not(Path(str(error.filename)), error)}"
    return None
