"""
The chain of a camera's packages: each names the hash of the one before, so that none can be taken out unseen.

    chain/<camera id>.json      hash of the camera's newest package that was delivered: the next one names it
"""

import contextlib
from dataclasses import dataclass
from pathlib import Path

import structlog
from pydantic import ValidationError

from api.contract.evidence.manifest import FIRST_PACKAGE, Gap, parse_manifest
from api.contract.evidence.package import MANIFEST, SUMS
from api.contract.trust.stamp import StampError, sha256_hex
from api.contract.wire.document import Wire
from api.contract.wire.identifiers import LeadId, Sha256
from vision.durable import make_folder, remove_partial, write_durably

log = structlog.get_logger(__name__)

HASH_LOST = "the hash of this camera's previous package was lost on the node"
"""Reason of the gap of a package that begins its camera's chain anew."""


class ChainHead(Wire):
    """``chain/<camera id>.json``: the camera's newest package."""

    sums_sha256: Sha256
    lead_id: LeadId


@dataclass(frozen=True, slots=True)
class Link:
    """A sealed package's place in its camera's chain."""

    camera_id: str
    previous: str
    sums_sha256: str


def link_of(place: Path) -> Link:
    """Return the link of the sealed package in the case at `place`; raise `OSError` or `StampError` without one."""
    sealed = place / place.name
    manifest = parse_manifest((sealed / MANIFEST).read_bytes())
    return Link(manifest.camera.id, manifest.prev_package_sha256, sha256_hex((sealed / SUMS).read_bytes()))


class PackageChain:
    """The newest package of each camera of one node, by `folder`, and the packages under `cases` that follow it."""

    def __init__(self, folder: Path, cases: Path) -> None:
        self._folder = folder
        self._cases = cases
        make_folder(folder)
        remove_partial(folder)

    def previous(self, camera_id: str) -> tuple[str, tuple[Gap, ...]]:
        """
        Return the hash of the camera's newest sealed package, and the gap to state where it has been lost.

        Packages that are sealed but could not be delivered yet (a full disk) belong to the chain as well.
        """
        head = self._head(camera_id)
        if head is None:
            return FIRST_PACKAGE, (Gap(reason=HASH_LOST),)
        following = {}
        for place in self._cases.iterdir():
            with contextlib.suppress(StampError, OSError):  # a damaged case is for `recover` to report
                if (link := link_of(place)).camera_id == camera_id:
                    following[link.previous] = link.sums_sha256
        while head in following:
            head = following.pop(head)
        return head, ()

    def advance(self, link: Link, lead_id: str) -> None:
        """Make the package of `lead_id` its camera's newest where it follows the one written down, or that is lost."""
        head = self._head(link.camera_id)
        if head is None or head == link.previous:
            newest = ChainHead(sums_sha256=link.sums_sha256, lead_id=lead_id)
            write_durably(self._file(link.camera_id), newest.model_dump_json().encode())

    def _file(self, camera_id: str) -> Path:
        return self._folder / f"{camera_id}.json"

    def _head(self, camera_id: str) -> str | None:
        """Return the hash of the camera's newest package as written down; ``None`` where the record is damaged."""
        path = self._file(camera_id)
        if not path.exists():
            return FIRST_PACKAGE
        try:
            return ChainHead.model_validate_json(path.read_bytes()).sums_sha256
        except ValidationError:
            log.exception("chain of packages damaged", camera=camera_id)
            return None
