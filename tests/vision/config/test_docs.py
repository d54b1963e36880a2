"""The configuration's documentation is the configuration's own words."""

from pathlib import Path

from vision.config.docs import render, walk

COMMITTED = Path(__file__).resolve().parents[3] / "docs" / "configuration.md"


def test_committed_page_is_what_the_code_says() -> None:
    """docs/configuration.md is up to date; `python -m vision.config.docs docs/configuration.md` makes it anew."""
    assert render() == COMMITTED.read_text(encoding="utf-8")


def test_every_key_is_described() -> None:
    """No key without a description: an undocumented setting is a red build."""
    assert [path for path, info in walk() if not info.description] == []


def test_every_key_is_on_the_page() -> None:
    """Each plain key of each table has its row."""
    page = render()

    assert [path for path, _ in walk() if "." in path and f"`{path.rsplit('.', 1)[1]}`" not in page
                  and f".{path.rsplit('.', 1)[1]}]`" not in page
                  and f".{path.rsplit('.', 1)[1]}]]`" not in page] == []  # fmt: skip
