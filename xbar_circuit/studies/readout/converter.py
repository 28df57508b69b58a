"""The converter's bench: INL, DNL, offset, gain, effective bits, noise, energy.

Thresholds come from the servo; the code density checks them. A circuit of transistors, whose
conversions are slow, is searched with its fast model as a guide. A line fitted to the thresholds by
least squares gives offset and gain, and what is left is the integral nonlinearity (IEEE Std 1241,
section 4.4, independently based).
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit._brief import brief, headline
from xbar_circuit._checks import FloatArray
from xbar_circuit.errors import ParameterError
from xbar_circuit.peripherals.converters import CodeArray, Converter
from xbar_circuit.studies.readout._bracketing import bracketed, critical_codes
from xbar_circuit.studies.readout._sine import coherent_sine
from xbar_circuit.studies.readout._thresholds import ServoResult, code_density, servo
from xbar_circuit.studies.readout.conversion import SpiceConversion
from xbar_circuit.studies.readout.variations import Variation, plain

__all__ = ["MURMANN_SURVEY", "ConverterReport", "characterize_converter"]

#: Converters of 6.5 to 8.5 effective bits at 0.5 to 2 GS/s in B. Murmann's ADC survey (n = 23):
#: energy of a conversion [J] and Walden figure of merit [J/step].
MURMANN_SURVEY = {
    "energy_joule": {"minimum": 2.42e-12, "tenth percentile": 3.6e-12, "median": 18.9e-12},
    "walden_joule": {"minimum": 16.6e-15, "tenth percentile": 17.7e-15, "median": 62e-15},
}


#: How thresholds are found; see :func:`characterize_converter`.
SEARCHES = ("full", "bracketed", "critical")


@brief(lambda self: headline(self, self.name, "enob", "sinad_db", "energy_joule"), table=True)
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ConverterReport:
    """Figures of merit of a converter.

    Parameters
    ----------
    name, bits, input_unit, engine
        What was measured, and by which engine.
    inl_lsb
        Of each threshold 1 ... levels - 1 against the fitted line; NaN where the code is never
        reached.
    dnl_lsb
        Of each code 1 ... levels - 2: its width less one.
    missing_codes
        Codes that no input gives.
    monotonic
        Whether a larger input never gave a smaller code in the code-density sweep.
    offset_lsb
        How far the thresholds lie above the ideal at the low end of the range.
    gain_error
        Codes per unit of input against the ideal, less one.
    enob, sinad_db, sfdr_db
        From a coherent sine that fills the measured range.
    noise_lsb
        Rms noise referred to the input.
    conversion_second, energy_joule
        Cost of one conversion.
    energy_source
        Where the energy comes from: the converter's model, or ngspice for the circuit inside.
    walden_joule
        ``energy / 2**enob`` (Walden, IEEE J. Sel. Areas Commun. 17, 539, 1999).
    thresholds
        By servo (levels - 1,) [V or A].
    threshold_error_lsb
        Standard error of a threshold.
    methods_differ_lsb
        Largest difference between servo and code density.
    spectrum_db
        Of the sine, relative to the signal.
    search
        How the thresholds were found; see :func:`characterize_converter`. Unless it is ``"full"``,
        the sine is converted by the thresholds, those not looked for predicted.
    celsius
        Temperature [degree Celsius].
    conversions
        In ngspice: how many it took; 0 of the fast model.
    variations
        The same figures at other corners, temperatures, supplies and mismatch; see
        :func:`vary_converter`.
    """

    name: str
    bits: int
    input_unit: str
    engine: str
    inl_lsb: FloatArray
    dnl_lsb: FloatArray
    missing_codes: tuple[int, ...]
    monotonic: bool
    offset_lsb: float
    gain_error: float
    enob: float
    sinad_db: float
    sfdr_db: float
    noise_lsb: float
    conversion_second: float
    energy_joule: float
    energy_source: str
    walden_joule: float
    thresholds: FloatArray
    threshold_error_lsb: float
    methods_differ_lsb: float
    spectrum_db: FloatArray
    search: str = "full"
    celsius: float = 27.0
    conversions: int = 0
    variations: tuple[Variation, ...] = ()

    @property
    def merits(self) -> dict[str, float]:
        """The figures of merit that are one number, by name."""
        names = (
            "worst_inl_lsb",
            "worst_dnl_lsb",
            "offset_lsb",
            "gain_error",
            "enob",
            "conversion_second",
            "energy_joule",
        )
        found = {name: float(getattr(self, name)) for name in names}
        return found | {"missing_codes": float(len(self.missing_codes))}

    @property
    def worst_inl_lsb(self) -> float:
        """Largest magnitude of the integral nonlinearity."""
        return float(np.nanmax(np.abs(self.inl_lsb)))

    @property
    def worst_dnl_lsb(self) -> float:
        """Largest magnitude of the differential nonlinearity."""
        return float(np.nanmax(np.abs(self.dnl_lsb))) if self.dnl_lsb.size else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON.

        Returns
        -------
        dict
            The fields by name; a threshold that was not reached is None. ``murmann_survey`` holds
            published converters to compare with.
        """
        content = {name: plain(getattr(self, name)) for name in self.__slots__}
        return content | {"murmann_survey": MURMANN_SURVEY}


def characterize_converter(
    converter: Converter,
    *,
    rng: np.random.Generator | None = None,
    convert: Callable[[FloatArray], CodeArray] | None = None,
    engine: str = "fast",
    steps: int | None = None,
    repeats: int | None = None,
    per_code: int | None = None,
    samples: int | None = None,
    search: str | None = None,
    celsius: float = 27.0,
    workers: int = 1,
    folder: str | Path | None = None,
    progress: Callable[[int], object] | None = None,
    name: str | None = None,
) -> ConverterReport:
    """Measure the figures of merit of a converter.

    Parameters
    ----------
    converter
        Converter to measure.
    rng
        Draws the converter's noise; None measures it without noise.
    convert
        Another way to convert, such as a measured instrument's; `engine` is then only its name.
    engine
        ``"fast"`` asks the NumPy model, ``"spice"`` the circuit in ngspice.
    steps
        Bisections of the servo; by default 40, in ngspice ``bits + 5``.
    repeats
        Conversions at each of 33 points around a threshold, for a noisy converter; by default 64,
        in ngspice 2.
    per_code
        Inputs per code in the code density; by default 64, in ngspice 4.
    samples
        Length of the sine; by default 4096, in ngspice 256.
    search
        How the thresholds are found. ``"full"``: by servo and by code density, which are compared.
        In ngspice and without noise also ``"bracketed"``: every threshold by a bisection that
        starts where the fast model, fitted to what is known already, expects it, to a sixteenth of
        an LSB; and ``"critical"``: so, but only the ends, the eighths and their neighbours. By
        default ``"bracketed"`` for a circuit of transistors without noise, else ``"full"``.
    celsius
        Temperature [degree Celsius].
    workers
        In ngspice: how many processes convert; with another number of them a folder's answers are
        not found again.
    folder
        In ngspice: where decks and answers are kept; the same call resumes there after an
        interruption.
    progress
        In ngspice: called with the number of conversions of each run that is done.
    name
        What to call it in the report; by default its type and width.

    Returns
    -------
    ConverterReport
        INL and DNL [LSB], ENOB, noise [LSB], energy [J] and time [s] of a conversion.

    Raises
    ------
    ParameterError
        An argument is out of range, or the converter never reaches three thresholds.
    SimulatorError, ConvergenceError
        ngspice failed.

    >>> from xbar_circuit.peripherals import Ramp
    >>> report = characterize_converter(Ramp(bits=6, offset_volt=0.02))
    >>> round(report.offset_lsb, 6), round(report.gain_error, 9), report.missing_codes
    (1.28, 0.0, ())
    """
    checks.number("celsius", celsius, "degree Celsius", minimum=-273.15)
    converter = converter if celsius == 27.0 else converter.at_celsius(celsius)
    low, high = converter.input_low, converter.input_high
    levels, bits = converter.levels, converter.known_bits()
    lsb = (high - low) / levels
    slow = convert is None and checks.choice("engine", engine, ("fast", "spice")) == "spice"
    usual = "bracketed" if slow and converter.circuit is not None and rng is None else "full"
    search = checks.choice("search", search or usual, SEARCHES)
    if search != "full" and (not slow or rng is not None):
        raise ParameterError.about(
            "search",
            got=f"{search!r} " + ("of a noisy converter" if slow else "outside of ngspice"),
            expected="'full'",
            remedy="leave it out, or measure the circuit without noise in ngspice",
        )
    steps = checks.count("steps", steps or (bits + 5 if slow else 40), minimum=bits + 2)
    repeats = checks.count("repeats", repeats or (2 if slow else 64), minimum=2)
    per_code = checks.count("per_code", per_code or (4 if slow else 64), minimum=2)
    samples = checks.count("samples", samples or (256 if slow else 4096), minimum=64)
    checks.count("workers", workers)

    def noisy(values: FloatArray) -> CodeArray:
        return converter.convert(values, rng=rng)

    def quiet(values: FloatArray) -> CodeArray:
        return converter.convert(values)

    with _pool(workers if slow else 1) as executor:
        circuit: SpiceConversion | None = None
        if slow:
            circuit = SpiceConversion(
                converter,
                rng=rng,
                folder=folder,
                celsius=celsius,
                executor=executor,
                workers=workers,
                progress=progress,
            )
        way = convert or circuit or noisy
        if search == "full":
            found = servo(
                way,
                low=low,
                high=high,
                levels=levels,
                steps=steps,
                repeats=repeats if rng is not None else 0,
            )
            density = code_density(way, low=low, high=high, levels=levels, per_code=per_code)
            looked_for, predicted = np.arange(1, levels), found.thresholds
            sweep = way(np.linspace(low, high, 4 * levels))
            allowed = 0 if found.sigma == 0.0 else int(np.ceil(8.0 * found.sigma / lsb)) + 1
            monotonic = bool((np.diff(sweep) >= -allowed).all())
        else:
            guide = servo(quiet, low=low, high=high, levels=levels, steps=40, repeats=0)
            codes = critical_codes(levels) if search == "critical" else None
            near = bracketed(way, guide.thresholds, lsb=lsb, codes=codes)
            found = ServoResult(
                thresholds=near.thresholds,
                sigma=0.0,
                error=near.resolution / np.sqrt(12.0),
                conversions=near.conversions,
            )
            density = np.full(levels - 1, np.nan)
            looked_for, predicted, monotonic = near.looked_for, near.predicted, near.monotonic
        inl, dnl, offset, gain_error, ends = _line(found.thresholds, low, lsb)
        if search != "full":
            known = np.sort(np.where(np.isnan(found.thresholds), predicted, found.thresholds))
            samples = 4096

            def stepped(values: FloatArray) -> CodeArray:
                return np.searchsorted(known, values, side="right")

            way = stepped
        tone = coherent_sine(way, low=ends[0], high=ends[1], levels=levels, samples=samples)
    differ = np.abs(found.thresholds - density)
    joule, source = converter.energy_joule, "the converter's model"
    if circuit is not None and converter.circuit is not None:
        joule += circuit.supply_joule - converter.circuit_joule
        source = "ngspice for the circuit inside, the converter's model for the rest"
    return ConverterReport(
        name=name or f"{type(converter).__name__} {converter.bits} bit",
        bits=bits,
        input_unit=converter.input_unit,
        engine=engine,
        inl_lsb=inl,
        dnl_lsb=dnl,
        missing_codes=_missing(found, looked_for, lsb),
        monotonic=monotonic,
        offset_lsb=offset,
        gain_error=gain_error,
        enob=tone.enob,
        sinad_db=tone.sinad_db,
        sfdr_db=tone.sfdr_db,
        noise_lsb=found.sigma / lsb,
        conversion_second=converter.conversion_second,
        energy_joule=joule,
        energy_source=source,
        walden_joule=joule / 2.0**tone.enob,
        thresholds=found.thresholds,
        threshold_error_lsb=found.error / lsb,
        methods_differ_lsb=float(np.nanmax(differ) / lsb) if search == "full" else float("nan"),
        spectrum_db=tone.spectrum_db,
        search=search,
        celsius=celsius,
        conversions=0 if circuit is None else circuit.conversions,
    )


@contextmanager
def _pool(workers: int) -> Iterator[Executor | None]:
    """Yield processes that convert, or None for this one."""
    if workers == 1:
        yield None
        return
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


def _missing(found: ServoResult, looked_for: CodeArray, lsb: float) -> tuple[int, ...]:
    """Return the codes without width, and those looked for that no input reaches."""
    tight = max(1e-6, 3.0 * found.error / lsb)
    width = np.diff(found.thresholds) / lsb
    none = [int(k) + 1 for k in np.flatnonzero(width <= tight)]
    unreached = [int(k) for k in looked_for if np.isnan(found.thresholds[k - 1])]
    return tuple(sorted({*none, *unreached}))


def _line(
    thresholds: FloatArray, low: float, lsb: float
) -> tuple[FloatArray, FloatArray, float, float, tuple[float, float]]:
    """Fit a line to the thresholds; return INL, DNL, offset, gain error and the range's ends."""
    codes = np.arange(1, thresholds.size + 1)
    known = np.isfinite(thresholds)
    if known.sum() < 3 and known.sum() < thresholds.size:
        raise ParameterError.about(
            "converter",
            got=f"{int(known.sum())} of {thresholds.size} thresholds within reach",
            expected="a transfer that covers its input range",
            remedy="check its range, its polarity and its connection",
        )
    if thresholds.size >= 2:
        slope, start = np.polyfit(codes[known], (thresholds[known] - low) / lsb, 1)
    else:
        slope, start = 1.0, float((thresholds[0] - low) / lsb) - 1.0
    inl = ((thresholds - low) / lsb - start) / slope - codes
    dnl = np.diff(thresholds) / (lsb * slope) - 1.0
    ends = (low + start * lsb, low + (start + slope * (thresholds.size + 1)) * lsb)
    return inl, dnl, float(start), float(1.0 / slope - 1.0), ends
