"""What the tests here leave behind goes to pytest's own folder."""

import tempfile

import pytest


@pytest.fixture(autouse=True, scope="session")
def _temporary_files_in_one_place(tmp_path_factory):
    before = tempfile.tempdir
    tempfile.tempdir = str(tmp_path_factory.mktemp("decks"))
    yield
    tempfile.tempdir = before
