"""Every number of every part has the default and the bounds that its meaning asks for.

The table ``data/part_numbers.txt`` is written by hand; see its head.
"""

import math
import re
from dataclasses import MISSING, fields
from pathlib import Path
from typing import get_type_hints

import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit import architecture, cells, devices, peripherals, programming
from xbar_circuit.architecture import components

AMP = peripherals.OpAmp()
#: What a part of each kind needs beside the number under test.
NEEDED = {
    "TransimpedanceAmplifier": {"opamp": AMP, "feedback_ohm": 1e4},
    "ChargeIntegrator": {"opamp": AMP, "farad": 1e-12, "window_second": 1e-7},
    "DifferenceAmplifier": {"opamp": AMP},
    "Sar": {"bits": 5},
    "Cyclic": {"bits": 5},
    "Ramp": {"bits": 5},
    "Flash": {"bits": 3},
    "OscillatorCounter": {"bits": 6, "full_scale_ampere": 1e-5},
    "WordLineBuffer": {"driver": peripherals.Dac()},
    "Wires": {"row_ohm": 1.0, "column_ohm": 1.0},
    "Sinh": {"v0_volt": 0.1},
    "Pulse": {"volt": 3.0, "width_second": 1e-7},
    "MemoryTransistor": {
        "specific_ampere": 1e-6,
        "slope_factor": 1.2,
        "low_volt": 0.2,
        "high_volt": 1.0,
    },
    "SelectionCounter": {"length": 4},
    "PublishedReadout": {"bits": 8, "conversion_joule": 1e-12, "conversion_second": 1e-9},
    "PublishedDriver": {"activation_joule": 1e-13},
    "Buffer": {"byte_joule": 1e-12},
    "Interconnect": {"bit_joule_per_metre": 1e-11, "distance_metre": 1e-3},
    "DigitalUnit": {
        "add_joule": 1e-13,
        "multiply_joule": 1e-12,
        "lanes": 4,
        "clock_hertz": 1e9,
        "buffer": components.Buffer(byte_joule=1e-12),
        "interconnect": components.Interconnect(bit_joule_per_metre=1e-11, distance_metre=1e-3),
    },
}
#: By which other number an upper bound is refused.
NAMED_BY = {
    ("PulseWidth", "clock_hertz"): "rise_second",
    ("ThresholdSwitch", "on_volt"): "threshold_volt",
    ("ThresholdSwitch", "hold_margin_volt"): "threshold_volt",
}
HOMES = (xc, peripherals, devices, cells, programming, components, architecture)
LINE = re.compile(r" +(\w+) +([\[({].*?[\])}]|\w+) +(\S+)(?: +(none))?")


def kind_of(name):
    return next(getattr(home, name) for home in HOMES if hasattr(home, name))


def table():
    """Return (part, number, interval, default, whether None is a value) of each line."""
    part, found = "", []
    text = Path(__file__).with_name("data") / "part_numbers.txt"
    for whole in text.read_text(encoding="utf-8").splitlines():
        line = whole.split("#")[0].rstrip()
        if line and not line.startswith(" "):
            part = line
        elif line:
            name, interval, default, none = LINE.fullmatch(line).groups()
            found.append((part, name, interval, default, none is not None))
    return found


TABLE = table()
BOUNDED = [one for one in TABLE if one[2] not in {"fitted", "flag"}]


def make(part, **given):
    return kind_of(part)(**(NEEDED.get(part, {}) | given))


def refused(part, name, value, *, about=""):
    """A value of a number is refused by its name, or by that of the number that bounds it."""
    with pytest.raises(xc.ParameterError, match=rf"{name}|{about or name}"):
        make(part, **{name: value})


def beside(edge, way):
    """Return what lies just beside a bound, upwards or downwards."""
    if math.isinf(edge):
        return math.copysign(1e300, edge)
    return edge + way * (abs(edge) * 1e-12 or 5e-324)


@pytest.mark.parametrize("part", dict.fromkeys(one[0] for one in TABLE))
def test_defaults_are_those_of_the_table(part):
    wanted = {one[1]: one[3] for one in TABLE if one[0] == part}
    numbers = [
        one
        for one in fields(kind_of(part))
        if one.init and re.fullmatch(r"(float|int|bool)( \| None)?", str(one.type))
    ]
    assert {one.name for one in numbers} == set(wanted)
    for one in numbers:
        text = wanted[one.name]
        if text == "-":
            assert (one.default, one.default_factory) == (MISSING, MISSING), one.name
        elif text in {"none", "true", "false"}:
            assert one.default is {"none": None, "true": True, "false": False}[text], one.name
        else:
            assert one.default == approx(float(text), rel=1e-12), one.name


def test_a_conveyor_copies_something():
    refused("CurrentConveyor", "ratio", 0.0)


def test_every_part_with_numbers_is_in_the_table():
    known = {one[0] for one in TABLE}
    for name in peripherals.__all__:
        part = getattr(peripherals, name)
        if isinstance(part, type) and hasattr(part, "__post_init__"):
            hints = get_type_hints(part).values()
            assert name in known or not {float, int} & set(hints), name


@pytest.mark.parametrize(
    ("part", "name", "interval", "none"),
    [
        pytest.param(part, name, interval, none, id=f"{part}-{name}")
        for part, name, interval, _, none in BOUNDED
    ],
)
def test_a_number_is_taken_up_to_its_bounds_and_refused_beyond(part, name, interval, none):
    whole = interval[0] == "{"
    low, high = interval[1:-1].split(".." if whole else ", ")
    for value in (math.nan, "1", True, *([] if none else [None])):
        refused(part, name, value)
    if none:
        assert getattr(make(part, **{name: None}), name) is None
    for text, way, closed in ((low, -1, interval[0] != "("), (high, 1, interval[-1] != ")")):
        other = text if text.isidentifier() and text != "inf" else ""  # number of the same part
        edge = float(getattr(make(part), other) if other else text or math.inf)
        about = other or NAMED_BY.get((part, name), "")
        if whole:
            if text:
                assert getattr(make(part, **{name: int(edge)}), name) == int(edge)
                refused(part, name, int(edge) + way)
        elif closed:
            inside = edge if math.isinf(edge) else beside(edge, -way) if edge else edge
            assert getattr(make(part, **{name: inside}), name) == inside
            if math.isfinite(edge):
                refused(part, name, beside(edge, way), about=about)
        else:
            refused(part, name, edge, about=about)
            inside = beside(edge, -way)
            assert getattr(make(part, **{name: inside}), name) == inside
    if whole:
        refused(part, name, int(low) + 0.5)
