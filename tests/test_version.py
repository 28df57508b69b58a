"""The version and what the package needs are stated once; other files that repeat them agree."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from xbar_circuit.version import __version__

ROOT = Path(__file__).parents[1]
CONDA_NAME = {"matplotlib": "matplotlib-base"}


def test_every_file_states_the_same_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    recipe = yaml.safe_load((ROOT / ".ci/recipe.yaml").read_text())
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert citation["version"] == __version__
    assert recipe["context"]["version"] == __version__
    assert newest is not None
    assert newest[1] == __version__


@pytest.mark.parametrize(
    "requirement", tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
)
def test_the_conda_recipe_asks_for_what_the_package_needs(requirement):
    recipe = yaml.safe_load((ROOT / ".ci/recipe.yaml").read_text())
    found = re.fullmatch(r"([A-Za-z0-9_-]+)\s*(\S*?)", requirement.split(";")[0].strip())
    assert found is not None
    name = found[1].lower()
    assert f"{CONDA_NAME.get(name, name)} {found[2]}".strip() in recipe["requirements"]["run"]


def test_the_conda_recipe_brings_a_simulator():
    recipe = yaml.safe_load((ROOT / ".ci/recipe.yaml").read_text())
    assert "ngspice-lib" in recipe["requirements"]["run"]
