"""The registry's text: tables come, go and are retired, and comments stay where they are."""

import tomllib

import pytest

from models.detector import ModelError
from models.registry_text import after_the_models, table_of, with_int8, with_retired, with_table

TEXT = """# Ours.
default = "a"

[models.a]
version = "1"  # the first
weights = "a.onnx"

# A comment within, before its second form.
[models.a.int8]
weights = "a-int8.zip"
sha256 = "11"

# Of b.
[models.b]
version = "2"
weights = "b.onnx"

# What went.
[[retired]]
name = "z"
"""


def test_a_table_is_its_sub_tables_too() -> None:
    """It ends where something else begins, before the comment on that; a name that is not there has none."""
    found = table_of(TEXT, "a")
    assert found is not None
    assert found.startswith("[models.a]\n")
    assert found.endswith('sha256 = "11"\n')
    assert table_of(TEXT, "b") == '[models.b]\nversion = "2"\nweights = "b.onnx"\n'
    assert table_of(TEXT, "c") is None


def test_a_table_is_replaced_whole() -> None:
    """The second form of what was there goes with it; other tables and their comments stay."""
    text = with_table(TEXT, "a", '[models.a]\nversion = "3"\n')
    assert tomllib.loads(text)["models"] == {"a": {"version": "3"}, "b": {"version": "2", "weights": "b.onnx"}}
    assert "# Of b.\n[models.b]" in text
    assert "# Ours." in text
    new = tomllib.loads(with_table(TEXT, "c", '[models.c]\nversion = "1"\n'))
    assert list(new["models"]) == ["a", "b", "c"]


@pytest.mark.parametrize("name", ["a", "b"])
def test_a_second_form_is_added_or_replaced(name: str) -> None:
    """The model's table has one sub-table afterwards, and nothing else changes."""
    text = with_int8(TEXT, name, "new.zip", "22")
    expected = tomllib.loads(TEXT)
    expected["models"][name]["int8"] = {"weights": "new.zip", "sha256": "22"}
    assert tomllib.loads(text) == expected
    assert with_int8(text, name, "new.zip", "22") == text


def test_both_forms_are_retired() -> None:
    """The retired table and its sub-table have the new places; what was retired before comes after it."""
    text = with_retired(TEXT, "a", [{"weights": "retired/a.onnx"}, {"weights": "retired/a.zip"}])
    newest, older = tomllib.loads(text)["retired"]
    assert (newest["name"], newest["weights"]) == ("a", "retired/a.onnx")
    assert newest["int8"] == {"weights": "retired/a.zip", "sha256": "11"}
    assert older == {"name": "z"}
    (b, _) = tomllib.loads(with_retired(TEXT, "b", [{"weights": "retired/b.onnx"}]))["retired"]
    assert b == {"name": "b", "version": "2", "weights": "retired/b.onnx"}


def test_no_table() -> None:
    """What has no table of its own is neither given a second form nor retired."""
    for change in (lambda: with_int8(TEXT, "c", "c.zip", "1"), lambda: with_retired(TEXT, "c", [{}])):
        with pytest.raises(ModelError, match=r"no table \[models\.c\]"):
            change()
    assert after_the_models("", "[models.a]\n") == "\n\n[models.a]\n"
