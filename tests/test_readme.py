"""What the README shows works as it stands there."""

import re
from pathlib import Path

from xbar_circuit import cli

README = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")


def test_both_engines_agree_in_ten_lines(capsys):
    example = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[0]
    exec(compile(example, "README.md", "exec"), {})
    difference, drop = capsys.readouterr().out.splitlines()
    assert float(difference) < 1e-12
    assert 0.03 < float(drop.removeprefix("IR drop ")) < 0.05


def test_every_verb_is_in_the_table():
    named = set(re.findall(r"^\| `xbar ([a-z-]+)[^|]* \|", README, re.MULTILINE))
    assert named == set(cli._Verbs().list_commands(None))


def test_pictures_are_there():
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", README)
    assert pictures
    for picture in pictures:
        assert (Path(__file__).resolve().parents[1] / picture).is_file()
