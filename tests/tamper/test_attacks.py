"""
The tamper suite: each attack on a fully proven package is seen by ``plumewatch verify``, and by ``verify.sh``.

The table of docs/evidence.md is made from the same list: `table`.
"""

import os
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.contract.evidence.package import (
    CHECKPOINT_TIME_STAMP,
    LOG_FILES,
    PROOFS,
    SIGNATURE,
    TIME_STAMP,
    TSA_CERTIFICATE,
    tool,
)
from api.contract.evidence.report import TITLES_ZH, CheckName, Outcome, PackageVerdict
from api.contract.evidence.verification import verify_package
from api.contract.trust import sm2
from api.contract.trust.stamp import sha256_hex
from api.contract.trust.timestamp_request import TimeStampRequest
from api.trust.authority import SiteAuthority
from api.trust.keys import open_site_keys
from plumewatch.offline import verify_one
from tests.api.contract.sample import START, TestSigner, make_package, run_verify_sh
from tests.tamper import on_files, on_keys, on_log, on_sm2, on_times
from tests.tamper.attack import Attack, edit_manifest
from tests.tamper.exhibit import Exhibit, make_exhibit

ATTACKS = [*on_files.attack.all, *on_keys.attack.all, *on_times.attack.all, *on_log.attack.all]
SM2_ATTACKS = on_sm2.attack.all
ROOT = Path(__file__).resolve().parents[2]
EVIDENCE = ROOT / "docs" / "evidence.md"


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Exhibit:
    """The package as it should be."""
    return make_exhibit(tmp_path_factory.mktemp("real"))


@pytest.fixture(scope="module")
def twice_signed(tmp_path_factory: pytest.TempPathFactory) -> Exhibit:
    """The same of a node that signs by SM2 too."""
    if not sm2.knows_sm2():
        pytest.skip("the openssl of this machine knows no SM2")
    return make_exhibit(tmp_path_factory.mktemp("twice"), sm2=on_sm2.StrangerSm2())


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of ``verify.sh`` from elsewhere: who attacks a package replaces the one inside."""
    path = tmp_path_factory.mktemp("tool") / "verify.sh"
    path.write_bytes(tool("verify.sh"))
    return path


def roots_of(exhibit: Exhibit, place: Path) -> Path:
    """Write the roots that the verifier holds."""
    path = place / "roots.pem"
    path.write_bytes(exhibit.roots)
    return path


def test_the_real_package_holds(real: Exhibit, script: Path, tmp_path: Path) -> None:
    """Untouched, everything is checked and holds for both: otherwise no attack below would prove anything."""
    roots = roots_of(real, tmp_path)
    report = verify_package(real.folder, real.roots)
    assert [check.outcome.value for check in report.checks] == ["ok"] * (len(CheckName) - 1), report.checks
    done = run_verify_sh(real.folder, roots, script=script)
    assert (done.returncode, done.stderr) == (0, "")
    assert "SKIP" not in done.stdout
    assert "FAIL" not in done.stdout


def test_proofs_under_renewed_keys_hold(real: Exhibit, script: Path, tmp_path: Path) -> None:
    """The keys under the site's root change and the log stays the same, also beside other sites' roots."""
    exhibit = real.copy(tmp_path)
    late = real.keys.log.certificate.not_valid_after_utc - timedelta(days=30)
    shutil.copytree(real.folder.parent / "authority", tmp_path / "authority")
    renewed = open_site_keys(tmp_path / "authority", "", late)
    assert renewed.log.certificate != real.keys.log.certificate
    exhibit.log(renewed, at=late + timedelta(minutes=1))
    exhibit.write(TSA_CERTIFICATE, real.keys.stamps.pem + renewed.stamps.pem)
    other_site = open_site_keys(tmp_path / "other", "", START)
    exhibit.roots = other_site.root.pem + real.roots
    report = verify_package(exhibit.folder, exhibit.roots)
    assert (report.verdict, report.log, report.failures) == (PackageVerdict.HOLDS, "ok", ())
    done = run_verify_sh(exhibit.folder, roots_of(exhibit, tmp_path), script=script)
    assert (done.returncode, done.stdout.count("SKIP")) == (0, 0), done.stdout


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: f"{attack.kind}: {attack.name}")
def test_an_attack_is_seen(attack: Attack, real: Exhibit, script: Path, tmp_path: Path) -> None:
    """Exit code 1 by the expected checks, each told in one sentence in both languages; ``verify.sh`` agrees."""
    check_attack(attack, real, script, tmp_path)


@pytest.mark.parametrize("name", sorted({*PROOFS, SIGNATURE}))
def test_no_file_that_the_list_leaves_out_has_room_for_a_byte(
    name: str, real: Exhibit, script: Path, tmp_path: Path
) -> None:
    """What follows or precedes a proof or signature is seen by both, also where it changes nothing of its meaning."""
    roots = roots_of(real, tmp_path)
    for number, data in enumerate((b"%b\n", b"%b\0", b"\n%b")):
        place = tmp_path / str(number)
        place.mkdir()
        exhibit = real.copy(place)
        exhibit.sign_at_length()
        exhibit.write(name, data % exhibit.read(name))
        assert verify_package(exhibit.folder, real.roots).verdict is PackageVerdict.BROKEN, data
        assert run_verify_sh(exhibit.folder, roots, script=script).returncode == 1, data


@pytest.mark.parametrize("attack", SM2_ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_on_the_second_signature_is_seen(
    attack: Attack, twice_signed: Exhibit, script: Path, tmp_path: Path
) -> None:
    """A package that is signed by SM2 too can lose neither that signature nor the node's own."""
    check_attack(attack, twice_signed, script, tmp_path)


def test_a_package_signed_twice_holds(twice_signed: Exhibit, script: Path, tmp_path: Path) -> None:
    """Both signatures are checked by both verifiers, and a package without SM2 does not speak of it."""
    report = verify_package(twice_signed.folder, twice_signed.roots)
    assert [check.outcome.value for check in report.checks] == ["ok"] * len(CheckName), report.checks
    done = run_verify_sh(twice_signed.folder, roots_of(twice_signed, tmp_path), script=script)
    assert (done.returncode, done.stderr) == (0, "")
    assert "通过 OK    国密签名（SM2）" in done.stdout


def test_an_openssl_without_sm2_says_so_and_fails_nothing(
    twice_signed: Exhibit, script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check is skipped in plain words, by both; everything else is checked as ever."""
    real_openssl = shutil.which("openssl")
    place = tmp_path / "bin"
    place.mkdir()
    lame = place / "openssl"
    lame.write_text(
        f'#!/bin/bash\ncase "$*" in *SM2*|*distid*) exit 1;; esac\nexec {real_openssl} "$@"\n', encoding="utf-8"
    )
    lame.chmod(0o755)
    monkeypatch.setenv("PATH", f"{place}:{os.environ['PATH']}")
    sm2.knows_sm2.cache_clear()
    try:
        report = verify_package(twice_signed.folder, twice_signed.roots)
        done = run_verify_sh(twice_signed.folder, roots_of(twice_signed, tmp_path), script=script)
    finally:
        sm2.knows_sm2.cache_clear()
    (skipped,) = [check for check in report.checks if check.outcome is Outcome.SKIPPED]
    assert (skipped.name, skipped.sentence_zh, report.verdict) == (
        CheckName.SM2,
        "国密签名未核验：本机 openssl 不支持 SM2",
        PackageVerdict.HOLDS,
    )
    assert (done.returncode, done.stdout.count("SKIP")) == (0, 1)
    assert "未查 SKIP  国密签名未核验" in done.stdout


def check_attack(attack: Attack, real: Exhibit, script: Path, tmp_path: Path) -> None:
    """Apply an attack to a copy and hold both verifiers to seeing it."""
    exhibit = real.copy(tmp_path)
    attack.apply(exhibit)
    roots = roots_of(exhibit, tmp_path)
    report = verify_package(exhibit.folder, exhibit.roots)
    assert attack.seen_by <= {check.name for check in report.failures}, report.failures
    for check in report.failures:
        assert "\n" not in check.sentence
        assert re.search(r"[\u4e00-\u9fff]", check.sentence_zh), check.sentence
    text, verdict = verify_one(exhibit.folder, roots, "zh", as_json=False)
    assert verdict is PackageVerdict.BROKEN
    assert "结论：证据包不成立" in text
    done = run_verify_sh(exhibit.folder, roots, script=script)
    assert (done.returncode == 1) is attack.by_script, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("taken", "missing"),
    [
        (LOG_FILES | {TIME_STAMP, TSA_CERTIFICATE}, {CheckName.TIME_STAMP, CheckName.LOG}),
        (LOG_FILES, {CheckName.LOG}),
        ({TIME_STAMP}, {CheckName.TIME_STAMP}),
        ({CHECKPOINT_TIME_STAMP}, {CheckName.LOG}),
    ],
    ids=["all", "the log's", "the stamp", "the checkpoint's stamp"],
)
def test_proofs_that_were_taken_away_are_missed(
    taken: set[str], missing: set[CheckName], real: Exhibit, script: Path, tmp_path: Path
) -> None:
    """Nothing of the package was changed, and yet it does not pass: an exit code of its own, by both."""
    exhibit = real.copy(tmp_path)
    for name in taken:
        (exhibit.folder / name).unlink()
    roots = roots_of(real, tmp_path)
    report = verify_package(exhibit.folder, real.roots)
    assert (report.ok, {check.name for check in report.missing}) == (True, missing)
    text, verdict = verify_one(exhibit.folder, roots, "zh", as_json=False)
    assert (verdict, verdict.exit_code) == (PackageVerdict.INCOMPLETE, 3)
    assert "结论：证据包未变，但缺少应有的证明" in text
    assert "已被拿走" in text
    done = run_verify_sh(exhibit.folder, roots, script=script)
    assert (done.returncode, done.stdout.count("LACK"), done.stdout.count("SKIP")) == (3, len(missing), 0)


def test_a_package_from_before_says_only_what_it_does_not_prove(tmp_path: Path, script: Path) -> None:
    """One whose manifest promises nothing is skipped over as before: nobody can tell whether it ever had proofs."""
    node = TestSigner("worker-01")
    folder = make_package(tmp_path, node).folder
    (tmp_path / "roots.pem").write_bytes(node.certificate_pem)
    report = verify_package(folder, node.certificate_pem)
    assert (report.verdict, report.tsa, report.log) == (PackageVerdict.HOLDS, "none", "none")
    done = run_verify_sh(folder, tmp_path / "roots.pem", script=script)
    assert (done.returncode, done.stdout.count("SKIP")) == (0, 2)


def test_the_promise_itself_cannot_be_taken_away(real: Exhibit, tmp_path: Path) -> None:
    """It is in the manifest, which the node's signature covers."""
    exhibit = real.copy(tmp_path)
    exhibit.replace("manifest.json", b',"site_proofs":["time_stamp","log"]', b"")
    report = verify_package(exhibit.folder, real.roots)
    assert CheckName.FILES in {check.name for check in report.failures}


def test_a_stamp_at_the_end_of_all_times_is_read(real: Exhibit, tmp_path: Path) -> None:
    """Whoever has no roots learns what a stranger's stamp says, whatever that is; nothing breaks."""
    exhibit = real.copy(tmp_path)
    end = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    request = TimeStampRequest(bytes.fromhex(sha256_hex(exhibit.sums))).to_bytes()
    exhibit.write(TIME_STAMP, SiteAuthority(exhibit.keys.stamps, lambda: end).answer(request))
    assert verify_package(exhibit.folder).stamped == end


@pytest.mark.parametrize("document", [ROOT / "README.md", EVIDENCE], ids=lambda path: path.name)
def test_the_documented_command_runs_no_script_of_a_thief(
    document: Path, real: Exhibit, script: Path, tmp_path: Path
) -> None:
    """Whoever has the node's key seals a script that always agrees; one beside the package sees what he changed."""
    exhibit = real.copy(tmp_path)
    edit_manifest(exhibit, violation_code="V01_STACK_BLACK_SMOKE")
    exhibit.write("verify.sh", b"echo OK\n")
    exhibit.sign()
    roots = roots_of(exhibit, tmp_path)
    assert run_verify_sh(exhibit.folder, roots).returncode == 0
    shutil.copy(script, tmp_path / "verify.sh")
    packages = re.findall(r"`bash verify\.sh (\S+) ROOTS\.pem`", document.read_text(encoding="utf-8"))
    assert packages != []
    for package in packages:
        target, cwd = (".", exhibit.folder) if package == "." else (exhibit.folder.name, tmp_path)
        done = subprocess.run(["bash", "verify.sh", target, str(roots)], cwd=cwd, capture_output=True, check=False)
        assert done.returncode == 1, package


def table() -> str:
    """Return the attacks as a table: what is done, and which checks see it."""
    lines = ["| attack | seen by `plumewatch verify` in | by `verify.sh` |", "|---|---|---|"]
    for attack in [*ATTACKS, *SM2_ATTACKS]:
        checks = ", ".join(TITLES_ZH[name] for name in TITLES_ZH if name in attack.seen_by)
        lines.append(f"| {attack.kind}: {attack.name} | {checks} | {'yes' if attack.by_script else attack.note} |")
    return "\n".join(lines)


def test_there_are_enough_attacks_and_the_page_lists_them() -> None:
    """At least thirty, each named once, and docs/evidence.md shows exactly these."""
    names = [attack.name for attack in [*ATTACKS, *SM2_ATTACKS]]
    assert len(names) == len(set(names)) >= 30
    assert table() in EVIDENCE.read_text(encoding="utf-8")
