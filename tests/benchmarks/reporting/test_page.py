"""The report: one file, complete in itself, with what the result says."""

import re
from html.parser import HTMLParser

from benchmarks.accuracy.result import Portion
from benchmarks.reporting.page import html_report
from benchmarks.reporting.plots import Bar, Dot, Line, bar_plot, line_plot
from tests.benchmarks.results import result

PIXEL = b"\xff\xd8\xff\xe0picture\xff\xd9"
VOID = {"meta", "img", "br", "line", "circle", "rect", "path"}


class Tags(HTMLParser):
    """Counts the tags that are open, and fails at one that closes another."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 (the parser gives it)
        self.seen.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_nothing_else() -> None:
    """Every tag is closed, names are escaped, and no address is fetched."""
    page = html_report(result(30, alarms=2), {})
    tags = Tags()
    tags.feed(page)

    assert tags.open == []
    assert "test&lt;b&gt;" in page
    assert "test<b>" not in page
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    assert tags.seen.count("svg") == 5


def test_the_page_tells_which_pictures_they_are() -> None:
    """All of a folder is not called kept for validation; a file that does not tell is called neither."""
    made = result(30)

    def page(portion: Portion | None) -> str:
        assert made.images is not None
        data = made.images.data.model_copy(update={"portion": portion})
        return html_report(made.model_copy(update={"images": made.images.model_copy(update={"data": data})}), {})

    assert "60 pictures of the validation part, 20 of them" in page(Portion.VALIDATION)
    assert "60 pictures that the run kept back, 20 of them" in page(Portion.KEPT_BACK)
    assert "60 pictures, all of the folder (flattered if the model learned from any), 20 of them" in page(Portion.ALL)
    assert "60 pictures, 20 of them" in page(None)


def test_the_page_tells_the_headlines() -> None:
    """All plumes are noticed, two of twenty fogs alarm, with their counts."""
    page = html_report(result(30, alarms=2), {})

    assert ">100%<" in page
    assert "40 of 40 pictures" in page
    assert "2 of 20 pictures with nothing to find" in page
    assert ">fog<" in page


def test_mistakes_are_shown_where_their_pictures_are_at_hand() -> None:
    """Only pictures that were given; without any there is no such section."""
    one = result(30, alarms=2)
    page = html_report(one, {"sky_0": PIXEL})

    assert page.count("data:image/jpeg;base64,") == 1
    assert "Worst false alarms" in page
    assert "Worst misses" not in page
    assert "Worst" not in html_report(one, {})


def test_lines_stay_in_their_frame() -> None:
    """The corners of the unit square are the corners of the plot; titles are escaped."""
    svg = line_plot([Line("a & b", "smoke", [(0, 0), (1, 1)])], "x", "y", dots=[Dot("fire", 0.5, 0.5)])

    assert "a &amp; b" in svg
    assert 'd="M52.0 316.0L504.0 14.0"' in svg
    assert 'cx="278.0" cy="165.0"' in svg


def test_bars_show_value_and_interval() -> None:
    """A bar without a value has its whisker alone; no bars, no plot."""
    svg = bar_plot([Bar("a", "1 of 2", 0.5, 0.25, 0.75, "good"), Bar("b", "-", None, 0, 1, "good")], "shares")

    assert svg.count("<rect") == 1
    assert svg.count('class="whisker"') == 6
    assert 'width="104.0"' in svg
    assert bar_plot([], "shares") == ""
