"""Recipes: every shipped one reads, and one that asks for the impossible is refused."""

from pathlib import Path

import pytest

from models.training.recipe import Recipe, RecipeError


def test_every_shipped_recipe_reads() -> None:
    """The recipe files beside the code hold known keys in range."""
    folder = Path(__file__).parents[3] / "models" / "training" / "recipes"
    assert {Recipe.read(path).name for path in folder.glob("*.toml")} == {
        "emissions-n",
        "emissions-s",
        "emissions-v8s",
        "objects-n",
    }


@pytest.mark.parametrize("line", ['initial = "loud"', 'activation = "relu"', 'optimiser = "adam"', "batch = 0"])
def test_a_recipe_that_asks_for_what_there_is_not_is_refused(tmp_path: Path, line: str) -> None:
    """The sentence names the key."""
    path = tmp_path / "recipe.toml"
    path.write_text(f'name = "x"\narchitecture = "yolov8n.yaml"\n{line}\n', encoding="utf-8")
    with pytest.raises(RecipeError, match=line.partition(" ")[0]):
        Recipe.read(path)


def test_a_misspelt_recipe_key_is_refused(tmp_path: Path) -> None:
    """A key nobody reads would silently train something else."""
    path = tmp_path / "recipe.toml"
    path.write_text('name = "x"\narchitecture = "yolov8n.yaml"\nbatchsize = 3\n', encoding="utf-8")
    with pytest.raises(RecipeError, match="batchsize"):
        Recipe.read(path)


def test_a_recipe_says_what_of_it_cannot_be(tmp_path: Path) -> None:
    """A teacher alone without a gain, and a narrowed head that is to lie halfway to the first weights, are refused."""
    wrong = {
        "[distillation]\nalone = true\n": "needs a gain",
        "class_width = 8\nblend = 0.5\n": "blend must be 1",
        'learns = "head"\n': "learns must be all or class_branch, got 'head'",
        "side_px = 64\nheight_px = 96\n": "height_px must be at most side_px",
        "height_px = 30\n": "multiples of 32",
    }
    for lines, said in wrong.items():
        path = tmp_path / "recipe.toml"
        path.write_text(f'name = "tiny"\narchitecture = "yolov8n.yaml"\n{lines}', encoding="utf-8")
        with pytest.raises(RecipeError, match=said):
            Recipe.read(path)
