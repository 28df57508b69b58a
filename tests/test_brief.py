"""Large objects say in a line what they are, and show a map or a table in a notebook."""

import base64
import re
from dataclasses import dataclass, replace
from html.parser import HTMLParser

import numpy as np
import pytest

import xbar_circuit as xc
from xbar_circuit._brief import full_text
from xbar_circuit.accelerator import map_network
from xbar_circuit.peripherals import Dac
from xbar_circuit.studies import characterize_converter
from xbar_circuit.studies.readout.amplifier_report import AmplifierReport


def array():
    return np.random.default_rng(0).uniform(1e-6, 2e-5, (16, 8))


@pytest.fixture(scope="module")
def objects():
    crossbar = xc.Crossbar(conductance=array(), wires=xc.Wires(row_ohm=1.0, column_ohm=2.0))
    accelerator = xc.Accelerator()
    network = xc.network.fashion_mnist_lenet5()
    tile = accelerator.tile(array())
    images = xc.network.fashion_mnist_calibration().first(2).images
    chip = accelerator.program(network, calibration=images, rng=np.random.default_rng(0))
    return {
        "Crossbar": crossbar,
        "ReadResult": xc.read(crossbar, np.full(16, 0.2)),
        "Accelerator": accelerator,
        "Network": network,
        "Mapping": map_network(network, accelerator),
        "Tile": tile,
        "TileResult": tile.mvm(np.full((1, 16), 0.5)),
        "Chip": chip,
        "Cost": chip.cost(),
        "ConverterReport": characterize_converter(xc.peripherals.Sar(bits=4)),
    }


class Balanced(HTMLParser):
    """Elements that are opened are closed."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


WORDS = {
    "Crossbar": "16 x 8, 1.05 uS to 19.9 uS",
    "ReadResult": "batch=1 cols=8",
    "Accelerator": "128 x 128, DifferentialPair 100 nS to 25 uS, Dac, IdealConverter 8 bit",
    "Network": "61,470 weights, input 1 x 28 x 28",
    "Mapping": "5 layers on 14 tiles of 128 x 128, 54 % used",
    "Tile": "16 x 8, Dac, IdealConverter 8 bit",
    "TileResult": "batch=1 cols=4 engine='fast'",
    "Chip": "14 tiles of 128 x 128, 5 layers, 0 s after programming",
    "Cost": "total_joule ",
    "ConverterReport": "Sar 4 bit: enob ",
}
MAPS = {"Crossbar", "ReadResult", "Network", "Mapping", "Tile", "TileResult", "Chip"}


@pytest.mark.parametrize("name", WORDS)
def test_a_line_and_a_page(objects, name):
    one = objects[name]
    text, page = repr(one), one._repr_html_()
    assert text.startswith(f"<{name} ")
    assert WORDS[name] in text
    assert len(text) < 160
    assert len(page) < 200_000
    reader = Balanced()
    reader.feed(page)
    assert not reader.open
    pictures = re.findall(r"data:image/png;base64,([A-Za-z0-9+/=]+)", page)
    assert len(pictures) == (name in MAPS)
    for picture in pictures:
        assert base64.b64decode(picture).startswith(b"\x89PNG")


def test_a_report_shows_its_numbers_with_their_units(objects):
    page = objects["ConverterReport"]._repr_html_()
    report = objects["ConverterReport"]
    assert f"<td>{report.enob:.4g}</td>" in page
    assert re.search(r"energy_joule</th><td>[0-9.]+ [afpn]J</td>", page)


def test_records_keep_every_field():
    @dataclass(frozen=True)
    class Outer:
        inner: Dac
        text: str = "a"

    made = Outer(inner=Dac(bits=5))
    assert full_text(made).endswith(f"Outer(inner={Dac(bits=5)!r}, text='a')")
    accelerator = replace(xc.Accelerator(), rows=64)
    assert "rows=64" in full_text(accelerator)
    assert "g_max_siemens=2.5e-05" in full_text(accelerator)


def test_an_amplifier_says_its_gain_and_its_settling():
    found = dict.fromkeys(AmplifierReport.__dataclass_fields__, 1e-09)
    found |= {"name": "opamp", "settling_bits": 8, "gain_ohm": 4e3, "solved": {}}
    text = repr(AmplifierReport(**found))
    assert text.startswith("<AmplifierReport opamp: gain_ohm 4 kohm, ")
    assert text.endswith("settling_second 1 ns>")
