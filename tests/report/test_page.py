"""A page stands alone and says exactly what it was given."""

import re

import pytest

from xbar_circuit.errors import ModelFileError
from xbar_circuit.plots import figure, save
from xbar_circuit.report import Figure, Section, Table, write_page


def test_page_is_self_contained_and_escaped(tmp_path):
    with figure() as (page, (axes,)):
        axes.plot([1, 2])
        axes.set(xlabel="time [s]", ylabel="voltage [V]")
        save(page, tmp_path / "a.png")
    section = Section(
        title="Loss & gain",
        paragraphs=["1 < 2"],
        tables=[Table(columns=["what", "V"], rows=[["<script>", "0.2"]])],
        figures=[Figure(path=tmp_path / "a.png", caption="a line")],
    )
    write_page(
        tmp_path / "new" / "page.html",
        title="T",
        lead="l",
        sections=[section],
        key_numbers={"n": "3"},
        footer="seed 1",
    )
    html = (tmp_path / "new" / "page.html").read_text()
    assert "<script>" not in html
    assert "1 &lt; 2" in html
    assert "Loss &amp; gain" in html
    assert html.count("data:image/png;base64,") == 1
    assert not re.search(r"(src|href)=\"(?!data:)", html)


def test_missing_figure_leaves_no_page(tmp_path):
    section = Section(title="t", figures=[Figure(path=tmp_path / "none.png", caption="c")])
    with pytest.raises(ModelFileError, match=r"none\.png"):
        write_page(tmp_path / "page.html", title="T", lead="l", sections=[section])
    assert list(tmp_path.iterdir()) == []


def test_text_is_aligned_left_and_numbers_right():
    table = Table(
        columns=["name", "kind", "value", "area", "source"],
        rows=[
            ["1 SAR", "charge", "0.5 uA", "not counted", "8 nm: taken from a paper of some length"],
            ["2 SAR", "current", "-3 uA", "12 um2", "1.6 V: taken from a paper, a long one too"],
        ],
    )
    assert table.kinds == ["text", "text", "number", "number", "text"]


def test_code_keeps_its_lines_and_files_are_links(tmp_path):
    section = Section(title="t", code="[study]\nseeds = 2", files=["a.csv", "b.csv"])
    write_page(tmp_path / "page.html", title="T", lead="l", sections=[section])
    html = (tmp_path / "page.html").read_text()
    assert "<pre>[study]\nseeds = 2</pre>" in html
    assert re.findall(r'href="([^"]+)"', html) == ["a.csv", "b.csv"]
