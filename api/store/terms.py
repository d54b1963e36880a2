"""
Terms: the pieces of text that a search can begin with, in Chinese and English alike.

Chinese has no spaces, so a run of its characters is cut into overlapping pairs, and its last character stands alone:
every character begins a term, and a word of one character or more is found wherever it stands. Other letters and digits
are cut into words, found by their beginnings. Both databases hold the same terms and give the same answers.
"""

import re
import unicodedata
from dataclasses import dataclass

LONGEST_TERM = 24
"""Letters of a word that count; longer words agree in their beginnings."""
MOST_WORDS = 8
"""Words of one question that are looked at."""
_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_RUNS = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+")
_HAN_RUN = re.compile(rf"[{_HAN}]")


@dataclass(frozen=True, slots=True)
class SearchWord:
    """
    One word of a question.

    Attributes:
        text: part of the `normal_text` of every match, and of nothing else.

        terms: what every match has; with ``is_beginning`` one, with which a term of every match begins.
    """

    text: str
    terms: tuple[str, ...]
    is_beginning: bool


def normal_text(text: str) -> str:
    """
    Return the text as it is searched: full width made half, case folded, runs of letters parted by one space each.

    A space stands before each word of letters and digits, so that ``" smo"`` is found where a word begins with it.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " " + " ".join(run[0] for run in _RUNS.finditer(folded)) + " "


def terms_of(normal: str) -> frozenset[str]:
    """Return all terms of a `normal_text`."""
    terms: set[str] = set()
    for run in normal.split():
        if _HAN_RUN.match(run):
            terms.update(run[at : at + 2] for at in range(len(run)))
        else:
            terms.add(run[:LONGEST_TERM])
    return frozenset(terms)


def search_words(question: str) -> tuple[SearchWord, ...]:
    """Return the words of a query, all of which must match; empty for a query without letters or digits."""
    words = []
    for run in dict.fromkeys(normal_text(question).split()):
        if not _HAN_RUN.match(run):
            words.append(SearchWord(" " + run[:LONGEST_TERM], (run[:LONGEST_TERM],), is_beginning=True))
        elif len(run) == 1:
            words.append(SearchWord(run, (run,), is_beginning=True))
        else:
            words.append(SearchWord(run, tuple(run[at : at + 2] for at in range(len(run) - 1)), is_beginning=False))
    return tuple(words[:MOST_WORDS])


def after_all_with(beginning: str) -> str:
    """Return the least text that sorts after all that begin so, by code point."""
    return beginning[:-1] + chr(ord(beginning[-1]) + 1)
