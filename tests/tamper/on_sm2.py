"""Attacks on the second signature, by SM2, of a package that has one."""

import tempfile
from pathlib import Path

from api.contract.evidence.package import SM2_CERTIFICATE, SM2_SIGNATURE
from api.contract.evidence.report import CheckName
from api.contract.trust import sm2
from api.contract.trust.stamp import parse_sha256_list, sha256_hex, sha256_list
from tests.tamper.attack import Attacks
from tests.tamper.exhibit import Exhibit

attack = Attacks()
KIND = "SM2"


class StrangerSm2:
    """An SM2 key of somebody else with a certificate for any name."""

    def __init__(self, name: str = "worker-01") -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "key"
            sm2.make_key(path)
            self._key = path.read_bytes()
            self.certificate_pem = sm2.self_signed(path, name)

    def sign(self, data: bytes) -> bytes:
        """Return the detached signature over `data`."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "key"
            path.write_bytes(self._key)
            return sm2.sign(path, data)


def relist_without_sm2(e: Exhibit) -> None:
    """Rewrite the list without the SM2 certificate, signed by nobody anew."""
    names = [name for name in parse_sha256_list(e.sums) if name != SM2_CERTIFICATE]
    e.write("SHA256SUMS", sha256_list({name: sha256_hex(e.read(name)) for name in names}))


@attack(KIND, "one bit of the SM2 signature", CheckName.SM2)
def _(e: Exhibit) -> None:
    e.flip(SM2_SIGNATURE, -1)


@attack(KIND, "the SM2 signature removed", CheckName.SM2)
def _(e: Exhibit) -> None:
    (e.folder / SM2_SIGNATURE).unlink()


@attack(KIND, "the SM2 signature emptied", CheckName.SM2)
def _(e: Exhibit) -> None:
    e.write(SM2_SIGNATURE, b"")


@attack(KIND, "signature and certificate removed", CheckName.LISTING, CheckName.SM2)
def _(e: Exhibit) -> None:
    (e.folder / SM2_SIGNATURE).unlink()
    (e.folder / SM2_CERTIFICATE).unlink()


@attack(KIND, "signature and certificate removed, the list rewritten", CheckName.SIGNATURE)
def _(e: Exhibit) -> None:
    (e.folder / SM2_SIGNATURE).unlink()
    (e.folder / SM2_CERTIFICATE).unlink()
    relist_without_sm2(e)


@attack(KIND, "signed by a stranger under the node's name", CheckName.FILES)
def _(e: Exhibit) -> None:
    stranger = StrangerSm2()
    e.write(SM2_CERTIFICATE, stranger.certificate_pem)
    e.write(SM2_SIGNATURE, stranger.sign(e.sums))


@attack(KIND, "signed by a stranger, the list rewritten", CheckName.SIGNATURE)
def _(e: Exhibit) -> None:
    e.write(SM2_CERTIFICATE, StrangerSm2().certificate_pem)
    e.relist()
    e.write(SM2_SIGNATURE, StrangerSm2().sign(e.sums))


@attack(KIND, "the SM2 signature of another list", CheckName.SM2)
def _(e: Exhibit) -> None:
    e.write(SM2_SIGNATURE, StrangerSm2().sign(e.sums + b" "))


@attack(KIND, "the node's ECDSA signature in its place", CheckName.SM2)
def _(e: Exhibit) -> None:
    e.write(SM2_SIGNATURE, e.read("SHA256SUMS.sig"))


@attack(KIND, "an ECDSA certificate in the SM2 one's place, signed by the node", CheckName.SM2)
def _(e: Exhibit) -> None:
    e.write(SM2_CERTIFICATE, e.node.certificate_pem)
    e.seal()
    e.write(SM2_SIGNATURE, e.read("SHA256SUMS.sig"))


@attack(KIND, "SM2 alone: the node's signature removed", CheckName.SIGNATURE)
def _(e: Exhibit) -> None:
    (e.folder / "SHA256SUMS.sig").unlink()


@attack(KIND, "another clip, list rewritten and signed by the stolen SM2 key alone", CheckName.SIGNATURE)
def _(e: Exhibit) -> None:
    e.write("clip.mp4", b"another clip")
    e.relist()
    assert e.sm2 is not None
    e.write(SM2_SIGNATURE, e.sm2.sign(e.sums))
