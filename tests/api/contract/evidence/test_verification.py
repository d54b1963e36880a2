"""Packages are verified the same by ``verify_package`` and by ``verify.sh`` with bash and openssl."""

import base64
import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from api.contract.evidence.package import NOT_EVIDENCE, PackageError, tool
from api.contract.evidence.report import CheckName, Outcome
from api.contract.evidence.verification import verify_package
from api.contract.trust.stamp import StampError, parse_sha256_list, sha256_hex, sha256_list
from tests.api.contract.sample import LEAD_ID, ORIGINS, START, TestSigner, make_package, run_verify_sh


@pytest.fixture(scope="module")
def signer() -> TestSigner:
    return TestSigner()


@pytest.fixture
def package(tmp_path: Path, signer: TestSigner) -> Path:
    return make_package(tmp_path, signer).folder


@pytest.fixture(scope="session")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of ``verify.sh`` that comes from elsewhere, as a careful verifier has it."""
    path = tmp_path_factory.mktemp("tool") / "verify.sh"
    path.write_bytes(tool("verify.sh"))
    return path


def roots_file(tmp_path: Path, *pems: bytes) -> Path:
    path = tmp_path / "roots.pem"
    path.write_bytes(b"".join(pems))
    return path


def both(folder: Path, script: Path, roots: Path | None = None) -> bool:
    """Return the verdict that both verifiers agree on."""
    ours = verify_package(folder, None if roots is None else roots.read_bytes())
    theirs = run_verify_sh(folder, *([] if roots is None else [roots]), script=script)
    assert theirs.returncode == (0 if ours.ok else 1), (ours.failures, theirs.stdout, theirs.stderr)
    return ours.ok


def test_intact_package_holds_but_its_signer_is_not_identified(package: Path) -> None:
    """Without roots everything holds and both verifiers say aloud that identity and time were not checked."""
    report = verify_package(package)
    done = run_verify_sh(package)
    assert report.ok
    assert [check.name for check in report.checks if check.outcome is Outcome.SKIPPED] == [
        CheckName.IDENTITY,
        CheckName.TIME_STAMP,
        CheckName.LOG,
    ]
    assert report.tsa == "none"
    assert done.returncode == 0
    assert "身份未核验" in done.stdout
    assert "identity not checked" in done.stdout
    assert "tsa: none" in done.stdout
    assert done.stderr == ""


def test_intact_package_with_the_nodes_certificate_as_root(package: Path, signer: TestSigner, tmp_path: Path) -> None:
    """A self-signed node certificate in the verifier's own roots identifies the signer."""
    roots = roots_file(tmp_path, signer.certificate_pem)
    report = verify_package(package, roots.read_bytes(), lead_id=LEAD_ID)
    done = run_verify_sh(package, roots)
    assert report.ok
    assert {check.name: check.outcome for check in report.checks}[CheckName.IDENTITY] is Outcome.OK
    assert (done.returncode, done.stderr) == (0, "")
    assert "chains to the given roots" in done.stdout


@pytest.mark.parametrize("name", sorted(ORIGINS | dict.fromkeys(NOT_EVIDENCE) | {"SHA256SUMS": 0, "SHA256SUMS.sig": 0}))
@pytest.mark.parametrize("where", ["first", "middle", "last"])
def test_a_changed_byte_is_found_in_every_file(package: Path, script: Path, name: str, where: str) -> None:
    """One flipped bit at the start, in the middle or at the end of any file fails both verifiers."""
    data = bytearray((package / name).read_bytes())
    data[{"first": 0, "middle": len(data) // 2, "last": -1}[where]] ^= 1
    (package / name).write_bytes(data)
    assert not both(package, script)


def test_no_file_of_a_package_is_outside_the_changed_byte_test(package: Path) -> None:
    """The files in the parametrised test are all the files there are."""
    assert {path.name for path in package.iterdir()} == set(ORIGINS) | NOT_EVIDENCE | {"SHA256SUMS", "SHA256SUMS.sig"}


def rewrite_list(folder: Path) -> None:
    names = parse_sha256_list((folder / "SHA256SUMS").read_bytes())
    found = {name: sha256_hex((folder / name).read_bytes()) for name in names if (folder / name).exists()}
    (folder / "SHA256SUMS").write_bytes(sha256_list(found))


def change_clip_and_list(folder: Path) -> None:
    (folder / "clip.mp4").write_bytes(b"another clip")
    rewrite_list(folder)


def remove_clip_and_shorten_list(folder: Path) -> None:
    (folder / "clip.mp4").unlink()
    rewrite_list(folder)


def swap_certificate(folder: Path) -> None:
    (folder / "node.crt").write_bytes(TestSigner().certificate_pem)


def swap_certificate_and_list(folder: Path) -> None:
    swap_certificate(folder)
    rewrite_list(folder)


def swap_signature(folder: Path) -> None:
    other = make_package(folder.parent / "other", TestSigner())
    shutil.copy(other.folder / "SHA256SUMS.sig", folder / "SHA256SUMS.sig")


def make_subfolder(folder: Path) -> None:
    (folder / "frames").mkdir()


def link_clip(folder: Path) -> None:
    (folder / "clip.mp4").rename(folder.parent / "clip.mp4")
    (folder / "clip.mp4").symlink_to(folder.parent / "clip.mp4")


def change_lead_id(folder: Path) -> None:
    data = (folder / "manifest.json").read_bytes().replace(LEAD_ID.encode(), b"L20261123-001008")
    (folder / "manifest.json").write_bytes(data)


TAMPERINGS: dict[str, Callable[[Path], object]] = {
    "file added": lambda folder: (folder / "extra.txt").write_text("x"),
    "hidden file added": lambda folder: (folder / ".extra").write_text("x"),
    "file with a newline in its name added": lambda folder: (folder / "a\nclip.mp4").write_text("x"),
    "file that looks like an option added": lambda folder: (folder / "-rf").write_text("x"),
    "log proof added": lambda folder: (folder / "tlog.json").write_text("{}"),
    "time stamp of nothing added": lambda folder: (folder / "SHA256SUMS.tsr").write_text("x"),
    "time stamp certificate added": lambda folder: (folder / "tsa.crt").write_text("x"),
    "subfolder added": make_subfolder,
    "file removed": lambda folder: (folder / "overlay.jpg").unlink(),
    "file renamed": lambda folder: (folder / "f0001.png").rename(folder / "f0002.png"),
    "file emptied": lambda folder: (folder / "clip.mp4").write_bytes(b""),
    "file replaced by a link to itself": link_clip,
    "list removed": lambda folder: (folder / "SHA256SUMS").unlink(),
    "list emptied": lambda folder: (folder / "SHA256SUMS").write_bytes(b""),
    "list without its last newline": lambda f: (f / "SHA256SUMS").write_bytes((f / "SHA256SUMS").read_bytes()[:-1]),
    "list with CRLF": lambda f: (f / "SHA256SUMS").write_bytes((f / "SHA256SUMS").read_bytes().replace(b"\n", b"\r\n")),
    "clip changed and list rewritten": change_clip_and_list,
    "clip removed and list shortened": remove_clip_and_shorten_list,
    "signature removed": lambda folder: (folder / "SHA256SUMS.sig").unlink(),
    "signature emptied": lambda folder: (folder / "SHA256SUMS.sig").write_bytes(b""),
    "signature of another package": swap_signature,
    "certificate swapped": swap_certificate,
    "certificate swapped and list rewritten": swap_certificate_and_list,
    "certificate removed": lambda folder: (folder / "node.crt").unlink(),
    "lead id changed": change_lead_id,
    "script removed": lambda folder: (folder / "verify.sh").unlink(),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_tampering_that_the_package_alone_shows_is_found(package: Path, script: Path, name: str) -> None:
    """Both verifiers refuse every tampering that needs no outside knowledge to see."""
    assert both(package, script)
    TAMPERINGS[name](package)
    assert not both(package, script)


def test_a_folder_called_like_another_lead_is_found(package: Path, script: Path) -> None:
    """A package put under another lead's name fails; any name that is no lead id is the user's own business."""
    other = package.rename(package.parent / "L20261123-001008")
    assert not both(other, script)
    assert both(other.rename(package.parent / "copy for the court"), script)


def test_a_package_signed_anew_by_a_stranger_needs_roots_to_be_found(
    tmp_path: Path, script: Path, signer: TestSigner
) -> None:
    """A complete forgery is consistent in itself: only the verifier's roots tell it from the real one."""
    forged = make_package(tmp_path, TestSigner()).folder
    assert both(forged, script)
    assert not both(forged, script, roots_file(tmp_path, signer.certificate_pem))


def test_a_certificate_of_an_authority_chains_to_its_root(tmp_path: Path, script: Path) -> None:
    """Leaf under root, and leaf under intermediate under root, hold; without the root they do not."""
    root = TestSigner("Bureau CA", ca=True)
    middle = TestSigner("District CA", issuer=root, ca=True)
    for issuer, parent in ((root, "direct"), (middle, "through")):
        folder = make_package(tmp_path / parent, TestSigner(issuer=issuer)).folder
        assert both(folder, script, roots_file(tmp_path, middle.certificate_pem, root.certificate_pem))
        assert not both(folder, script, roots_file(tmp_path, middle.certificate_pem))


def test_an_issuer_that_is_no_authority_is_refused(tmp_path: Path, script: Path) -> None:
    """A node cannot vouch for another node."""
    node = TestSigner("worker-00")
    folder = make_package(tmp_path, TestSigner(issuer=node)).folder
    assert not both(folder, script, roots_file(tmp_path, node.certificate_pem))


@pytest.mark.parametrize(("start", "holds"), [(-400, False), (-300, True), (1, False)])
def test_the_certificate_must_have_been_valid_when_the_package_was_made(
    tmp_path: Path, script: Path, start: int, holds: bool
) -> None:
    """Validity is judged at ``created_utc``, so an old package still holds after its certificate has expired."""
    signer = TestSigner(start=START + timedelta(days=start), days=365)
    folder = make_package(tmp_path, signer).folder
    assert both(folder, script, roots_file(tmp_path, signer.certificate_pem)) is holds


def test_verify_sh_works_from_inside_and_with_odd_paths(package: Path, signer: TestSigner, tmp_path: Path) -> None:
    """Relative paths, spaces, quotes, a leading hyphen and a misleading CDPATH do not confuse the script."""
    odd = tmp_path / "-it's a $(folder)"
    shutil.copytree(package, odd)
    roots_file(tmp_path, signer.certificate_pem)
    environment = os.environ | {"CDPATH": str(tmp_path)}
    for command, cwd in (
        ("bash verify.sh . ../roots.pem", package),
        ("./verify.sh . ../roots.pem", package),
        (f"bash {LEAD_ID}/verify.sh {LEAD_ID}/ roots.pem", tmp_path),
        (f'bash {LEAD_ID}/verify.sh "-it\'s a \\$(folder)" roots.pem', tmp_path),
    ):
        done = subprocess.run(
            ["bash", "-c", command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)


@pytest.mark.parametrize("arguments", [[], ["."] * 3, ["/nonexistent"], [".", "/nonexistent.pem"], [".", "VERIFY.md"]])
def test_verify_sh_says_what_it_cannot_check(package: Path, arguments: list[str]) -> None:
    """Wrong use, no such folder and an unusable roots file end with code 2 and one line, never with a verdict."""
    done = subprocess.run(["bash", "verify.sh", *arguments], cwd=package, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1


def test_bad_input_is_told_from_a_bad_package(tmp_path: Path, package: Path) -> None:
    """No package, a file that is no tar and roots without a certificate raise; they are not verdicts."""
    (tmp_path / "letter.tar").write_text("dear sir")
    with pytest.raises(PackageError, match="cannot be read"):
        verify_package(tmp_path / "missing")
    with pytest.raises(PackageError, match="not a tar"):
        verify_package(tmp_path / "letter.tar")
    with pytest.raises(StampError, match="no readable PEM certificate"):
        verify_package(package, b"no certificate")


@pytest.mark.parametrize("made", ["0001-01-01T00:00:00.000+14:00", "9999-12-31T23:59:59.000-14:00"])
def test_a_time_that_no_calendar_holds_is_told(package: Path, made: str) -> None:
    """A manifest with a time beyond what can be reckoned with fails in a sentence, as any other that is damaged."""
    manifest = package / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b"2026-11-23T02:30:26.120Z", made.encode()))
    told = {check.name: check.sentence for check in verify_package(package).failures}
    assert told[CheckName.MANIFEST].startswith("manifest.json: created_utc: Value error, time must lie within")


def test_a_name_that_is_no_text_is_told(package: Path, signer: TestSigner) -> None:
    """A certificate whose name cannot be read fails in a sentence, like any other that is damaged."""
    der = signer.certificate.public_bytes(Encoding.DER)
    damaged = der.replace(b"\x0c\x09worker-01", b"\x0c\x09worker\xff01")
    assert damaged != der
    body = base64.encodebytes(damaged).decode()
    (package / "node.crt").write_text(f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n")
    told = {check.name: check.sentence for check in verify_package(package).failures}
    assert told[CheckName.SIGNATURE].startswith("no readable PEM certificate: ")


def test_a_package_of_another_lead_is_refused(package: Path) -> None:
    """The caller may say which lead it expects."""
    report = verify_package(package, lead_id="L20261123-001008")
    assert [check.name for check in report.failures] == [CheckName.LEAD_ID]


def test_an_empty_folder_is_no_package(tmp_path: Path, script: Path) -> None:
    """Nothing at all is not a valid package."""
    (tmp_path / "empty").mkdir()
    assert not both(tmp_path / "empty", script)
