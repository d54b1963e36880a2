"""Contents of a package: whether its files, its hash list and its manifest agree."""

import json
from collections.abc import Collection, Mapping

from api.contract.evidence.manifest import Manifest
from api.contract.evidence.package import NOT_EVIDENCE, OPTIONAL, UNLISTED, PackageFiles
from api.contract.trust.stamp import Digests, StampError


def listing_faults(package: PackageFiles, listed: Collection[str]) -> list[str]:
    """Return one sentence for each file that the hash list or the package has, and should not have, or lacks."""
    there = set(package.sizes)
    faults = [f"{name} is not allowed in a package" for name in package.strangers]
    faults += [f"{name} is missing" for name in sorted(set(listed) - there)]
    faults += [f"{name} is not in SHA256SUMS" for name in sorted(there - set(listed) - UNLISTED)]
    faults += [f"{name} must be listed in SHA256SUMS" for name in sorted(NOT_EVIDENCE - set(listed))]
    faults += [f"{name} cannot be listed in SHA256SUMS" for name in sorted(UNLISTED & set(listed))]
    return faults


def manifest_faults(manifest: Manifest, listed: Collection[str], found: Mapping[str, Digests]) -> list[str]:
    """
    Return one sentence for each file on which the manifest differs from hash list and bytes.

    Args:
        manifest: of the package.
        listed: names in ``SHA256SUMS``.
        found: digests of the files that are there.
    """
    stated = {entry.name: entry for entry in manifest.files}
    faults = [f"{name} is not in the manifest" for name in sorted(set(listed) - NOT_EVIDENCE - OPTIONAL - set(stated))]
    faults += [f"the manifest's {name} is not in SHA256SUMS" for name in sorted(set(stated) - set(listed))]
    for name, entry in stated.items():
        digests = found.get(name)
        if digests is None:
            continue
        if (entry.size, entry.sha256) != (digests.size, digests.sha256):
            faults.append(f"the manifest states another size or SHA-256 for {name}")
        if entry.sm3 is not None and digests.sm3 is not None and entry.sm3 != digests.sm3:
            faults.append(f"the manifest states another SM3 for {name}")
    return faults


def count_frames(detections: bytes) -> int:
    """Return how many analysed frames a ``detections.jsonl`` holds; raise `StampError` unless each is an object."""
    lines = detections.split(b"\n")
    if lines.pop():
        raise StampError("detections.jsonl does not end with a newline")
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise StampError(f"detections.jsonl line {number} is not JSON") from error
        if not isinstance(entry, dict):
            raise StampError(f"detections.jsonl line {number} is not an object")
    return len(lines)
