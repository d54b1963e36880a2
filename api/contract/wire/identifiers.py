"""Identifiers: the forms of ids, codes and hashes on the wire."""

from typing import Annotated

from pydantic import Field

LEAD_ID_PATTERN = r"^L[0-9]{8}-[0-9]{6,12}$"
CAMERA_ID_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
SHA256_PATTERN = r"^[0-9a-f]{64}$"
CODE_PATTERN = r"^V[0-9]{2}[A-Z]?_[A-Z_]+$"

LeadId = Annotated[str, Field(max_length=22, pattern=LEAD_ID_PATTERN)]
CameraIdText = Annotated[str, Field(max_length=64, pattern=CAMERA_ID_PATTERN)]
Sha256 = Annotated[str, Field(max_length=64, pattern=SHA256_PATTERN)]
Code = Annotated[str, Field(max_length=64, pattern=CODE_PATTERN)]
"""A row of the violation catalogue."""
CodeOrNone = Annotated[str, Field(max_length=64, pattern=r"^(V[0-9]{2}[A-Z]?_[A-Z_]+)?$")]
GbId = Annotated[str, Field(max_length=20, pattern=r"^([0-9]{20})?$", description="20-digit GB/T 28181 id")]
