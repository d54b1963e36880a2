"""Every sentence of a verification exists in Chinese too, and the list holds none that the code does not say."""

import ast
import itertools
import re
from pathlib import Path

import pytest

from api.contract.evidence.sentences import in_chinese, templates

CONTRACT = Path(__file__).resolve().parents[4] / "api" / "contract"
MODULES = (
    "trust/stamp",
    "evidence/verification",
    "evidence/site_proofs",
    "evidence/contents",
    "evidence/manifest",
    "evidence/package",
    "evidence/tarball",
    "trust/der",
    "trust/timestamp",
    "trust/timestamp_request",
    "trust/timestamp_signature",
    "trust/checkpoint",
    "trust/revocation",
    "trust/sm2",
)
RAISED = {"StampError", "TimeStampError", "DerError", "PackageError"}


def _template(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(value.value) if isinstance(value, ast.Constant) else "{}" for value in node.values)
    return None


def _said() -> set[str]:
    """Return all texts that the contract's modules may say, those raised first."""
    texts: set[str] = set()
    for module in MODULES:
        for node in ast.walk(ast.parse((CONTRACT / f"{module}.py").read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant | ast.JoinedStr) and (text := _template(node)) is not None:
                texts.add(text)
    return texts


def _raised() -> set[str]:
    texts: set[str] = set()
    for module in MODULES:
        for node in ast.walk(ast.parse((CONTRACT / f"{module}.py").read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in RAISED:
                texts |= {text for argument in node.args if (text := _template(argument)) is not None}
    return texts


def test_every_failure_is_told_in_chinese() -> None:
    """What the contract's modules raise stands in the list."""
    assert _raised() - set(templates()) == set()


def test_the_list_holds_what_is_said() -> None:
    """Each sentence of the list is somewhere in the code, with as many variable parts in Chinese as in English."""
    assert set(templates()) - _said() == set()
    assert [english for english, chinese in templates().items() if english.count("{}") != chinese.count("{}")] == []


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("", ""),
        ("something new", "something new"),
        ("clip.mp4 is missing; a.txt is not in SHA256SUMS", "缺少 clip.mp4；a.txt 不在 SHA256SUMS 清单内"),
        (
            "the time-stamp's authority is not accepted: the certificate of CN=TSA was not valid at 2026-11-27",
            "时间戳机构不被接受：CN=TSA 的证书在 2026-11-27 不在有效期内",
        ),
        (
            "the package is leaf 3 of 9 in the log plumewatch/ab; its checkpoint has no time stamp",
            "本包是日志第 3 条（共 9 条），日志 plumewatch/ab；其检查点没有时间戳",
        ),
    ],
)
def test_a_sentence_in_chinese(english: str, chinese: str) -> None:
    """Joined sentences and sentences within sentences are put into Chinese part by part; unknown ones stay."""
    assert in_chinese(english) == chinese


@pytest.mark.parametrize("english", sorted(templates()))
def test_each_sentence_matches_itself(english: str) -> None:
    """With anything in its variable parts a sentence is found again, and its Chinese holds these parts in order."""
    parts = [f"<{number}>" for number in range(english.count("{}"))]
    filled = "".join(itertools.chain(*itertools.zip_longest(english.split("{}"), parts, fillvalue="")))
    answer = in_chinese(filled)
    assert answer != filled
    assert re.findall(r"<\d+>", answer) == parts
