"""Names from files change nothing on the terminal."""

import ast
from pathlib import Path

import pytest
from rich.table import Table

import xbar_circuit
from xbar_circuit._terminal import SafeConsole
from xbar_circuit.report.progress import progress_bar

PACKAGE = Path(xbar_circuit.__file__).parent


@pytest.mark.parametrize("name", ["[/foo]", "[bold]x", "[link=http://a]b[/link]", ":smile:", "a["])
def test_brackets_are_brackets(capsys, name):
    table = Table("layer", title=name)
    table.add_row(name)
    terminal = SafeConsole()
    terminal.print(table)
    terminal.print(f"written to {name}")
    assert capsys.readouterr().out.count(name) == 3


@pytest.mark.parametrize("sign", ["\x1b[2J", "\x1b]0;title\x07", "\x9b2J", "\x08", "\x00", "\x7f"])
def test_control_characters_are_shown_not_sent(capsys, sign):
    table = Table("layer")
    table.add_row(f"a{sign}b")
    terminal = SafeConsole()
    terminal.print(table)
    terminal.print(f"a{sign}b")
    with progress_bar() as bar:
        bar.add(f"a{sign}b", 1, 1)
        bar.reach(f"a{sign}b", 1.0, 1.0)
    printed = capsys.readouterr()
    assert "a\ufffd" in printed.out
    assert (
        not set(sign)
        & set(map(chr, (*range(9), *range(11, 32), *range(127, 160))))
        & set(printed.out + printed.err)
    )


def test_every_console_is_one_of_these():
    """A console of rich's own would take brackets for markup."""
    found = [
        path.relative_to(PACKAGE).as_posix()
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "rich.console"
    ]
    assert found == ["_terminal.py"]
