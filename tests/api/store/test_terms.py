"""Terms: how text is cut for the search."""

import pytest

from api.store.terms import after_all_with, normal_text, search_words, terms_of


@pytest.mark.parametrize(
    ("text", "normal", "terms"),
    [
        ("", "  ", set()),
        ("烟", " 烟 ", {"烟"}),
        ("通州钢铁厂", " 通州钢铁厂 ", {"通州", "州钢", "钢铁", "铁厂", "厂"}),
        ("Stack  SMOKE, black", " stack smoke black ", {"stack", "smoke", "black"}),
        ("３号门DA001出口", " 3 号门 da001 出口 ", {"3", "号门", "门", "da001", "出口", "口"}),
        ("L20261123-000123", " l20261123 000123 ", {"l20261123", "000123"}),
        ("x" * 30, f" {'x' * 30} ", {"x" * 24}),
        ("%_'\"\\", "  ", set()),
    ],
)
def test_text_is_cut_into_pairs_and_words(text: str, normal: str, terms: set[str]) -> None:
    """Chinese into overlapping pairs and a last character, all else into folded words; signs are left out."""
    assert (normal_text(text), terms_of(normal_text(text))) == (normal, frozenset(terms))


@pytest.mark.parametrize("question", ["", "  ", "%", "——", "'; DROP TABLE leads; --"[:1]])
def test_a_question_without_letters_has_no_words(question: str) -> None:
    """Signs alone ask for nothing."""
    assert search_words(question) == ()


@pytest.mark.parametrize("question", ["烟", "钢铁", "钢铁厂", "smok", "SMOKE", "da0", "通州 smoke", "ｓｍｏｋｅ"])
def test_every_word_finds_the_text_it_occurs_in(question: str) -> None:
    """Each word's text stands in the text that holds it, and each of its terms is or begins a term of it."""
    normal = normal_text("通州钢铁厂 DA001 Stack smoke 冒烟")
    terms = terms_of(normal)
    words = search_words(question)
    assert words
    for word in words:
        assert word.text in normal
        for term in word.terms:
            if word.is_beginning:
                assert any(term <= known < after_all_with(term) for known in terms)
            else:
                assert term in terms


def test_a_question_is_cut_off_after_its_eighth_word() -> None:
    """A question of a hundred words costs no more than one of eight."""
    assert len(search_words(" ".join(f"word{number}" for number in range(100)))) == 8
