"""``xbar cost``: numbers, figures and page."""

import html
import json

import pytest

from closeness import approx
from xbar_circuit import cli


def run(*words):
    with pytest.raises(SystemExit) as leaving:
        cli.main(words)
    return leaving.value.code or 0


def test_the_page_stands_beside_published_chips(tmp_path, capsys):
    assert run("cost", "--images", "2", "--tile-budget", "12", "--out", str(tmp_path)) == 0
    assert {path.name for path in tmp_path.iterdir()} == {
        *("summary.json", "index.html", "cost.png", "chips.png"),
    }
    summary = json.loads((tmp_path / "summary.json").read_text())
    found = summary
    assert found["full_tile"]["product_joule"] == approx(12.5e-9)
    assert found["macs"] == 416_520
    assert found["tiles"] == 12
    assert sum(found["joule_by_component"].values()) == approx(found["joule"])
    page = html.unescape((tmp_path / "index.html").read_text())
    for chip in ("HERMES core", "64-core chip", "Nature 620"):
        assert chip in page
    for assumption in found["assumptions"]:
        assert assumption in page
    assert "10.5 TOPS/W" in capsys.readouterr().out


def test_what_cannot_be_meant_is_refused(tmp_path, capsys):
    assert run("cost", "--architecture", "none", "--out", str(tmp_path)) == 2
    assert "one of ['hermes'" in capsys.readouterr().err
    assert run("cost", "--tile-budget", "2", "--out", str(tmp_path)) == 2
    assert "tiles: got 2" in capsys.readouterr().err
    assert run("cost", "--data", "x.npy", "--out", str(tmp_path)) == 2
    assert "--divide" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
