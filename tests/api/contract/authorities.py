"""Time-stamp authorities for tests: one that openssl runs, and how openssl checks an answer."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

CONFIG = """
[ tsa ]
default_tsa = tsa1
[ tsa1 ]
serial = ./serial
crypto_device = builtin
signer_cert = ./tsa.crt
signer_key = ./tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = {ess}
{certs}
[ ca_ext ]
basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
[ tsa_ext ]
basicConstraints=CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage={eku}
"""


@dataclass(frozen=True)
class OpensslAuthority:
    """A folder with ``root.crt``, ``middle.crt`` under it and ``tsa.crt`` under that, and the keys."""

    folder: Path

    @property
    def root(self) -> bytes:
        """The root's certificate, PEM."""
        return (self.folder / "root.crt").read_bytes()

    @property
    def chain(self) -> bytes:
        """The authority's certificate and the one between it and the root, PEM."""
        return (self.folder / "tsa.crt").read_bytes() + (self.folder / "middle.crt").read_bytes()

    def answer(self, request: bytes) -> bytes:
        """Return openssl's answer to a request."""
        (self.folder / "q.tsq").write_bytes(request)
        _run(self.folder, "openssl ts -reply -config tsa.cnf -section tsa1 -queryfile q.tsq -out a.tsr")
        return (self.folder / "a.tsr").read_bytes()


def make_authority(
    folder: Path,
    *,
    rsa: bool = False,
    ess: str = "sha256",
    eku: str = "critical,timeStamping",
    chained: bool = False,
    days: int = 3650,
) -> OpensslAuthority:
    """Make an authority with openssl; ``chained`` puts all its certificates into every answer."""
    folder.mkdir(parents=True, exist_ok=True)
    certs = "certs = ./chain.pem" if chained else ""
    (folder / "tsa.cnf").write_text(CONFIG.format(ess=ess, eku=eku, certs=certs))
    (folder / "serial").write_text("01\n")
    new_key = "-newkey " + ("rsa:2048" if rsa else "ec -pkeyopt ec_paramgen_curve:prime256v1") + " -nodes"
    signed = "openssl x509 -req -CAcreateserial -extfile tsa.cnf"
    for command in (
        f"openssl req -x509 {new_key} -keyout root.key -out root.crt -subj /CN=Root -days 3650",
        f"openssl req {new_key} -keyout middle.key -out middle.csr -subj /CN=Middle",
        f"{signed} -extensions ca_ext -in middle.csr -CA root.crt -CAkey root.key -out middle.crt -days 3650",
        f"openssl req {new_key} -keyout tsa.key -out tsa.csr -subj /CN=TestTSA",
        f"{signed} -extensions tsa_ext -in tsa.csr -CA middle.crt -CAkey middle.key -out tsa.crt -days {days}",
    ):
        _run(folder, command)
    (folder / "chain.pem").write_bytes(b"".join((folder / f"{n}.crt").read_bytes() for n in ("root", "middle")))
    return OpensslAuthority(folder)


def openssl_accepts(
    place: Path, answer: bytes, data: bytes, roots: bytes, untrusted: bytes, at: int | None = None
) -> bool:
    """Return whether ``openssl ts -verify`` accepts `answer` for `data`."""
    place.mkdir(parents=True, exist_ok=True)
    for name, content in (("tsr", answer), ("data", data), ("roots", roots), ("untrusted", untrusted)):
        (place / name).write_bytes(content)
    command = "openssl ts -verify -data data -in tsr -CAfile roots -untrusted untrusted"
    command += "" if at is None else f" -attime {at}"
    return subprocess.run(command.split(), cwd=place, check=False, capture_output=True).returncode == 0


def _run(folder: Path, command: str) -> None:
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
