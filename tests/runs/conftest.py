import importlib
from pathlib import Path

import pytest


@pytest.fixture
def jobs(monkeypatch):
    """The module of `importable/`, where worker processes find it too."""
    folder = Path(__file__).parent / "importable"
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=":")
    return importlib.import_module("runner_jobs")
