"""Statistics from physics: differing cells, written by a verify loop, against published fits.

Devices of the compact model are drawn with their variability and programmed as the published
arrays were: RESET pulses of varied amplitude, a read after each, at most 30 of them. Then they are
measured as the papers measured theirs: the error of programming, each device's drift exponent
between the first read and a later one, and the scatter of single reads. Nothing here knows the fits
of Joshi et al., Nat. Commun. 11, 2473 (2020), except the comparison.

The margin of the published loop is not known to us: `MARGIN` is fitted to the published error of
programming, which the noise of the verifying read dominates (as Nandakumar et al. found for such
loops, IEDM 2020).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.devices.pcm import PcmCell, PcmStatistics, PcmVariability
from xbar_circuit.devices.pcm.variability import PcmDevices
from xbar_circuit.programming import (
    CompactWriter,
    ProgrammingCurve,
    ReadPath,
    program_and_verify,
)
from xbar_circuit.programming.curve import RESET_PULSE
from xbar_circuit.programming.writers import Mask

__all__ = ["TARGETS", "WrittenStatistics", "written_statistics"]

TARGETS = (1e-6, 5e-6, 12.5e-6, 20e-6, 25e-6)
READ_VOLT = 0.2
MOST_PULSES = 30
GAIN = 0.5
PULSE = replace(RESET_PULSE, width_second=1e-6)  # as the published RESET
MARGIN = (0.82e-6, 0.025, 1.4e-6)  # offset [S], part of the target, and at most [S]
DRIFT_SECOND = (0.0, 86400.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class WrittenStatistics:
    """Statistics of cells of the compact model, (targets,) each, with the published fits.

    target : wanted conductance [S].
    accepted : fraction of the cells.
    pulses : mean number of them.
    programming_sigma, read_sigma : standard deviations [S]; of a read right after programming.
    drift_mean, drift_sigma : of the drift exponents of the devices.
    """

    target: FloatArray
    accepted: FloatArray
    pulses: FloatArray
    programming_sigma: FloatArray
    drift_mean: FloatArray
    drift_sigma: FloatArray
    read_sigma: FloatArray
    published: dict[str, FloatArray]

    @property
    def ratios(self) -> dict[str, FloatArray]:
        """Ours over published, by name."""
        return {name: getattr(self, name) / value for name, value in self.published.items()}


def written_statistics(
    cell: PcmCell | None = None,
    *,
    cells: int = 1000,
    targets: tuple[float, ...] = TARGETS,
    variability: PcmVariability | None = None,
    seed: int = 0,
) -> WrittenStatistics:
    """Write `cells` devices to each target, measure them, and compare with published fits.

    Parameters
    ----------
    cell, variability
        The nominal cell and how devices differ; None are the defaults.
    cells
        Devices for each target.
    targets
        Conductances at 0.2 V [S].
    seed
        Seed of the random generator.

    Returns
    -------
    WrittenStatistics
        Programming error [S], drift exponent and read noise [S] of each target, ours and published.

    Raises
    ------
    ParameterError
        A number out of range.
    """
    nominal = cell or PcmCell.sebastian2017()
    count, aims = checks.count("cells", cells), checks.non_negative("targets", targets, "S")
    each = np.repeat(aims, count)
    rng = np.random.default_rng((seed, 0))
    writer = CompactWriter.array(nominal, each.size, rng=rng, variability=variability, pulse=PULSE)
    offset, part, most = MARGIN
    result = program_and_verify(
        writer,
        each,
        read_path=ReadPath(bits=None),
        curve=ProgrammingCurve.simulate(nominal, pulse=PULSE),
        tolerance_siemens=np.minimum(offset + part * each, most),
        rng=np.random.default_rng((seed, 1)),
        most_pulses=MOST_PULSES,
        gain=GAIN,
    )
    devices, thickness = writer.cell, writer.thickness
    assert isinstance(devices, PcmDevices)  # noqa: S101 - what `array` makes
    exponent = _exponents(devices, thickness)
    noisy = devices.read(thickness, rng=np.random.default_rng((seed, 2)))
    error = noisy - devices.conductance(thickness)
    shape = (aims.size, count)
    accepted = result.accepted.reshape(shape)
    return WrittenStatistics(
        target=aims,
        accepted=accepted.mean(axis=1),
        pulses=result.pulses.reshape(shape).mean(axis=1),
        programming_sigma=_moment(np.std, result.error.reshape(shape), accepted),
        drift_mean=_moment(np.mean, exponent.reshape(shape), accepted),
        drift_sigma=_moment(np.std, exponent.reshape(shape), accepted),
        read_sigma=_moment(np.std, error.reshape(shape), accepted),
        published=_published(aims),
    )


def _exponents(devices: PcmDevices, thickness: FloatArray) -> FloatArray:
    """Return ``-d ln g / d ln T`` of each device from first to last read, ``T = t + t0``."""
    first, last = (devices.at(t).conductance(thickness, read_volt=READ_VOLT) for t in DRIFT_SECOND)
    t0 = devices.cell.plug.drift_t0_second
    return np.asarray(-np.log(last / first) / np.log1p((DRIFT_SECOND[1]) / t0))


def _moment(
    function: Callable[[FloatArray], np.floating[Any]], values: FloatArray, accepted: Mask
) -> FloatArray:
    return np.array([function(row[good]) for row, good in zip(values, accepted, strict=True)])


def _published(targets: FloatArray) -> dict[str, FloatArray]:
    stats = PcmStatistics.joshi2020()
    mean, sigma = stats.drift_mean(targets), stats.drift_sigma(targets)
    return {
        "programming_sigma": stats.programming_sigma(targets),
        "drift_mean": mean,
        "drift_sigma": sigma,
        "read_sigma": stats.read_sigma(targets),
    }
