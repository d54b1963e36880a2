"""Attacks on a package's files: their bytes, names, order and number."""

import json
import os
import shutil

from api.contract.evidence.report import CheckName
from api.contract.trust.stamp import sha256_hex
from tests.tamper.attack import OTHER_LEAD, Attacks, edit_manifest
from tests.tamper.exhibit import Exhibit

attack = Attacks()


# Bytes


@attack("bytes", "one bit of the clip", CheckName.FILES)
def _(e: Exhibit) -> None:
    e.flip("clip.mp4", 5000)


@attack("bytes", "another clip, the hash list rewritten", CheckName.SIGNATURE, CheckName.TIME_STAMP, CheckName.LOG)
def _(e: Exhibit) -> None:
    e.write("clip.mp4", b"another clip")
    e.relist()


@attack("bytes", "a value in the manifest", CheckName.FILES)
def _(e: Exhibit) -> None:
    e.replace("manifest.json", b'"peak_confidence":0.875', b'"peak_confidence":0.999')


@attack("bytes", "a value in the manifest, the list rewritten", CheckName.SIGNATURE)
def _(e: Exhibit) -> None:
    e.replace("manifest.json", b'"peak_confidence":0.875', b'"peak_confidence":0.999')
    e.relist()


@attack("bytes", "another clip, manifest and list both rewritten", CheckName.SIGNATURE)
def _(e: Exhibit) -> None:
    e.write("clip.mp4", b"another clip")
    manifest = json.loads(e.read("manifest.json"))
    for file in manifest["files"]:
        if file["name"] == "clip.mp4":
            file |= {"size": 12, "sha256": sha256_hex(b"another clip"), "sm3": None}
    edit_manifest(e, files=manifest["files"])
    e.relist()


@attack("bytes", "a detection left out", CheckName.FILES)
def _(e: Exhibit) -> None:
    e.write("detections.jsonl", e.read("detections.jsonl").split(b"\n")[0] + b"\n")


@attack("bytes", "a verify.sh that always agrees", CheckName.FILES)
def _(e: Exhibit) -> None:
    e.write("verify.sh", b"#!/bin/bash\necho OK\nexit 0\n")


@attack("bytes", "the manifest as other JSON of the same meaning", CheckName.FILES, CheckName.MANIFEST)
def _(e: Exhibit) -> None:
    e.write("manifest.json", json.dumps(json.loads(e.read("manifest.json"))).encode())


# Names


@attack("names", "a file renamed", CheckName.LISTING)
def _(e: Exhibit) -> None:
    (e.folder / "f0001.png").rename(e.folder / "f0002.png")


@attack("names", "two files that change names", CheckName.FILES)
def _(e: Exhibit) -> None:
    clip, still = e.read("clip.mp4"), e.read("f0001.png")
    e.write("clip.mp4", still)
    e.write("f0001.png", clip)


@attack("names", "a name in the list that leads out of the folder", CheckName.LIST)
def _(e: Exhibit) -> None:
    e.replace("SHA256SUMS", b"  clip.mp4", b"  ../clip.mp4")


@attack("names", "the package under another lead's name", CheckName.LEAD_ID)
def _(e: Exhibit) -> None:
    e.folder = e.folder.rename(e.folder.parent / OTHER_LEAD)


# Order and form of the list


@attack("order", "two lines of the list exchanged", CheckName.LIST)
def _(e: Exhibit) -> None:
    first, second, *rest = e.sums.splitlines(keepends=True)
    e.write("SHA256SUMS", b"".join([second, first, *rest]))


@attack("order", "a line of the list twice", CheckName.LIST)
def _(e: Exhibit) -> None:
    first, *rest = e.sums.splitlines(keepends=True)
    e.write("SHA256SUMS", b"".join([first, first, *rest]))


@attack("order", "hashes in capital letters", CheckName.LIST)
def _(e: Exhibit) -> None:
    line = e.sums.splitlines()[0]
    e.replace("SHA256SUMS", line[:64], line[:64].upper())


@attack("order", "the list without its last newline", CheckName.LIST)
def _(e: Exhibit) -> None:
    e.write("SHA256SUMS", e.sums[:-1])


# Extra and missing files


@attack("order", "bytes in the list that nobody sees, sealed by the node", CheckName.LIST)
def _(e: Exhibit) -> None:
    e.replace("SHA256SUMS", b"  clip.mp4", b"  clip\0.mp4")
    e.write("SHA256SUMS.sig", e.node.sign(e.sums))
    e.stamp()
    e.log()


@attack("files", "a file added", CheckName.LISTING)
def _(e: Exhibit) -> None:
    e.write("witness.txt", b"I saw it")


@attack("files", "a hidden file added", CheckName.LISTING)
def _(e: Exhibit) -> None:
    e.write(".witness", b"I saw it")


@attack("files", "a file added and listed", CheckName.SIGNATURE, CheckName.CONTENTS)
def _(e: Exhibit) -> None:
    e.write("witness.txt", b"I saw it")
    lines = [*e.sums.decode().splitlines(), f"{sha256_hex(b'I saw it')}  witness.txt"]
    e.write("SHA256SUMS", "".join(f"{line}\n" for line in sorted(lines, key=lambda line: line[66:])).encode())


@attack("files", "the clip removed", CheckName.LISTING)
def _(e: Exhibit) -> None:
    (e.folder / "clip.mp4").unlink()


@attack("files", "the clip removed, the list shortened", CheckName.SIGNATURE, CheckName.CONTENTS)
def _(e: Exhibit) -> None:
    (e.folder / "clip.mp4").unlink()
    e.relist()


@attack("files", "a folder added", CheckName.LISTING)
def _(e: Exhibit) -> None:
    (e.folder / "frames").mkdir()


@attack("files", "the clip replaced by a link to itself", CheckName.LISTING)
def _(e: Exhibit) -> None:
    away = e.folder.parent / "clip-elsewhere.mp4"
    shutil.move(e.folder / "clip.mp4", away)
    (e.folder / "clip.mp4").symlink_to(away)


@attack("files", "the clip as a pipe", CheckName.LISTING)
def _(e: Exhibit) -> None:
    (e.folder / "clip.mp4").unlink()
    os.mkfifo(e.folder / "clip.mp4")
