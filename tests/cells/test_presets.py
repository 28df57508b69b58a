"""Published cells of other memories: their laws against hand arithmetic, in every engine."""

import json
from decimal import Decimal, getcontext

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit import cli
from xbar_circuit.accelerator import read_settings
from xbar_circuit.agreement import check, own_cases
from xbar_circuit.cells import CELL_PRESETS, MemoryTransistor, cell_preset, load_cell
from xbar_circuit.errors import ParameterError

K_BOLTZMANN, CHARGE = 1.380649e-23, 1.602176634e-19


@pytest.mark.parametrize("name", CELL_PRESETS)
def test_all_engines_agree_on_arrays_of_it(name):
    preset = cell_preset(name)
    gate = getattr(preset.cell, "read_volt", None)
    for case in own_cases(preset.cell, volt=0.2 if gate is None else gate):
        outcome = check(case)
        assert outcome.passed, (case.name, outcome)
        assert outcome.difference.column_current < 2e-7, case.name
        assert outcome.simulators_difference.column_current < 2e-7, case.name


@pytest.mark.parametrize("name", CELL_PRESETS)
def test_every_constant_has_a_source(name):
    preset = cell_preset(name)
    words = ("[code]", "[abstract]", "[second-hand]", "[textbook]", "[derived]", "[chosen]")
    for constant, source in preset.sources.items():
        assert any(word in source for word in words), (constant, source)
    low, high = preset.range_siemens
    assert 0.0 < low < high
    with pytest.raises(ParameterError, match="state"):
        preset.conductance(preset.states[1] + 0.01)


def test_skywaters_cell_gives_the_currents_of_the_library():
    preset = cell_preset("reram_skywater")
    xbar = xc.Crossbar(
        conductance=preset.conductance([[3.3, 4.0, 4.9]]),
        wires=xc.Wires(row_ohm=0.0, column_ohm=0.0),
        cell=preset.cell,
    )
    published = np.array([[61.3089e-9, 780.906e-9, 20.57829e-6]])
    np.testing.assert_allclose(xc.nodal.read(xbar, [0.2]).column_current, published, rtol=1e-6)


def test_stanfords_cell_is_its_law():
    preset = cell_preset("reram_stanford")
    gap, volt = np.array([0.1, 0.9, 1.7]), 0.35
    got = preset.cell.respond(np.array(volt), np.array(0.0), preset.conductance(gap)).current
    np.testing.assert_allclose(got, 1e-3 * np.exp(-gap / 0.25) * np.sinh(volt / 0.25), rtol=1e-13)


def by_hand(cell, gate, threshold, source, drain):
    """The law of Enz, Krummenacher and Vittoz in forty digits."""
    getcontext().prec = 40
    thermal = Decimal(K_BOLTZMANN) * Decimal(300) / Decimal(CHARGE)
    pinch = (Decimal(gate) - Decimal(threshold)) / Decimal(cell.slope_factor)

    def charge(volt):
        return (1 + ((pinch - Decimal(volt)) / (2 * thermal)).exp()).ln() ** 2

    return float(Decimal(cell.specific_ampere) * (charge(source) - charge(drain)))


@pytest.mark.parametrize("gate", [-0.5, 0.9, 1.8, 6.0])
@pytest.mark.parametrize("threshold", [0.2, 1.1, 1.8])
def test_a_memory_transistor_is_its_law_from_weak_to_strong_inversion(gate, threshold):
    cell = cell_preset("fefet_hzo").cell
    g = cell.conductance(threshold)
    for source, drain in ((0.0, 0.1), (0.03, 0.1), (0.2, 0.1), (0.0, 1e-3)):
        current, *slopes = cell.supplied(
            np.array(gate), np.array(drain), np.array(source), np.array(g)
        )
        truth = by_hand(cell, gate, threshold, source, drain)
        assert float(current) == approx(truth, rel=2e-12)
        step = 1e-6
        for slope, move in zip(slopes, ((1, 0, 0), (0, 1, 0), (0, 0, 1)), strict=True):
            ends = [
                by_hand(
                    cell, gate + s * move[0], threshold, source + s * move[1], drain + s * move[2]
                )
                for s in (-step, step)
            ]
            assert float(slope) == approx((ends[1] - ends[0]) / (2 * step), rel=1e-7)


def test_weak_inversion_has_the_swing_that_the_slope_factor_says():
    cell = cell_preset("flash_nor").cell
    zero, g = np.zeros(1), np.array([cell.range_siemens[0]])
    low, high = (cell.respond(np.array([v]), zero, g).current[0] for v in (0.6, 0.7))
    swing = 0.1 / np.log10(high / low)
    assert swing == approx(np.log(10) * K_BOLTZMANN * 300 / CHARGE / 0.7, rel=1e-4)
    span = cell.range_siemens
    assert span[1] / span[0] == approx(1e3, rel=0.1)  # the three decades, at a weak inversion's end


def test_thresholds_and_conductances_are_one_to_one():
    rng = np.random.default_rng(4)
    for name in ("fefet_hzo", "flash_nor"):
        preset = cell_preset(name)
        states = rng.uniform(*preset.states, (40, 30))
        found = preset.cell.threshold(preset.conductance(states))
        np.testing.assert_allclose(found, states, rtol=1e-12)
        low, high = preset.range_siemens
        for wrong in (0.9 * low, 1.1 * high):
            with pytest.raises(ParameterError, match=r"conductance.*thresholds"):
                preset.cell.threshold(wrong)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"specific_ampere": 0.0}, "specific_ampere"),
        ({"slope_factor": 0.9}, "slope_factor"),
        ({"high_volt": 0.1}, "high_volt"),
        ({"supply_volt": 0.0}, "supply_volt"),
        ({"celsius": -263.15}, "celsius"),
    ],
)
def test_what_cannot_be_is_refused(changes, said):
    fits = {"specific_ampere": 1e-6, "slope_factor": 1.2, "low_volt": 0.2, "high_volt": 1.0}
    with pytest.raises(ParameterError, match=said):
        MemoryTransistor(**(fits | changes))


def test_they_go_by_name_through_files_and_options(tmp_path, capsys):
    path = tmp_path / "flash.toml"
    path.write_text('kind = "preset"\nname = "flash_nor"\n')
    assert load_cell(path) == cell_preset("flash_nor").cell
    path.write_text('kind = "preset"\nname = "flash_nand"\n')
    with pytest.raises(ParameterError, match="flash_nor"):
        load_cell(path)
    config = tmp_path / "chip.toml"
    config.write_text(
        '[accelerator]\nsynapse.cell = { kind = "preset", name = "reram_skywater" }\n'
    )
    synapse = read_settings(config).accelerator.synapse
    assert synapse.cell == cell_preset("reram_skywater").cell
    np.save(tmp_path / "g.npy", np.full((3, 2), 2e-9))
    words = ["read", str(tmp_path / "g.npy"), "--device-law", "flash_nor"]
    with pytest.raises(SystemExit) as left:
        cli.main([*words, "--out", str(tmp_path / "read"), "--compare"])
    assert left.value.code == 0, capsys.readouterr()


def test_the_command_shows_curves_and_sources(tmp_path):
    with pytest.raises(SystemExit) as left:
        cli.main(
            ["cells", "--only", "fefet_hzo", "--only", "reram_skywater", "--out", str(tmp_path)]
        )
    assert left.value.code == 0
    told = json.loads((tmp_path / "summary.json").read_text())["cells"]
    assert [one["name"] for one in told] == ["fefet_hzo", "reram_skywater"]
    assert all(one["worst_relative_difference"] < 1e-8 for one in told)
    assert "61.4 uA" in told[1]["sources"]["I0"]
    assert (tmp_path / "curves.png").stat().st_size > 10_000
    assert "Toprasertpong" in (tmp_path / "index.html").read_text()
    with pytest.raises(SystemExit) as left:
        cli.main(["cells", "--only", "flash", "--out", str(tmp_path)])
    assert left.value.code == 2
