"""Sentences of a verification in Chinese: one list, ``sentences_zh.toml``, from the code's own English ones."""

import re
import tomllib
from functools import cache
from importlib import resources

_DEPTH = 4
"""Sentences within sentences: a refused authority, because of a certificate, that was not valid."""


def in_chinese(sentence: str) -> str:
    """Return a sentence of a verification in Chinese; an unknown sentence stays as it is."""
    return "；".join(_translated(part, _DEPTH) for part in _parts(sentence))


def _parts(sentence: str) -> list[str]:
    """Return the sentences that a list of faults was joined from, or the one that it is."""
    parts = sentence.split("; ")
    return parts if all(_match(part) is not None for part in parts) else [sentence]


def _translated(sentence: str, depth: int) -> str:
    found = _match(sentence)
    if found is None or depth == 0:
        return sentence
    target, values = found
    pieces = iter([_translated(value, depth - 1) for value in values])
    return re.sub(r"\{\}", lambda _: next(pieces), target)


def _match(sentence: str) -> tuple[str, tuple[str, ...]] | None:
    for pattern, target in _catalogue():
        match = pattern.fullmatch(sentence)
        if match is not None:
            return target, match.groups()
    return None


@cache
def templates() -> dict[str, str]:
    """Return all sentences, English to Chinese, with ``{}`` for what varies."""
    text = resources.files("api.contract.evidence").joinpath("sentences_zh.toml").read_text(encoding="utf-8")
    tables: dict[str, dict[str, str]] = tomllib.loads(text)
    return {english: chinese for table in tables.values() for english, chinese in table.items()}


@cache
def _catalogue() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return patterns and their Chinese, the one with the most fixed text first."""
    ordered = sorted(templates().items(), key=lambda pair: len(pair[0].replace("{}", "")), reverse=True)
    return tuple(
        (re.compile("(.*?)".join(map(re.escape, english.split("{}"))), re.DOTALL), chinese)
        for english, chinese in ordered
    )
