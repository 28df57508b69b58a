"""``--format`` is in every verb that draws, and in no other; the figures are the same in each."""

import ast
from functools import cache
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import typer

import xbar_circuit as xc
from xbar_circuit import cli
from xbar_circuit.cli import main
from xbar_circuit.cli._options import ImageFormat
from xbar_circuit.errors import ParameterError
from xbar_circuit.plots import FORMATS, also_as, figure, save

HOME = Path(cli.__file__).parent


@cache
def draws(path):
    """Whether a module of the command line draws, itself or through another one of its package."""
    text = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Attribute) and node.attr == "plot":
            return True
        if not isinstance(node, ast.ImportFrom) or node.module is None:
            continue
        if node.module.startswith("xbar_circuit.plots"):
            return True
        if node.module.startswith("xbar_circuit.cli."):
            below = HOME.joinpath(*node.module.split(".")[2:])
            file = below / "__init__.py" if below.is_dir() else below.with_suffix(".py")
            if file.name != "_options.py" and draws(file):
                return True
    return False


def commands():
    """Yield name, file and command of every verb and of every part of one."""
    group = typer.main.get_command(cli.app)
    for name in cli.verbs():
        verb = group.get_command(None, name)
        if hasattr(verb, "commands"):
            for part, command in verb.commands.items():
                yield f"{name} {part}", command
        else:
            yield name, verb


def file_of(command):
    work = command.callback
    while hasattr(work, "__wrapped__"):
        work = work.__wrapped__
    return Path(import_module(work.__module__).__file__)


@pytest.mark.parametrize(("name", "command"), list(commands()))
def test_a_verb_that_draws_takes_formats(name, command):
    options = [p for p in command.params if "--format" in p.opts]
    assert len(options) == draws(file_of(command)), name
    for option in options:
        assert option.multiple
        assert "ImageFormat" in str(option.type_descriptor.annotation)


def test_some_verbs_draw_and_some_do_not():
    found = {name: draws(file_of(command)) for name, command in commands()}
    assert found["read"]
    assert found["ir-drop"]
    assert found["characterize conveyor"]
    assert not found["doctor"]
    assert not found["check"]


def test_figures_come_in_every_format_that_was_asked_for(tmp_path, capsys):
    np.savetxt(tmp_path / "g.csv", [[1e-5, 2e-5], [3e-5, 4e-5]], delimiter=",")
    words = ["read", str(tmp_path / "g.csv"), "--out", str(tmp_path / "out")]
    with pytest.raises(SystemExit) as done:
        main([*words, "--format", "pdf", "--format", "svg"])
    assert done.value.code == 0
    heads = {kind: (tmp_path / f"out/maps.{kind}").read_bytes()[:5] for kind in FORMATS}
    assert heads == {"png": b"\x89PNG\r", "svg": b"<?xml", "pdf": b"%PDF-"}
    with pytest.raises(SystemExit) as done:
        main([*words, "--format", "gif"])
    assert done.value.code == 2
    assert "'gif' is not one of" in capsys.readouterr().err
    assert tuple(ImageFormat) == FORMATS


def test_a_part_that_refuses_options_takes_formats(tmp_path):
    words = ["characterize", "converter", "ramp", "--bits", "3", "--format", "svg"]
    with pytest.raises(SystemExit) as done:
        main([*words, "--out", str(tmp_path)])
    assert done.value.code == 0
    assert (tmp_path / "characterize.svg").read_bytes().startswith(b"<?xml")


def test_the_same_figure_is_the_same_file(tmp_path):
    made = []
    for k in range(2):
        with figure() as (page, (axes,)), also_as(["svg", "pdf"]):
            axes.plot([1, 2], label="line")
            axes.set(xlabel="time [s]", ylabel="voltage [V]")
            (tmp_path / str(k)).mkdir()
            save(page, tmp_path / str(k) / "a.png")
        made.append([(tmp_path / str(k) / f"a.{kind}").read_bytes() for kind in FORMATS])
    assert made[0] == made[1]


def test_an_unknown_format_is_refused(tmp_path):
    with pytest.raises(ParameterError, match="gif"), also_as(["gif"]):
        pass
    result = xc.read(
        xc.Crossbar(conductance=[[1e-5]], wires=xc.Wires(row_ohm=1.0, column_ohm=1.0)), [[0.2]]
    )
    with pytest.raises(ParameterError, match=r"\.png, \.svg, \.pdf"):
        result.plot(path=tmp_path / "a.gif")
    assert list(tmp_path.iterdir()) == []
