"""Canonical JSON, hash lists, signatures and digests."""

import io
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from api.contract.trust.stamp import (
    FILE_NAME_PATTERN,
    Digests,
    StampError,
    canonical_json,
    digests,
    parse_sha256_list,
    read_certificate,
    sha256_hex,
    sha256_list,
    sign,
    signature_holds,
)
from tests.api.contract.sample import TestSigner

HASH = "ab" * 32


def test_digests_of_nothing_and_of_abc() -> None:
    """SHA-256 and SM3 agree with the published vectors (FIPS 180-4, GB/T 32905 annex A)."""
    assert digests(io.BytesIO(b"")).size == 0
    assert digests(io.BytesIO(b"abc")) == Digests(
        3,
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
    )


def test_canonical_json_sorts_and_shortens() -> None:
    """Keys are sorted, numbers written as ECMAScript does, text is UTF-8 and not escaped."""
    assert canonical_json({"b": 1.0, "a": [1e21, 0.1, None, True], "三": "号"}) == (
        '{"a":[1e+21,0.1,null,true],"b":1,"三":"号"}'.encode()
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**60])
def test_canonical_json_refuses_what_json_cannot_hold(value: float) -> None:
    """Not-a-number, infinity and integers beyond 2^53 are errors, not silent changes."""
    with pytest.raises(StampError, match="canonical JSON"):
        canonical_json({"value": value})


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"\n", "line 1"),
        (f"{HASH}  a".encode(), "end with a newline"),
        (f"{HASH}  a\n\n".encode(), "line 2"),
        (f"{HASH} *a\n".encode(), "line 1"),
        (f"{HASH.upper()}  a\n".encode(), "line 1"),
        (f"{HASH[:-1]}  a\n".encode(), "line 1"),
        (f"{HASH}  b\n{HASH}  a\n".encode(), "order"),
        (f"{HASH}  a\n{HASH}  a\n".encode(), "order"),
        (f"{HASH}  a\r\n".encode(), "line 1"),
        (f"{HASH}  \xe4\n".encode("latin-1"), "not ASCII"),
        *((f"{HASH}  {name}\n".encode(), "line 1") for name in ("a/b", "..", "-a", ".a", "a b", "a\x00", "a" * 101)),
    ],
)
def test_a_hash_list_has_one_exact_form(data: bytes, reason: str) -> None:
    """Everything that ``sha256sum`` would read but our lists never hold is refused, with the line named."""
    with pytest.raises(StampError, match=reason):
        parse_sha256_list(data)


@given(st.dictionaries(st.from_regex(FILE_NAME_PATTERN, fullmatch=True), st.binary(), min_size=1, max_size=8))
def test_a_written_list_reads_back(files: dict[str, bytes]) -> None:
    """Writing and parsing are inverse for any legal names."""
    entries = {name: sha256_hex(data) for name, data in files.items()}
    assert parse_sha256_list(sha256_list(entries)) == entries


def test_sha256sum_writes_the_same_list(tmp_path: Path) -> None:
    """Our list is byte for byte what coreutils' ``sha256sum`` prints for names in the order of LC_ALL=C."""
    names = ["B.txt", "_x", "a-1", "a.b", "a1", "b"]
    for name in names:
        (tmp_path / name).write_text(name)
    done = subprocess.run(["sha256sum", *names], cwd=tmp_path, capture_output=True, check=True)
    assert sha256_list({name: sha256_hex(name.encode()) for name in reversed(names)}) == done.stdout


def test_a_signature_holds_for_its_data_and_key_alone() -> None:
    """Same key and data sign the same; other data, another key and a longer signature do not hold."""
    signer = TestSigner()
    signature = signer.sign(b"data")
    assert signature == signer.sign(b"data")
    assert signature_holds(signer.certificate, b"data", signature)
    assert not signature_holds(signer.certificate, b"Data", signature)
    assert not signature_holds(TestSigner().certificate, b"data", signature)
    assert not signature_holds(signer.certificate, b"data", signature + b"\x00")
    assert not signature_holds(signer.certificate, b"data", b"")


def test_only_p256_signs() -> None:
    """A key on another curve is refused in signing and in certificates."""
    with pytest.raises(StampError, match="P-256"):
        sign(ec.generate_private_key(ec.SECP384R1()), b"data")
    with pytest.raises(StampError, match="P-256"):
        read_certificate(TestSigner(key=ec.generate_private_key(ec.SECP384R1())).certificate_pem)


def test_a_certificate_file_holds_one_certificate() -> None:
    """Two certificates in ``node.crt`` would leave open whose signature it is."""
    pem = TestSigner().certificate_pem
    with pytest.raises(StampError, match="expected one certificate, found 2"):
        read_certificate(pem + pem)
