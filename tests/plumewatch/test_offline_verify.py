"""``plumewatch verify`` speaks the language that was asked for, else that of the environment."""

import json
from pathlib import Path

import pytest

from api.contract.evidence.manifest import SITE_PROOFS
from api.contract.evidence.report import PackageVerdict
from plumewatch.commands.reports import Language, chosen_language
from plumewatch.failures import UsageError
from plumewatch.offline import verify_one
from tests.api.contract.sample import TestSigner, make_package, run_verify_sh


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, Language.BOTH),
        ({"LANG": "C.UTF-8"}, Language.BOTH),
        ({"LANG": "zh_CN.UTF-8"}, Language.CHINESE),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_GB.UTF-8"}, Language.ENGLISH),
        ({"LANG": "en_US.UTF-8", "LC_ALL": ""}, Language.ENGLISH),
    ],
)
def test_the_environment_names_the_language(environment: dict[str, str], language: Language) -> None:
    """``LC_ALL`` before ``LANG``; a language that is not ours gets both of ours."""
    assert chosen_language(environment) is language


def test_a_failure_is_one_sentence_in_each_language(tmp_path: Path) -> None:
    """Chinese alone, English alone, or both; JSON has both; another language is a wrong question."""
    folder = make_package(tmp_path, TestSigner()).folder
    (folder / "clip.mp4").unlink()
    english, chinese = "clip.mp4 is missing", "缺少 clip.mp4"
    for lang, told in (("en", (english,)), ("zh", (chinese,)), ("both", (english, chinese))):
        text, verdict = verify_one(folder, None, lang, as_json=False)
        assert verdict is PackageVerdict.BROKEN
        assert [sentence for sentence in (english, chinese) if sentence in text] == list(told)
    document = json.loads(verify_one(folder, None, None, as_json=True)[0])
    assert (english, chinese) in [(check["sentence"], check["sentence_zh"]) for check in document["checks"]]
    with pytest.raises(UsageError, match="--lang must be zh, en or both"):
        verify_one(folder, None, "fr", as_json=False)


@pytest.mark.parametrize("promised", [False, True], ids=["nothing promised", "proofs promised"])
def test_the_verdict_says_that_nobody_checked_the_signer(tmp_path: Path, *, promised: bool) -> None:
    """A stranger's package holds in itself; without roots the last line of both verifiers says what that is worth."""
    facts = {"site_proofs": list(SITE_PROOFS)} if promised else {}
    stranger = TestSigner("stranger")
    folder = make_package(tmp_path, stranger, **facts).folder
    roots = tmp_path / "roots.pem"
    roots.write_bytes(stranger.certificate_pem)
    code = 3 if promised else 0
    for lang, said in (("zh", "由谁、何时签名未核验"), ("en", "no roots given"), ("both", "由谁、何时签名未核验")):
        unrooted, verdict = verify_one(folder, None, lang, as_json=False)
        rooted, with_roots = verify_one(folder, roots, lang, as_json=False)
        assert (verdict.exit_code, with_roots.exit_code) == (code, code)
        assert said in unrooted.splitlines()[-1]
        assert said not in rooted.splitlines()[-1]
    for given, told in (((), True), ((roots,), False)):
        done = run_verify_sh(folder, *given)
        assert done.returncode == code
        last = done.stdout.splitlines()[-1]
        assert ("由谁、何时签名未核验" in last, "by whom and when it was signed was not checked" in last) == (
            told,
            told,
        )


def test_a_changed_package_is_told_as_that_without_roots_too(tmp_path: Path) -> None:
    """What does not hold needs no roots to be told."""
    folder = make_package(tmp_path, TestSigner()).folder
    (folder / "clip.mp4").write_bytes(b"another clip")
    text, verdict = verify_one(folder, None, "en", as_json=False)
    assert (verdict.exit_code, text.splitlines()[-1].split("  ")[0]) == (1, "package DOES NOT HOLD")
