"""Attacks on what proves a package: signatures, keys, time-stamps, clocks, the log, and whose lead it is."""

import json
import shutil
from datetime import timedelta

from api.contract.evidence.report import CheckName
from api.contract.trust.checkpoint import Checkpoint, log_id_of, make_log_proof
from api.contract.trust.der import encode_time
from api.contract.trust.merkle import leaf_hash
from api.contract.trust.stamp import sha256_hex
from api.contract.trust.timestamp_request import TimeStampRequest
from api.trust.authority import SiteAuthority
from api.trust.keys import SiteKey, open_site_keys
from tests.api.contract.sample import FOR_STAMPS, LEAD_ID, SITES_POLICY, START, TestSigner, make_package
from tests.tamper.attack import OTHER_LEAD, Attacks, edit_manifest, edit_proof, other, strip
from tests.tamper.exhibit import CHECKED, LEAF, MADE, STAMPED, Exhibit, stamp_of

attack = Attacks()


def stamp_by(e: Exhibit, signer: TestSigner) -> None:
    """Put a time-stamp beside the package that somebody's own key made."""
    request = TimeStampRequest(bytes.fromhex(sha256_hex(e.sums))).to_bytes()
    authority = SiteAuthority(SiteKey(signer.key, signer.certificate), lambda: MADE)
    e.write("SHA256SUMS.tsr", authority.answer(request))
    e.write("tsa.crt", signer.certificate_pem)


# Signatures and keys


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


# Time-stamps


@attack("time-stamps", "the stamp of another package", CheckName.TIME_STAMP)
def _(e: Exhibit) -> None:
    e.write("SHA256SUMS.tsr", other(e).read("SHA256SUMS.tsr"))


@attack("time-stamps", "a stamp of a false authority", CheckName.TIME_STAMP)
def _(e: Exhibit) -> None:
    e.stamp(open_site_keys(e.folder.parent / "false", "", START - timedelta(days=1)))


@attack("time-stamps", "the stamp's time changed", CheckName.TIME_STAMP)
def _(e: Exhibit) -> None:
    e.replace("SHA256SUMS.tsr", encode_time(STAMPED), encode_time(STAMPED - timedelta(days=20)))


@attack("time-stamps", "a stamp by a key that is not for stamps", CheckName.TIME_STAMP)
def _(e: Exhibit) -> None:
    request = TimeStampRequest(bytes.fromhex(sha256_hex(e.sums))).to_bytes()
    e.write("SHA256SUMS.tsr", SiteAuthority(e.keys.log, lambda: STAMPED).answer(request))
    e.write("tsa.crt", e.keys.log.pem)


@attack("time-stamps", "a stamp of an authority whose certificate had ended", CheckName.TIME_STAMP)
def _(e: Exhibit) -> None:
    late = e.keys.stamps.certificate.not_valid_after_utc + timedelta(days=1)
    request = TimeStampRequest(bytes.fromhex(sha256_hex(e.sums))).to_bytes()
    e.write("SHA256SUMS.tsr", SiteAuthority(e.keys.stamps, lambda: late).answer(request))


@attack("time-stamps", "a refusal in the place of a stamp", CheckName.TIME_STAMP)
def _(e: Exhibit) -> None:
    e.write("SHA256SUMS.tsr", bytes.fromhex("30053003020102"))


@attack("time-stamps", "a bit of the certificate that comes in the stamp", CheckName.TIME_STAMP)
def _(e: Exhibit) -> None:
    e.flip("SHA256SUMS.tsr", e.read("SHA256SUMS.tsr").rindex(b"site time-stamps"))


@attack("time-stamps", "a bit of the authority's certificate beside the stamp that brings it", CheckName.TIME_STAMP)
def _(e: Exhibit) -> None:
    e.flip("tsa.crt", len(e.read("tsa.crt")) // 2)


@attack("time-stamps", "the authority's certificate replaced", CheckName.LOG, by_script=True)
def _(e: Exhibit) -> None:
    request = TimeStampRequest(bytes.fromhex(sha256_hex(e.read("checkpoint.txt"))), with_certificate=False).to_bytes()
    e.write("checkpoint.tsr", SiteAuthority(e.keys.stamps, lambda: CHECKED).answer(request))
    e.write("tsa.crt", open_site_keys(e.folder.parent / "false", "", START).stamps.pem)


@attack("time-stamps", "something hidden behind the stamp", CheckName.TIME_STAMP)
def _(e: Exhibit) -> None:
    e.write("SHA256SUMS.tsr", e.read("SHA256SUMS.tsr") + b"hidden")


@attack("time-stamps", "something hidden behind the checkpoint's stamp", CheckName.LOG)
def _(e: Exhibit) -> None:
    e.write("checkpoint.tsr", e.read("checkpoint.tsr") + b"hidden")


@attack("time-stamps", "a damaged certificate beside the authority's", CheckName.TIME_STAMP, CheckName.LOG)
def _(e: Exhibit) -> None:
    damaged = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    e.write("tsa.crt", e.read("tsa.crt") + damaged)


@attack(
    "time-stamps", "a node whose own certificate is for time-stamps stamps itself, dated back", CheckName.TIME_STAMP
)
def _(e: Exhibit) -> None:
    e.enrol(TestSigner("worker-02", extensions=(FOR_STAMPS,)))
    strip(e)
    e.sign(e.node)
    stamp_by(e, e.node)


@attack("time-stamps", "a node whose own certificate may issue others makes itself an authority", CheckName.TIME_STAMP)
def _(e: Exhibit) -> None:
    e.enrol(TestSigner("worker-02", ca=True))
    strip(e)
    e.sign(e.node)
    stamp_by(e, TestSigner("Time-stamps", issuer=e.node, extensions=(FOR_STAMPS,)))


# Clocks


@attack("clocks", "made after it was stamped: the node's clock ahead, or an old stamp", CheckName.TIME_STAMP)
def _(e: Exhibit) -> None:
    e.stamp(at=MADE - timedelta(hours=2))


@attack("clocks", "logged before it was made: a checkpoint with the clock set back", CheckName.LOG)
def _(e: Exhibit) -> None:
    e.log(at=MADE - timedelta(hours=2))


@attack("clocks", "the whole package dated back before its node's certificate", CheckName.IDENTITY)
def _(e: Exhibit) -> None:
    edit_manifest(e, created_utc="2026-10-01T08:00:00.000Z")
    e.sign()
    e.stamp()
    e.log()


# The log


@attack("log", "the proof of another package", CheckName.LOG)
def _(e: Exhibit) -> None:
    source = other(e)
    for name in ("tlog.json", "checkpoint.txt", "checkpoint.sig", "checkpoint.tsr"):
        e.write(name, source.read(name))


@attack("log", "another place in the log", CheckName.LOG)
def _(e: Exhibit) -> None:
    edit_proof(e, index=LEAF - 1)


@attack("log", "a path with a step left out", CheckName.LOG)
def _(e: Exhibit) -> None:
    edit_proof(e, path=json.loads(e.read("tlog.json"))["path"][:-1])


@attack("log", "a path with a step too many", CheckName.LOG)
def _(e: Exhibit) -> None:
    edit_proof(e, path=[*json.loads(e.read("tlog.json"))["path"], "00" * 32])


@attack("log", "its place in the log as other text of the same number", CheckName.LOG)
def _(e: Exhibit) -> None:
    e.replace("tlog.json", b'"index":5', b'"index":05')


@attack("log", "a comma too many in its path", CheckName.LOG)
def _(e: Exhibit) -> None:
    e.replace("tlog.json", b'"],"root"', b'",],"root"')


@attack("log", "an empty line behind its proof", CheckName.LOG)
def _(e: Exhibit) -> None:
    e.write("tlog.json", e.read("tlog.json") + b"\n")


@attack("log", "bytes in its proof that nobody sees", CheckName.LOG)
def _(e: Exhibit) -> None:
    e.replace("tlog.json", b'"path"', b'"pa\0th"')


@attack("log", "a second certificate beside the log's", CheckName.LOG)
def _(e: Exhibit) -> None:
    e.write("log.crt", e.read("log.crt") + TestSigner("witness").certificate_pem)


@attack("log", "the log's certificate in a form that only openssl reads", CheckName.LOG)
def _(e: Exhibit) -> None:
    e.write("log.crt", e.read("log.crt").replace(b"CERTIFICATE", b"TRUSTED CERTIFICATE"))


@attack("log", "a larger tree claimed", CheckName.LOG)
def _(e: Exhibit) -> None:
    edit_proof(e, tree_size=12)


@attack("log", "another log's id", CheckName.LOG)
def _(e: Exhibit) -> None:
    edit_proof(e, log_id="ab" * 32)


@attack("log", "a checkpoint rewritten without its signature", CheckName.LOG)
def _(e: Exhibit) -> None:
    edit_proof(e, root="cd" * 32)
    lines = e.read("checkpoint.txt").split(b"\n")
    lines[2] = b"zc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc0="
    e.write("checkpoint.txt", b"\n".join(lines))


@attack("log", "a forked log: a false log's checkpoint over the package", CheckName.LOG)
def _(e: Exhibit) -> None:
    e.log(open_site_keys(e.folder.parent / "false", "", START - timedelta(days=1)))
    (e.folder / "checkpoint.tsr").unlink()


@attack("log", "a forked log: the site's own checkpoint of a tree without the package", CheckName.LOG)
def _(e: Exhibit) -> None:
    e.log(leaves=e.leaves)


@attack("log", "a shortened log: the site's own checkpoint from before the package", CheckName.LOG)
def _(e: Exhibit) -> None:
    proof = e.read("tlog.json")
    e.log(leaves=[*e.leaves[: LEAF + 1]])
    e.write("tlog.json", proof)


@attack("log", "the stamp of another checkpoint", CheckName.LOG)
def _(e: Exhibit) -> None:
    e.write("checkpoint.tsr", stamp_of(e.keys, b"another checkpoint\n", CHECKED))


@attack("log", "the checkpoint removed", CheckName.LOG)
def _(e: Exhibit) -> None:
    (e.folder / "checkpoint.txt").unlink()


@attack("log", "the checkpoint's signature swapped", CheckName.LOG)
def _(e: Exhibit) -> None:
    e.write("checkpoint.sig", e.node.sign(e.read("checkpoint.txt")))


# Leads


@attack("leads", "the lead's number changed, all signed anew by the node", CheckName.TIME_STAMP, CheckName.LOG)
def _(e: Exhibit) -> None:
    edit_manifest(e, lead_id=OTHER_LEAD)
    e.sign()
    e.folder = e.folder.rename(e.folder.parent / OTHER_LEAD)


@attack(
    "leads", "a second package for the same lead, under the first one's proofs", CheckName.TIME_STAMP, CheckName.LOG
)
def _(e: Exhibit) -> None:
    second = make_package(e.folder.parent / "second", e.node, LEAD_ID, created_utc=MADE + timedelta(seconds=1)).folder
    for name in (
        "SHA256SUMS.tsr",
        "tsa.crt",
        "tlog.json",
        "checkpoint.txt",
        "checkpoint.sig",
        "checkpoint.tsr",
        "log.crt",
    ):
        shutil.copy(e.folder / name, second / name)
    e.folder = second


@attack("leads", "the evidence of another lead in this lead's folder", CheckName.LEAD_ID)
def _(e: Exhibit) -> None:
    away = other(e)
    shutil.rmtree(e.folder)
    away.folder.rename(e.folder)
