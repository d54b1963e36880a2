"""Where lines of Chinese text with numbers and Latin words break."""

import pytest

from api.report.lines import broken


def width(text: str) -> float:
    """A Chinese character is two wide, any other one."""
    return float(sum(2 if ord(letter) > 0x2000 else 1 for letter in text))


@pytest.mark.parametrize(
    ("text", "columns", "expected"),
    [
        ("", 10, ""),
        ("短", 10, "短"),
        ("一二三四五六", 6, "一二三\n四五六"),
        ("清晰、完整", 4, "清\n晰、\n完整"),
        ("依据（法典）", 6, "依据\n（法\n典）"),
        ("证号 91110000802100433B", 18, "证号\n91110000802100433B"),
        ("读数46 ± 3 %，47 ± 3 %", 15, "读数46 ± 3 %，\n47 ± 3 %"),
        ("大小 18.4 MB 和 18.4 MB", 12, "大小 18.4 MB\n和 18.4 MB"),
        ("abcdefgh", 3, "abc\ndef\ngh"),
    ],
)
def test_lines_break_where_a_reader_expects_it(text: str, columns: float, expected: str) -> None:
    """Marks stay with what they belong to, numbers with their unit; only what is wider than a line is cut."""
    assert broken(text, columns, width) == expected
