"""Fast models of read-outs, fitted to what the circuit did, with their error.

A read-out is a resistance and a voltage to the column, a curve from the column's current to the
converter's input, limits of that input, noise, and the converter's thresholds. The curve is a
polynomial fitted to the codes that ngspice gave for known currents. The parameters carry their
standard errors, the model carries its error on inputs that it was not fitted to, and its provenance
(deck, model files, version) tells whether it still belongs to the circuit.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit._files import write_json
from xbar_circuit._loading import read_json, reading
from xbar_circuit.calibration.settling import Settling
from xbar_circuit.errors import ModelFileError, ParameterError
from xbar_circuit.netlist._provenance import Provenance
from xbar_circuit.peripherals.converters import CodeArray

__all__ = ["HeldOut", "ReadoutModel"]

_FORMAT = 4
_CLOSE_CELSIUS = 0.5  # what counts as the same temperature
_GRID = 20001  # currents at which a curve is searched for the ends of a range


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """Error on held-out inputs.

    codes : number of codes that were compared.
    within_one : share of them within one LSB of the circuit's, dimensionless.
    equal : share of them that is equal, dimensionless.
    worst_lsb : largest difference [LSB].
    """

    codes: int
    within_one: float
    equal: float
    worst_lsb: int

    @classmethod
    def between(cls, model: CodeArray, circuit: CodeArray) -> HeldOut:
        """Compare the codes of a model with those of the circuit.

        Parameters
        ----------
        model, circuit
            Codes of the same inputs, of one shape.

        Returns
        -------
        HeldOut
            Number of codes, shares and largest difference.

        >>> import numpy as np
        >>> HeldOut.between(np.array([1, 2, 5, 7]), np.array([1, 3, 5, 7])).equal
        0.75
        """
        difference = np.abs(model - circuit)
        return cls(
            codes=int(difference.size),
            within_one=float((difference <= 1).mean()),
            equal=float((difference == 0).mean()),
            worst_lsb=int(difference.max()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadoutModel:
    """A calibrated read-out.

    Parameters
    ----------
    input_ohm
        Resistance that the column sees [ohm].
    input_volt
        Voltage of the column without a current, over the reference [V].
    scale_ampere
        Current that the polynomial counts as 1 [A].
    coefficients
        Coefficients of the converter's input over ``current / scale_ampere``, ascending [V or A].
    low, high
        Limits at which the converter's input saturates [V or A]; infinite is no limit.
    noise
        Rms noise at the converter's input without the converter's own and the array's [V or A].
    noise_hertz
        Bandwidth in which the converter sees white noise of its column's current [Hz]; None is what
        the mean over the time of the read has.
    settling
        Decay of a step at the converter's input, or None.
    thresholds
        The converter's ``2**bits - 1`` inputs at which the next code begins, rising [V or A];
        empty for a formula, which comes with its converter.
    input_sigmas, sigmas
        Standard errors of `input_ohm` and `input_volt`, and of `coefficients`.
    residual_lsb
        Rms of the fit in LSB; a perfect model leaves the quantisation, 0.29.
    held_out
        Error on other inputs, or None.
    product_second, readout_joule
        Time of a product [s], and what one read-out takes for it [J]; NaN for a formula.
    celsius
        Temperature at which it was fitted [degree Celsius]: a tile at another one refuses it. None
        is a formula, which holds at any.
    provenance
        Provenance of the circuit; None for a formula.

    >>> import numpy as np
    >>> line = ReadoutModel(
    ...     input_ohm=5.0, input_volt=0.0, scale_ampere=1e-6, coefficients=(0.5, -0.1),
    ...     thresholds=(0.4, 0.5, 0.6),
    ... )
    >>> line.codes(np.array([-2e-6, 0.0, 2e-6])).tolist(), line.bits
    ([3, 2, 0], 2)
    """

    input_ohm: float
    input_volt: float
    scale_ampere: float
    coefficients: tuple[float, ...]
    low: float = -math.inf
    high: float = math.inf
    noise: float = 0.0
    noise_hertz: float | None = None
    settling: Settling | None = None
    thresholds: tuple[float, ...] = ()
    input_sigmas: tuple[float, ...] = ()
    sigmas: tuple[float, ...] = ()
    residual_lsb: float = 0.0
    held_out: HeldOut | None = None
    product_second: float = math.nan
    readout_joule: float = math.nan
    celsius: float | None = None
    provenance: Provenance | None = None

    def __post_init__(self) -> None:
        checks.number("input_ohm", self.input_ohm, "ohm", minimum=-1e12)
        checks.number("input_volt", self.input_volt, "V", minimum=-1e6)
        checks.number("scale_ampere", self.scale_ampere, "A", above=True)
        checks.number("noise", self.noise, "V or A")
        if self.celsius is not None:
            checks.number("celsius", self.celsius, "degree Celsius", minimum=-273.15, above=True)
        if self.noise_hertz is not None:
            checks.number("noise_hertz", self.noise_hertz, "Hz")
        if not self.coefficients:
            raise ParameterError.about(
                "coefficients",
                got="none",
                expected="at least one",
                remedy="fit a polynomial of degree 0 or more",
            )
        if not np.isfinite(self.coefficients).all():
            raise ParameterError.about(
                "coefficients",
                got=str(self.coefficients)[:200],
                expected="finite numbers",
                remedy="fit them again",
            )
        steps = np.diff(self.thresholds)
        if self.thresholds and not (np.isfinite(self.thresholds).all() and (steps >= 0.0).all()):
            raise ParameterError.about(
                "thresholds",
                got="some that are not finite, or that fall",
                expected="finite numbers in rising order",
                remedy="calibrate again",
            )
        if not self.low < self.high:
            raise ParameterError.about(
                "low, high",
                got=f"{self.low}, {self.high}",
                expected="low < high",
                remedy="give the ends of the converter's input in rising order",
            )

    def holds_at(self, celsius: float) -> bool:
        """Whether the model was fitted within half a degree of a temperature.

        Parameters
        ----------
        celsius
            Temperature [degree Celsius].

        Returns
        -------
        bool
            Always True of a formula.
        """
        return self.celsius is None or abs(celsius - self.celsius) <= _CLOSE_CELSIUS

    @property
    def bits(self) -> int:
        """Width of the converter; 0 for a formula."""
        return (len(self.thresholds) + 1).bit_length() - 1

    def converter_input(self, ampere: FloatArray) -> FloatArray:
        """Return the converter's input for column currents, without noise.

        Parameters
        ----------
        ampere
            Currents into the read-out [A], any shape.

        Returns
        -------
        FloatArray
            Input [V or A], of the shape of `ampere`, from `low` to `high`.
        """
        curve = np.polynomial.polynomial.polyval(
            ampere / self.scale_ampere, np.asarray(self.coefficients)
        )
        result: FloatArray = np.clip(curve, self.low, self.high)
        return result

    def codes(self, ampere: FloatArray) -> CodeArray:
        """Return the codes of column currents, without noise.

        Parameters
        ----------
        ampere
            Currents into the read-out [A], any shape.

        Returns
        -------
        CodeArray
            Codes from 0 to ``2**bits - 1``, of the shape of `ampere`.

        Raises
        ------
        ParameterError
            The model is a formula without thresholds.
        """
        if not self.thresholds:
            raise ParameterError.about(
                "thresholds",
                got="none: the model is a formula",
                expected="a calibrated model",
                remedy="use tile.calibrate(the_tile, rng=...)",
            )
        entering = self.converter_input(ampere)
        return np.searchsorted(np.asarray(self.thresholds), entering, side="right").astype(np.int64)

    def range_ampere(self, low: float, high: float) -> tuple[float, float]:
        """Return the currents for which the converter's input lies within a range.

        Only the monotone stretch of the curve about 0 A counts, and of a fitted curve only what it
        was fitted to.

        Parameters
        ----------
        low, high
            Range of the converter's input [V or A], such as the ends of its codes.

        Returns
        -------
        tuple
            Lowest and highest current [A].

        Raises
        ------
        ParameterError
            No current gives any of it.
        """
        reach = self.scale_ampere
        if len(self.coefficients) == 2:  # a line may be followed as far as it goes
            start, slope = self.coefficients
            reach = max(abs(low - start), abs(high - start)) / abs(slope) * self.scale_ampere
        grid = np.linspace(-reach, reach, _GRID)
        entering, centre = self.converter_input(grid), _GRID // 2
        sign = np.sign(entering[centre + 1] - entering[centre - 1])
        moves = np.sign(np.diff(entering)) * sign > 0.0
        first = centre - int(np.argmin(np.append(moves[:centre][::-1], False)))
        last = centre + int(np.argmin(np.append(moves[centre:], False)))
        inside = np.flatnonzero((entering >= low) & (entering <= high))
        inside = inside[(inside >= first) & (inside <= last)]
        if inside.size < 2 or sign == 0.0:
            raise ParameterError.about(
                "model",
                got=f"a read-out that never takes its converter from {low:g} to {high:g}",
                expected="a curve that covers the converter's range",
                remedy="calibrate one whose range covers its column",
            )
        return float(grid[inside[0]]), float(grid[inside[-1]])

    def save(self, path: str | Path) -> None:
        """Write the model as JSON, whole or not at all.

        Parameters
        ----------
        path
            The file.

        Raises
        ------
        OSError
            It cannot be written.
        """
        write_json(Path(path), {"format": _FORMAT, **self.to_dict()})

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON.

        Returns
        -------
        dict
            Field -> value; what is infinite or not a number is None.
        """
        content: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        for name, value in content.items():
            if isinstance(value, float) and not math.isfinite(value):
                content[name] = None
        for name, form in (
            ("held_out", asdict),
            ("settling", Settling.to_dict),
            ("provenance", Provenance.to_dict),
        ):
            if content[name] is not None:
                content[name] = form(content[name])
        return content

    @classmethod
    def load(cls, path: str | Path, *, current: Provenance | None = None) -> ReadoutModel:
        """Read a model, and refuse one that is stale.

        Parameters
        ----------
        path
            Its JSON file.
        current
            Provenance of the circuit at hand, such as ``tile.provenance``; None does not compare.

        Returns
        -------
        ReadoutModel
            The model that :meth:`save` wrote.

        Raises
        ------
        ModelFileError
            The file is missing, not a model, or stale.
        """
        with reading(
            path,
            argument="calibration",
            expected="a model written by ReadoutModel.save",
            remedy="calibrate again",
        ):
            content = read_json(Path(path))
            if content.pop("format") != _FORMAT:
                raise ValueError(f"not of the format {_FORMAT}")
            model = cls(**_plain_to_fields(content))
        if current is not None:
            if model.provenance is None:
                changes: tuple[str, ...] = ("everything: it is a formula",)
            else:
                changes = model.provenance.changes(current)
            if changes:
                raise ModelFileError(
                    f"calibration {path}: got a stale model, expected one of the circuit at hand;"
                    f" changed since: {', '.join(changes)}; calibrate again"
                )
        return model


def _plain_to_fields(content: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of the model that `to_dict` made plain."""
    absent = {
        "low": -math.inf,
        "high": math.inf,
        "product_second": math.nan,
        "readout_joule": math.nan,
    }
    fields = {
        name: absent[name] if name in absent and value is None else value
        for name, value in content.items()
    }
    for name in ("coefficients", "sigmas", "input_sigmas", "thresholds"):
        fields[name] = tuple(float(value) for value in content[name])
    for name, kind in (
        ("held_out", lambda held: HeldOut(**held)),
        ("settling", Settling.from_dict),
        ("provenance", Provenance.from_dict),
    ):
        fields[name] = None if content[name] is None else kind(content[name])
    return fields
