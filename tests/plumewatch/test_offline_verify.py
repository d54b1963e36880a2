"""``plumewatch verify`` speaks the language that was asked for, else that of the environment."""

import json
from pathlib import Path

import pytest

from api.contract.report import PackageVerdict
from plumewatch.failures import UsageError
from plumewatch.offline import verify_one
from plumewatch.reports import Language, chosen_language
from tests.api.contract.sample import TestSigner, make_package


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
