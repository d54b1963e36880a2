"""Files are replaced whole or not at all."""

from pathlib import Path

import pytest

from models.replacement import replacing


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("before", [None, "old"])
def test_a_file_is_replaced_when_it_is_whole(tmp_path: Path, before: str | None, *, shared: bool) -> None:
    """Until the block ends the old file is there, or none; then the new one, and nothing beside it."""
    path = tmp_path / "registry.toml"
    if before is not None:
        path.write_text(before)
    with replacing(path, shared=shared) as part:
        part.write_text("new")
        assert before == (path.read_text() if path.exists() else None)
    assert [path] == list(tmp_path.iterdir())
    assert path.read_text() == "new"


@pytest.mark.parametrize("written", [False, True])
def test_nothing_stays_of_a_file_that_was_not_finished(tmp_path: Path, *, written: bool) -> None:
    """A block that raises leaves the old file and no other, whether it had begun to write or not."""
    path = tmp_path / "registry.toml"
    path.write_text("old")

    def cut() -> None:
        with replacing(path) as part:
            if written:
                part.write_text("ne")
            raise InterruptedError

    with pytest.raises(InterruptedError):
        cut()
    assert [path] == list(tmp_path.iterdir())
    assert path.read_text() == "old"
