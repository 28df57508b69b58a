"""What the README shows works as it stands there."""

import re
from pathlib import Path

from xbar_circuit import cli

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_both_engines_agree_in_ten_lines(capsys):
    example = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[0]
    exec(compile(example, "README.md", "exec"), {})
    difference, drop = capsys.readouterr().out.splitlines()
    assert float(difference) < 1e-12
    assert 0.03 < float(drop.removeprefix("IR drop ")) < 0.05


def test_every_verb_is_in_the_table():
    page = (ROOT / "docs/reference/verbs.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `xbar ([a-z-]+)` \|", page, re.MULTILINE))
    assert named == set(cli._Verbs().list_commands(None))


def test_pictures_are_there():
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", README)
    assert pictures
    for picture in pictures:
        assert (ROOT / picture).is_file()


def test_what_is_linked_is_there():
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert len(links) > 8
    assert [link for link in links if not (ROOT / link).exists()] == []
