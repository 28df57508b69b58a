"""Independent references: what others computed, measured or published, compared with this package.

Nothing here was computed by this project: other simulators run on the same arrays, closed forms of
textbooks, and figures that papers print. What a package is needed for that is not installed is said
so, and how to get it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from xbar_circuit import nodal
from xbar_circuit.accelerator._periphery import Periphery
from xbar_circuit.accelerator._tile_peak import tile_peak
from xbar_circuit.accelerator.usual import usual_accelerator
from xbar_circuit.architecture import PUBLISHED, NeurramModel
from xbar_circuit.crossbar import Crossbar
from xbar_circuit.devices import PcmCell, PcmStatistics
from xbar_circuit.devices.pcm import PulsedSet
from xbar_circuit.peripherals import ChargeIntegrator, OpAmp, Ramp, Sar
from xbar_circuit.studies._aihwkit import aihwkit_truths
from xbar_circuit.studies._truth import Truth
from xbar_circuit.studies._truths_of_simulators import badcrossbar_truths, vacask_truths
from xbar_circuit.studies.array.mvm_error import gaussian_weights, mvm_error, sparse_inputs
from xbar_circuit.studies.device._published import staircase
from xbar_circuit.studies.readout.converter import characterize_converter
from xbar_circuit.wires import Terminals, Wires

__all__ = ["TRUTHS", "Truth", "validate"]

_DRAWS = 200_000


def _dft(seed: int) -> Iterator[Truth]:
    """Wires of a 256-point DFT: the tutorial of CrossSim (Sandia), its printed results."""
    del seed
    k = np.arange(256)
    matrix = np.cos(2.0 * np.pi * np.outer(k - 128, k) / 256)
    inputs = np.zeros(256)
    inputs[122:135] = 1.0
    low, high = 1e-6, 1e-3
    for ohm, theirs in ((5e-3, 11.14187), (10e-3, 9.71719), (50e-3, 4.60346)):
        current = [
            nodal.read(
                Crossbar(
                    conductance=low + np.maximum(sign * matrix.T, 0.0) * (high - low),
                    wires=Wires(row_ohm=ohm, column_ohm=ohm),
                    terminals=Terminals(left_ohm=0.0, bottom_ohm=0.0),
                ),
                inputs,
            ).column_current[0, 128]
            for sign in (1.0, -1.0)
        ]
        yield Truth(
            what=f"DFT of 256 points, y[128], wires of {1e3 * ohm:g} milliohm per segment",
            unit="1",
            ours=float(current[0] - current[1]) / (high - low),
            theirs=theirs,
            tolerance=1e-6,
            source="CrossSim, DFT tutorial: printed results [second-hand]",
            command="xbar validate --only dft",
        )


def _devices(seed: int) -> Iterator[Truth]:
    """Moments of drawn devices, and the error of a product."""
    rng = np.random.default_rng((seed, 7))
    for name, stats, scale, points in (
        (
            "Joshi",
            PcmStatistics.joshi2020(),
            25e-6,
            ((0.1, 0.448249), (0.5, 0.952705), (1.0, 1.055380)),
        ),
        ("HERMES, one device", PcmStatistics.hermes_single(), 10.35e-6, ((0.5, 0.865264),)),
    ):
        for x, theirs in points:
            drawn = stats.program(np.full(_DRAWS, x * scale), rng=rng).conductance
            yield Truth(
                what=f"{name}: programming error at {1e6 * x * scale:g} uS",
                unit="uS",
                ours=float(drawn.std()) * 1e6,
                theirs=theirs,
                tolerance=0.02,
                source="aihwkit's noise models of Joshi et al., Nat. Commun. 11, 2473 (2020) and of"
                " the HERMES chip",
                command="xbar validate --only devices",
            )
    steps = PulsedSet.nandakumar2018().staircase((_DRAWS,), pulses=20, rng=rng) * 1e6
    for pulses, theirs in ((1, 2.07), (5, 5.93), (10, 7.85), (20, 9.44)):
        yield Truth(
            what=f"mean conductance after {pulses} SET pulses",
            unit="uS",
            ours=float(steps[pulses].mean()),
            theirs=theirs,
            tolerance=0.03,
            source="Nandakumar et al., J. Appl. Phys. 124, 152135 (2018) [second-hand]",
            command="xbar validate --only devices",
        )
    found = mvm_error(
        PcmStatistics.joshi2020(),
        weights=gaussian_weights(512, 512, rng=rng),
        inputs=sparse_inputs(100, 512, rng=rng),
        seconds=(1.0,),
        rng=rng,
    )
    yield Truth(
        what="error of a 512 x 512 product of PCM weights at 1 s",
        unit="%",
        ours=100.0 * float(found.raw[0]),
        theirs=13.0,
        tolerance=0.08,
        source="Le Gallo et al., APL Mach. Learn. 1, 041102 (2023) [second-hand]",
        command="xbar validate --only devices",
    )


_STAIRCASE_CELLS = 200


def _staircase(seed: int) -> Iterator[Truth]:
    """Gradual SET of compact cells that differ, at the published pulse of 90 uA and 50 ns."""
    rng = np.random.default_rng((seed, 11))
    cell = PcmCell.sebastian2017()
    steps = 1e6 * staircase(cell, ampere=90e-6, pulses=20, cells=_STAIRCASE_CELLS, rng=rng)
    for pulses, mean, spread in (
        (1, 2.07, 1.53),
        (5, 5.93, 2.42),
        (10, 7.85, 2.53),
        (20, 9.44, 2.70),
    ):
        for what, ours, theirs, tolerance in (
            ("mean", steps[pulses].mean(), mean, 0.13),
            ("standard deviation", steps[pulses].std(), spread, 0.2),
        ):
            yield Truth(
                what=f"compact cells: {what} of the conductance after {pulses} SET pulses",
                unit="uS",
                ours=float(ours),
                theirs=theirs,
                tolerance=tolerance,
                source="Nandakumar et al., J. Appl. Phys. 124, 152135 (2018): 90 nm cells, to which"
                " the compact cell is fitted",
                command="xbar validate --only staircase",
            )


def _circuits(seed: int) -> Iterator[Truth]:
    """Compare with closed forms of textbooks."""
    del seed
    report = characterize_converter(Ramp(bits=8), samples=2**14)
    bits = np.arange(1, 11)
    yield Truth(
        what="signal to noise and distortion of an ideal 8-bit converter",
        unit="dB",
        ours=report.sinad_db,
        theirs=6.02 * 8 + 1.76,
        tolerance=1e-3,
        source="Bennett, Bell Syst. Tech. J. 27, 446 (1948)",
        command="xbar validate --only circuits",
    )
    yield Truth(
        what="switching energy of a 10-bit SAR, mean over codes",
        unit="C V^2",
        ours=float(Sar(bits=10, unit_farad=1.0).switching_energy(np.arange(1024)).mean()),
        theirs=float(np.sum(2.0 ** (10 - 2 * bits) * (2.0**bits - 1.0))),
        tolerance=1e-12,
        source="Liu et al., IEEE J. Solid-State Circuits 45, 731 (2010), of one array",
        command="xbar validate --only circuits",
    )
    quiet = ChargeIntegrator(opamp=OpAmp(), farad=100e-15, window_second=1e-12)
    yield Truth(
        what="noise of a reset capacitor of 100 fF at 27 C",
        unit="uV",
        ours=1e6 * quiet.output_noise(1e9),
        theirs=1e6 * (1.380649e-23 * 300.15 / 100e-15) ** 0.5,
        tolerance=1e-3,
        source="k T / C (Nyquist, Phys. Rev. 32, 110, 1928)",
        command="xbar validate --only circuits",
    )


def _chips(seed: int) -> Iterator[Truth]:
    """Compare presets with their published chips, and NeuRRAM at widths held out."""
    del seed
    names = {
        "HERMES core": ("hermes", 1, "attached: the preset is made of it"),
        "64-core chip, one phase": ("hermes 64, one phase", 64, "attached"),
        "64-core chip, four phases": ("hermes 64, four phases", 64, "attached"),
        "NeuRRAM, 6-bit inputs": ("neurram", 48, "held out from the fit"),
        "NeuRRAM, 1-bit inputs": ("neurram, 1-bit inputs", 48, "held out from the fit"),
    }
    for chip in PUBLISHED:
        if chip.name not in names:
            continue
        name, cores, how = names[chip.name]
        core = usual_accelerator(name)
        found = tile_peak(core, Periphery.of(core, name), array_joule=0.0)
        for what, unit, ours, theirs in (
            ("speed", "TOPS", cores * found["tops"], chip.tops),
            ("efficiency", "TOPS/W", found["tops_per_watt"], chip.tops_per_watt),
        ):
            yield Truth(
                what=f"{chip.name}: {what}, {how}",
                unit=unit,
                ours=ours,
                theirs=float(theirs or np.nan),
                tolerance=0.13 if "NeuRRAM" in chip.name else 2e-3,
                source=chip.source,
                command=f"xbar cost lenet5 --architecture '{name}'",
            )
    for bits, published in ((6, (37.2, 52.5, 19.2)), (2, (8.27, 12.39, 3.96))):
        parts = NeurramModel().joule(bits).items()
        for (part, joule), femtojoule in zip(parts, published, strict=True):
            yield Truth(
                what=f"NeuRRAM, {bits}-bit inputs: {part}, held out from the fit",
                unit="fJ",
                ours=1e15 * joule,
                theirs=femtojoule,
                tolerance=0.13,
                source="Wan et al., Nature 608, 504 (2022), Extended Data Fig. 12 [second-hand]",
                command="xbar validate --only chips",
            )


#: What can be asked for, in the order of the page.
TRUTHS: dict[str, Callable[[int], Iterator[Truth]]] = {
    "vacask": vacask_truths,
    "badcrossbar": badcrossbar_truths,
    "aihwkit": aihwkit_truths,
    "dft": _dft,
    "devices": _devices,
    "staircase": _staircase,
    "circuits": _circuits,
    "chips": _chips,
}


def validate(
    only: tuple[str, ...] = (),
    *,
    seed: int = 0,
    aihwkit: Path | None = None,
) -> list[Truth]:
    """Return all comparisons.

    Parameters
    ----------
    only
        Names out of `TRUTHS`; empty runs all.
    seed
        Seed of the random generator.
    aihwkit
        Folder of aihwkit's unpacked source; None is the installed package.

    Returns
    -------
    list
        Value, reference, ratio, source and command of each comparison.
    """
    groups = dict(TRUTHS)
    if aihwkit is not None:
        groups["aihwkit"] = lambda given: aihwkit_truths(given, aihwkit)
    return [truth for name in only or tuple(groups) for truth in groups[name](seed)]
