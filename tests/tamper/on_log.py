"""Attacks on the log's proof of a package, and on whose lead it is."""

import json
import shutil
from datetime import timedelta

from api.contract.evidence.report import CheckName
from api.trust.keys import open_site_keys
from tests.api.contract.sample import LEAD_ID, START, TestSigner, make_package
from tests.tamper.attack import OTHER_LEAD, Attacks, edit_manifest, edit_proof, other
from tests.tamper.exhibit import CHECKED, LEAF, MADE, Exhibit, stamp_of

attack = Attacks()


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
