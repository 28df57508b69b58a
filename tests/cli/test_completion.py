"""Shell completion: what is installed, and what it offers."""

import os
import subprocess
import sys

import pytest


def xbar(*words, **environment):
    return subprocess.run(
        [sys.executable, "-m", "xbar_circuit", *words],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | environment,
    ).stdout


@pytest.mark.parametrize(
    ("typed", "offered"), [("xbar ir", "ir-drop"), ("xbar read --row", "--row-ohm")]
)
def test_what_was_begun_is_completed(typed, offered):
    count = len(typed.split()) - 1
    said = xbar(_XBAR_COMPLETE="complete_bash", COMP_WORDS=typed, COMP_CWORD=str(count))
    assert said.split() == [offered]


def test_the_script_for_a_shell_is_shown():
    # by its name: a run without a shell above it, as in CI, has none that could be found
    script = xbar("--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert "complete -o default -F _xbar_completion xbar" in script
    assert "_XBAR_COMPLETE=complete_bash" in script
