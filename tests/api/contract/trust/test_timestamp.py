"""Time-stamps are read and judged as ``openssl ts -verify`` judges them, from whatever authority they come."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.contract.trust.stamp import read_certificates
from api.contract.trust.timestamp import TimeStamp, TimeStampKind, check_time_stamp
from api.contract.trust.timestamp_request import TimeStampError, TimeStampRequest, read_request
from tests.api.contract.authorities import OpensslAuthority, make_authority, openssl_accepts

DATA = b"the list\n"
DIGEST = hashlib.sha256(DATA).digest()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> OpensslAuthority:
    """An authority whose answers hold the root's, the middle's and its own certificate, unsorted."""
    return make_authority(tmp_path_factory.mktemp("tsa") / "chained", chained=True)


@pytest.fixture(scope="module")
def answer(authority: OpensslAuthority) -> bytes:
    """Its answer for `DATA`."""
    return authority.answer(TimeStampRequest(DIGEST, 7).to_bytes())


def ours(answer: bytes, roots: bytes, digest: bytes = DIGEST, sent: bytes = b"") -> TimeStamp:
    between = read_certificates(sent) if sent else []
    return check_time_stamp(answer, digest, certificates=between, roots=read_certificates(roots))


def accepts(answer: bytes, roots: bytes, data: bytes = DATA, sent: bytes = b"") -> bool:
    try:
        ours(answer, roots, hashlib.sha256(data).digest(), sent)
    except TimeStampError:
        return False
    return True


@pytest.mark.parametrize("rsa", [False, True])
@pytest.mark.parametrize("ess", ["sha1", "sha256"])
@pytest.mark.parametrize("chained", [False, True])
def test_answers_of_an_authority_hold(tmp_path: Path, rsa: bool, ess: str, chained: bool) -> None:
    """ECDSA and RSA, both forms of naming the certificate, one certificate or several unsorted: as openssl says."""
    made = make_authority(tmp_path / "a", rsa=rsa, ess=ess, chained=chained)
    before = datetime.now(UTC).replace(microsecond=0)
    given_answer = made.answer(TimeStampRequest(DIGEST, 7).to_bytes())
    stamp = ours(given_answer, made.root, sent=made.chain)
    assert openssl_accepts(tmp_path / "v", given_answer, DATA, made.root, made.chain)
    assert (stamp.digest, stamp.nonce, stamp.policy, stamp.serial) == (DIGEST, 7, "1.2.3.4.1", 2)
    assert before <= stamp.gen_time <= datetime.now(UTC)
    assert (stamp.accuracy, stamp.authority, stamp.kind) == (timedelta(seconds=1), "CN=TestTSA", TimeStampKind.LICENSED)
    assert len(stamp.chain) == (3 if chained else 1)


def test_without_roots_all_but_the_chain_is_checked(answer: bytes) -> None:
    """A stamp whose authority nobody vouches for still must be one of this content."""
    assert check_time_stamp(answer, DIGEST).kind is TimeStampKind.UNCHECKED
    with pytest.raises(TimeStampError, match="imprint is another"):
        check_time_stamp(answer, hashlib.sha256(b"else").digest())


def test_both_refuse_the_same(tmp_path: Path, authority: OpensslAuthority, answer: bytes) -> None:
    """Other content, a strange root, a missing middle, another purpose: no for both; the intact one: yes for both."""
    stranger = make_authority(tmp_path / "stranger")
    bare = make_authority(tmp_path / "bare")
    bare_answer = bare.answer(TimeStampRequest(DIGEST, 7).to_bytes())
    cases: dict[str, tuple[bytes, bytes, bytes, bytes, bool]] = {
        "intact": (answer, authority.root, DATA, authority.chain, True),
        "other content": (answer, authority.root, b"else", authority.chain, False),
        "strange root": (answer, stranger.root, DATA, authority.chain, False),
        "no middle": (bare_answer, bare.root, DATA, (bare.folder / "tsa.crt").read_bytes(), False),
        "middle given": (bare_answer, bare.root, DATA, bare.chain, True),
    }
    for name, (given_answer, roots, data, sent, holds) in cases.items():
        assert accepts(given_answer, roots, data, sent) is holds, name
        assert openssl_accepts(tmp_path / "v", given_answer, data, roots, sent) is holds, name


def test_an_expired_authority_still_proves_what_it_stamped(tmp_path: Path) -> None:
    """The chain is judged at the stamp's own time, not today's, as ``openssl ts -verify -attime`` does."""
    made = make_authority(tmp_path / "a", days=1)
    given_answer = made.answer(TimeStampRequest(DIGEST).to_bytes())
    stamp = ours(given_answer, made.root, sent=made.chain)
    later = int(stamp.gen_time.timestamp()) + 5 * 86400
    assert not openssl_accepts(tmp_path / "v", given_answer, DATA, made.root, made.chain, later)
    at = int(stamp.gen_time.timestamp())
    assert openssl_accepts(tmp_path / "v", given_answer, DATA, made.root, made.chain, at)


def test_no_changed_byte_of_an_answer_is_accepted_as_another_time(answer: bytes, authority: OpensslAuthority) -> None:
    """Whatever single byte is changed: the stamp is refused, or it says exactly what it said before."""
    roots = read_certificates(authority.root)
    said = check_time_stamp(answer, DIGEST, roots=roots)
    survived = []
    for place in range(len(answer)):
        changed = bytearray(answer)
        changed[place] ^= 0x20
        try:
            stamp = check_time_stamp(bytes(changed), DIGEST, roots=roots)
        except TimeStampError:
            continue
        assert (stamp.gen_time, stamp.serial, stamp.policy) == (said.gen_time, said.serial, said.policy)
        survived.append(place)
    assert len(survived) < len(answer) * 0.75  # root and middle came along unasked for: they are no part of the proof


@given(st.integers(0, 1 << 30))
def test_a_cut_answer_is_refused(cut: int) -> None:
    """Half an answer gives a sentence, never another exception."""
    whole = TimeStampRequest(DIGEST, 5).to_bytes()
    with pytest.raises(TimeStampError):
        check_time_stamp(whole[: cut % len(whole)], DIGEST)


@given(st.binary(max_size=80))
def test_rubbish_is_refused(data: bytes) -> None:
    """Random bytes give a sentence, never another exception."""
    with pytest.raises(TimeStampError):
        check_time_stamp(data, DIGEST)
    with pytest.raises(TimeStampError):
        read_request(data)


def test_every_cut_of_a_real_answer_is_refused(answer: bytes) -> None:
    """An answer that ends anywhere before its end is refused in one sentence."""
    for length in range(0, len(answer), 7):
        with pytest.raises(TimeStampError):
            check_time_stamp(answer[:length], DIGEST)


@pytest.mark.parametrize("nonce", [None, 0, 1, 127, 128, 255, 256, (1 << 64) - 1, (1 << 159) - 1])
@pytest.mark.parametrize("policy", [None, "1.2.3", "2.25.196253393793267128020013594357013558149"])
def test_a_request_comes_back_as_it_was(nonce: int | None, policy: str | None) -> None:
    """What is written is read again, numbers at the edges of their encoding too."""
    request = TimeStampRequest(DIGEST, nonce, with_certificate=nonce != 0, policy=policy)
    assert read_request(request.to_bytes()) == request
