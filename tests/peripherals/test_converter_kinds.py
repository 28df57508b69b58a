"""A converter from outside the package: one class and one registration, and everything takes it."""

import dataclasses
import json
from dataclasses import dataclass

import numpy as np
import pytest

import xbar_circuit as xc
from closeness import approx
from xbar_circuit import cli
from xbar_circuit.accelerator._reference import json_schema, settings_toml
from xbar_circuit.accelerator.settings import from_dictionary
from xbar_circuit.peripherals import OpAmp, Readout, TransimpedanceAmplifier
from xbar_circuit.peripherals._timing import Timing
from xbar_circuit.peripherals.converters import (
    CONVERTERS,
    ConverterBench,
    ConverterKind,
    Sar,
    bench_of,
    register,
)
from xbar_circuit.peripherals.converters.kinds import voltage_maker
from xbar_circuit.peripherals.converters.voltage import VoltageConverter
from xbar_circuit.report.hardware import part_words


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoStep(VoltageConverter):
    """A coarse decision, and a fine one of what is left of it, amplified with an error.

    Parameters
    ----------
    bits
        Even; half of them are coarse.
    low_volt, high_volt
        Range [V].
    gain_error
        Of the residue's amplifier.
    style
        A word without effect.
    """

    bits: int = 6
    low_volt: float = 0.0
    high_volt: float = 1.0
    gain_error: float = 0.0
    offset_volt: float = 0.0
    noise_volt: float = 0.0
    clock_hertz: float = 1e9
    style: str = "plain"
    reference_per_celsius: float = 0.0
    offset_volt_per_celsius: float = 0.0

    def __post_init__(self):
        self._check_range()

    def drawn(self, rng, *, gain_sigma=0.0):
        return dataclasses.replace(self, gain_error=gain_sigma * float(rng.standard_normal()))

    @property
    def conversion_second(self):
        return 2.0 / self.clock_hertz

    @property
    def energy_joule(self):
        return 1e-12

    @property
    def timing(self):
        return Timing(period_second=self.conversion_second, start_second=1.0 / self.clock_hertz)

    def convert_with(self, values, noise):
        steps = 2 ** (self.bits // 2)
        place = (values - self.low_volt) / (self.high_volt - self.low_volt) * steps
        coarse = np.clip(np.floor(place), 0, steps - 1)
        rest = (place - coarse) * (1.0 + self.gain_error) * steps
        fine = np.clip(np.floor(rest), 0, steps - 1)
        return (coarse * steps + fine).astype(np.int64)

    def spice_lines(self, timing, noise):
        steps = 2.0 ** (self.bits // 2)
        last, span = steps - 1, self.high_volt - self.low_volt
        yield "* two-step converter"
        yield "Rclock clock 0 1e6"
        yield "Rstart start 0 1e6"
        yield f"Bplace place 0 V=(V(in)-({self.low_volt!r}))*{steps / span!r}"
        yield f"Bcoarse coarse 0 V=max(0,min({last},floor(V(place))))"
        yield f"Brest rest 0 V=(V(place)-V(coarse))*{(1.0 + self.gain_error) * steps!r}"
        yield f"Bcode code 0 V=V(coarse)*{steps}+max(0,min({last},floor(V(rest))))"


KIND = ConverterKind(
    name="two_step",
    of=TwoStep,
    title="two-step converter",
    words={"style": ("plain", "fancy")},
    bench=ConverterBench(
        make=voltage_maker(TwoStep),
        mismatch="gain_sigma",
        mismatch_of="gain",
        usual_mismatch=0.01,
    ),
    example=TwoStep(bits=4),
)


@pytest.fixture
def _registered():
    register(KIND)
    yield
    del CONVERTERS["two_step"]


def test_a_file_does_not_know_what_is_not_registered():
    content = {"accelerator": {"readout": {"converter": {"kind": "two_step"}}}}
    with pytest.raises(xc.ParameterError, match=r"converter.kind: got 'two_step', expected one of"):
        from_dictionary(content)
    with pytest.raises(xc.ParameterError, match="circuit: got 'two_step', expected one of 'sar'"):
        bench_of("two_step")


def test_another_class_under_a_name_is_refused():
    with pytest.raises(xc.ParameterError, match="'sar', which is a Sar, expected a name that no"):
        register(dataclasses.replace(KIND, name="sar"))
    register(CONVERTERS["sar"])
    assert CONVERTERS["sar"].of is Sar


@pytest.mark.usefixtures("_registered")
def test_it_goes_from_a_file_to_the_codes_of_a_deck():
    converter = {"kind": "two_step", "bits": 6, "low_volt": 0.1, "gain_error": 0.05}
    readout = {
        "amplifier": {"kind": "transimpedance", "feedback_ohm": 5e3, "opamp": {}},
        "converter": converter,
    }
    settings = from_dictionary({"accelerator": {"rows": 6, "cols": 4, "readout": readout}})
    made = settings.accelerator.readout.converter
    assert made == TwoStep(bits=6, low_volt=0.1, gain_error=0.05)
    with pytest.raises(xc.ParameterError, match=r"converter.style: got 'grey', expected one of"):
        from_dictionary(
            {"accelerator": {"readout": readout | {"converter": converter | {"style": "grey"}}}}
        )
    assert 'kind = "two_step"' in settings_toml(settings)
    assert "gain_error" in json.dumps(json_schema()["$defs"]["converter_two_step"])
    amplifier = TransimpedanceAmplifier(opamp=OpAmp(), feedback_ohm=4e4, reference_volt=0.5)
    accelerator = dataclasses.replace(
        settings.accelerator, readout=Readout(amplifier=amplifier, converter=made)
    )
    rng = np.random.default_rng(5)
    tile = accelerator.tile(rng.uniform(1e-6, 25e-6, (6, 4)))
    x = rng.uniform(-1.0, 1.0, (5, tile.inputs))
    fast, exact = tile.mvm(x), tile.mvm(x, engine="spice")
    np.testing.assert_array_equal(fast.code, exact.code)
    assert len(np.unique(fast.code)) > 8
    reads = tile.reads(x)
    assert "* two-step converter" in tile.bench(reads[0]).deck
    assert part_words(made).startswith("two-step converter (")


def run(*words):
    with pytest.raises(SystemExit) as leaving:
        cli.main(["characterize", "converter", *map(str, words)])
    return leaving.value.code or 0


@pytest.mark.usefixtures("_registered")
def test_it_is_measured_by_the_verb(tmp_path):
    assert not run("two_step", "--bits", 4, "--mismatch", 0.2, "--seed", 3, "--out", tmp_path)
    drawn = bench_of("two_step").drawn(np.random.default_rng(3), bits=4, sigma=0.2)
    assert drawn.gain_error > 0.1
    fine = np.arange(4) / (1.0 + drawn.gain_error) / 4.0
    wanted = (np.arange(4)[:, None] + fine).ravel()[1:] / 4.0
    content = json.loads((tmp_path / "summary.json").read_text())
    np.testing.assert_allclose(content["thresholds"], wanted, rtol=1e-6)
    assert "* two-step converter" in (tmp_path / "deck.cir").read_text()


@pytest.mark.usefixtures("_registered")
def test_many_are_measured_by_the_verb(tmp_path):
    words = ("two_step", "--bits", 4, "--samples", 3, "--workers", 1, "--out", tmp_path)
    assert not run(*words)
    assert "gain_sigma = 0.01" in (tmp_path / "index.html").read_text()


def test_every_kind_of_the_package_has_what_offers_it():
    assert [*CONVERTERS][:7] == [
        "ideal", "sar", "ramp", "cyclic", "flash", "oscillator", "sense_amplifier"
    ]  # fmt: skip
    for kind in CONVERTERS.values():
        assert kind.title
        if kind.bench is not None:
            made = kind.bench.drawn(np.random.default_rng(0), bits=5)
            assert type(made) is kind.of
            assert made.known_bits() == 5
            assert made != kind.bench.make(5, 0.0, {}, None)
            noisy = kind.bench.make(5, 0.5, {"low_volt": 0.2, "low_ampere": -1e-6}, None)
            assert noisy.noisy
            if noisy.input_unit == "A":
                assert (noisy.input_low, noisy.input_high) == (-1e-6, approx(50e-6))
            else:
                assert (noisy.input_low, noisy.input_high) == (0.2, 1.0)
                assert noisy.noise_volt == approx(0.5 * 0.8 / 32)
