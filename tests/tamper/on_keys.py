"""Attacks on who signed a package: signatures, keys, certificates, and what a node seals itself."""

import json
from datetime import timedelta

from api.contract.evidence.report import CheckName
from api.contract.trust.checkpoint import Checkpoint, log_id_of, make_log_proof
from api.contract.trust.merkle import leaf_hash
from tests.api.contract.sample import SITES_POLICY, START, TestSigner
from tests.tamper.attack import Attacks, edit_manifest, other, strip
from tests.tamper.exhibit import Exhibit

attack = Attacks()


@attack("keys", "the signature of another package", CheckName.SIGNATURE)
def _(e: Exhibit) -> None:
    e.write("SHA256SUMS.sig", other(e).read("SHA256SUMS.sig"))


@attack("keys", "the signature removed", CheckName.SIGNATURE)
def _(e: Exhibit) -> None:
    (e.folder / "SHA256SUMS.sig").unlink()


@attack("keys", "all signed anew by a stranger", CheckName.IDENTITY, CheckName.TIME_STAMP, CheckName.LOG)
def _(e: Exhibit) -> None:
    e.write("clip.mp4", b"another clip")
    e.sign(TestSigner("worker-01"))


@attack("keys", "signed anew under a false authority of the same name", CheckName.IDENTITY)
def _(e: Exhibit) -> None:
    e.sign(TestSigner("worker-01", issuer=TestSigner("Bureau CA", ca=True)))


@attack("keys", "the certificate of another node of the bureau", CheckName.FILES, CheckName.SIGNATURE)
def _(e: Exhibit) -> None:
    e.write("node.crt", TestSigner("worker-02", issuer=e.authority).certificate_pem)


@attack("keys", "signed by a node whose certificate had ended", CheckName.IDENTITY)
def _(e: Exhibit) -> None:
    ended = TestSigner("worker-01", issuer=e.authority, start=START - timedelta(days=400), days=365)
    e.sign(ended)


@attack("keys", "signed by one whom a node vouches for", CheckName.IDENTITY)
def _(e: Exhibit) -> None:
    e.sign(TestSigner("worker-09", issuer=e.node))


@attack("keys", "two certificates in one file", CheckName.SIGNATURE)
def _(e: Exhibit) -> None:
    e.write("node.crt", e.node.certificate_pem + TestSigner("worker-02").certificate_pem)


@attack("keys", "changed and signed anew with the node's own stolen key", CheckName.TIME_STAMP, CheckName.LOG)
def _(e: Exhibit) -> None:
    edit_manifest(e, violation_code="V01_STACK_BLACK_SMOKE")
    e.sign()


def log_by_node(e: Exhibit, log_id: str) -> None:
    """Put the proof of a log of one leaf beside the package, its checkpoint signed by the node's key."""
    checkpoint = Checkpoint(f"plumewatch/{log_id[:16]}", 1, leaf_hash(e.sums))
    e.write("tlog.json", make_log_proof(log_id, 0, checkpoint, []).to_bytes())
    e.write("checkpoint.txt", checkpoint.to_bytes())
    e.write("checkpoint.sig", e.node.sign(checkpoint.to_bytes()))
    e.write("log.crt", e.node.certificate_pem)


@attack("keys", "the node's stolen key signs a checkpoint of the site's log", CheckName.LOG)
def _(e: Exhibit) -> None:
    strip(e, violation_code="V01_STACK_BLACK_SMOKE")
    e.sign()
    log_by_node(e, log_id_of(e.keys.root.certificate))


@attack("keys", "the node's stolen key signs a checkpoint of a log named after the bureau's key", CheckName.LOG)
def _(e: Exhibit) -> None:
    strip(e, violation_code="V01_STACK_BLACK_SMOKE")
    e.sign()
    log_by_node(e, log_id_of(e.authority.certificate))


@attack("keys", "a self-signed node signs a checkpoint of a log named after its own key", CheckName.LOG)
def _(e: Exhibit) -> None:
    e.enrol(TestSigner("worker-02", extensions=(SITES_POLICY,), ca=True))
    strip(e)
    e.sign(e.node)
    log_by_node(e, log_id_of(e.node.certificate))


# What a node seals itself: its own key, stamp and log agree, only the manifest does not

UNREAD = "no: it does not read the manifest"


@attack("nodes", "a file sealed that the manifest does not name", CheckName.CONTENTS, by_script=False, note=UNREAD)
def _(e: Exhibit) -> None:
    e.write("witness.txt", b"I saw it")
    lines = [*e.sums.decode().splitlines(), f"{'0' * 64}  witness.txt"]
    e.write("SHA256SUMS", "".join(f"{line}\n" for line in sorted(lines, key=lambda line: line[66:])).encode())
    e.seal()


@attack("nodes", "another clip sealed than the manifest tells of", CheckName.CONTENTS, by_script=False, note=UNREAD)
def _(e: Exhibit) -> None:
    e.write("clip.mp4", b"another clip")
    e.seal()


@attack("nodes", "a picture sealed that does not say where it is from", CheckName.ORIGIN, by_script=False, note=UNREAD)
def _(e: Exhibit) -> None:
    files = json.loads(e.read("manifest.json"))["files"]
    edit_manifest(e, files=[file | {"source": None} if file["name"] == "overlay.jpg" else file for file in files])
    e.seal()
