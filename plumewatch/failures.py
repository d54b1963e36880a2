"""Faults of usage: what the person at the terminal can mend, each told in one sentence."""

from pathlib import Path


class UsageError(Exception):
    """Something in the question was wrong; the message is the sentence to show."""


def sentence_for(error: Exception) -> str | None:
    """Return the sentence for a fault that the user can mend, or ``None`` for one of ours."""
    from api.checkpoints import LogError  # noqa: PLC0415
    from api.contract.stamp import ContractError  # noqa: PLC0415
    from api.credentials import CredentialsError  # noqa: PLC0415
    from api.keys import KeysError  # noqa: PLC0415
    from benchmarks.errors import BenchmarkError  # noqa: PLC0415
    from models.detector import ModelError  # noqa: PLC0415
    from streams.errors import StreamError  # noqa: PLC0415
    from vision.config import ConfigError  # noqa: PLC0415
    from vision.durable import StorageError  # noqa: PLC0415
    from vision.node import NodeError  # noqa: PLC0415

    told = (
        UsageError,
        BenchmarkError,
        ConfigError,
        ContractError,
        CredentialsError,
        KeysError,
        LogError,
        ModelError,
        NodeError,
        StorageError,
        StreamError,
    )
    if isinstance(error, told):
        return str(error)
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{Path(str(error.filename))}: {error.strerror}"
    return None
