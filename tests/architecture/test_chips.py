"""Presets of built chips against what was published of them."""

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.accelerator import usual_accelerator
from xbar_circuit.accelerator._periphery import Periphery
from xbar_circuit.accelerator._tile_peak import tile_peak
from xbar_circuit.architecture import PUBLISHED, NeurramModel, hermes_64, neurram, preset

#: Output and input bits, phases: TOPS and TOPS/W of the chip, Extended Data Fig. 12.
NEURRAM = {
    (3, 1, 1): (2.1223, 43.0788),
    (4, 2, 1): (1.7931, 40.3341),
    (5, 3, 1): (1.1654, 23.0907),
    (6, 4, 1): (0.74387, 15.9541),
    (7, 5, 1): (0.45156, 11.3300),
    (8, 6, 1): (0.26080, 9.12235),
    (7, 5, 2): (0.52541, 11.0317),
    (8, 6, 2): (0.41772, 8.25720),
    (9, 7, 2): (0.34387, 7.75004),
    (10, 8, 2): (0.26387, 6.43739),
}
ENERGY_FITTED = {(5, 3), (7, 5), (10, 8)}
TIME_FITTED = {(5, 3, 1), (6, 4, 1), (7, 5, 1), (7, 5, 2)}


@pytest.mark.parametrize(("widths", "published"), NEURRAM.items())
def test_neurram_at_widths_that_it_was_not_fitted_to(widths, published):
    out, bits, phases = widths
    model = NeurramModel()
    time = 1e-4 if widths in TIME_FITTED else 0.02
    assert model.tops(bits, out, phases=phases) == approx(published[0], rel=max(time, 1e-3))
    held_out = (out, bits) not in ENERGY_FITTED
    assert model.tops_per_watt(bits) == approx(published[1], rel=0.13 if held_out else 0.03)


@pytest.mark.parametrize(
    ("bits", "published"),
    [(6, (37.2, 52.5, 19.2)), (2, (8.27, 12.39, 3.96)), (7, (43.7, 61.8, 22.8))],
)
def test_neurrams_components_at_widths_that_they_were_not_fitted_to(bits, published):
    found = NeurramModel().joule(bits)
    assert list(found) == ["word lines", "neurons", "inputs"]
    np.testing.assert_allclose(list(found.values()), np.array(published) * 1e-15, rtol=0.13)


@pytest.mark.parametrize(("name", "bits"), [("neurram", 6), ("neurram, 1-bit inputs", 1)])
def test_a_core_of_neurram_as_a_preset(name, bits):
    core = usual_accelerator(name)
    found = tile_peak(core, Periphery.of(core, name), array_joule=0.0)
    chip = next(one for one in PUBLISHED if one.name == f"NeuRRAM, {bits}-bit inputs")
    assert found["macs"] == 256 * 128
    assert 48 * found["tops"] == approx(chip.tops, rel=0.02)
    assert found["tops_per_watt"] == approx(chip.tops_per_watt, rel=0.11)
    assert found["tops_per_watt"] == approx(NeurramModel().tops_per_watt(bits))
    # 61 % of the core's area are said: neurons, drivers, devices
    assert 2 * 256 * 128 / found["product_second"] / found["tops_per_mm2"] * 1e-12 == approx(
        0.61 * 256 * 1270e-6 / 0.28
    )


def test_what_neurram_cannot_do_is_refused():
    with pytest.raises(xc.ParameterError, match="phases"):
        NeurramModel().seconds(4, 6, phases=2)
    with pytest.raises(xc.ParameterError, match="input_bits"):
        neurram(9)


@pytest.mark.parametrize(("phases", "words"), [(1, "one phase"), (4, "four phases")])
def test_the_64_core_chip_comes_out_of_its_preset(phases, words):
    name = f"hermes 64, {words}"
    core = usual_accelerator(name)
    found = tile_peak(core, Periphery.of(core, name), array_joule=1e-9)
    chip = next(one for one in PUBLISHED if one.name == f"64-core chip, {words}")
    assert 64 * found["tops"] == approx(chip.tops)
    assert found["tops_per_watt"] == approx(chip.tops_per_watt)
    assert preset(name).phases == phases
    # 128 ns a read: set-up takes 5 ns in one phase, 9 in four
    assert 3e-9 < hermes_64(phases).settle_second < 10e-9
    with pytest.raises(xc.ParameterError, match="phases"):
        hermes_64(2)


def test_the_published_chips_are_as_published():
    """A digit that slipped would move every comparison."""
    found = [(one.tops, one.tops_per_watt, one.tops_per_mm2) for one in PUBLISHED]
    assert found == [
        (1.008, 10.5, 1.59),
        (63.1, 9.76, None),
        (16.1, 2.48, None),
        (0.418, 8.26, None),
        (2.122, 43.1, None),
        (None, 12.4, None),
    ]
