"""Fast models of read-outs, fitted to what the circuit did, with their error.

A read-out is a resistance and a voltage to the column, a curve from the column's current to the
converter's input, and the converter. The curve is a polynomial fitted to the codes that ngspice
gave for known currents. The parameters carry their standard errors, the model carries its error on
inputs that it was not fitted to, and a key over the deck, the model files and the version tells
whether it still belongs to the circuit.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from xbar_circuit import checks
from xbar_circuit.checks import FloatArray
from xbar_circuit.errors import ModelFileError, ParameterError
from xbar_circuit.files import write_json
from xbar_circuit.peripherals.converters import CodeArray

__all__ = ["HeldOut", "ReadoutModel", "circuit_key", "fit_curve"]

_FORMAT = 1
_INCLUDE = re.compile(r'^\s*\.(?:include|lib)\s+"([^"]+)"', re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """Error on inputs that a model was not fitted to.

    codes : how many codes were compared.
    within_one : share of them within one LSB of the circuit's.
    equal : share that is equal.
    worst_lsb : largest difference.
    """

    codes: int
    within_one: float
    equal: float
    worst_lsb: int

    @classmethod
    def between(cls, model: CodeArray, circuit: CodeArray) -> HeldOut:
        """Compare two arrays of codes."""
        apart = np.abs(model - circuit)
        return cls(
            codes=int(apart.size),
            within_one=float((apart <= 1).mean()),
            equal=float((apart == 0).mean()),
            worst_lsb=int(apart.max()),
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
        Of the converter's input over ``current / scale_ampere``, ascending [V or A].
    sigmas
        Their standard errors [V or A].
    residual_lsb
        Rms of the fit in LSB; a perfect model leaves the quantisation, 0.29.
    held_out
        Error on other inputs, or None.
    key
        Of the circuit, from :func:`circuit_key`; empty for a formula.
    """

    input_ohm: float
    input_volt: float
    scale_ampere: float
    coefficients: tuple[float, ...]
    sigmas: tuple[float, ...] = ()
    residual_lsb: float = 0.0
    held_out: HeldOut | None = None
    key: str = ""

    def __post_init__(self) -> None:
        checks.number("input_ohm", self.input_ohm, "ohm", minimum=-1e12)
        checks.number("input_volt", self.input_volt, "V", minimum=-1e6)
        checks.number("scale_ampere", self.scale_ampere, "A", above=True)
        if not self.coefficients:
            raise ParameterError.about(
                "coefficients",
                got="none",
                expected="at least one",
                remedy="fit a polynomial of degree 0 or more",
            )

    def converter_input(self, ampere: FloatArray) -> FloatArray:
        """Return what the converter sees for column currents (same shape) [V or A]."""
        result: FloatArray = np.polynomial.polynomial.polyval(
            ampere / self.scale_ampere, np.asarray(self.coefficients)
        )
        return result

    def save(self, path: str | Path) -> None:
        """Write the model as JSON, whole or not at all.

        Raises
        ------
        OSError
            It cannot be written.
        """
        content: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        if self.held_out is not None:
            content["held_out"] = {
                name: getattr(self.held_out, name) for name in self.held_out.__slots__
            }
        write_json(Path(path), {"format": _FORMAT, **content})

    @classmethod
    def load(cls, path: str | Path, *, key: str | None = None) -> ReadoutModel:
        """Read a model, and refuse one that belongs to another circuit.

        Parameters
        ----------
        path
            Its JSON file.
        key
            Of the circuit at hand; None does not compare.

        Raises
        ------
        ModelFileError
            The file is missing, not a model, or stale.
        """
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
            if content.pop("format") != _FORMAT:
                raise KeyError("format")
            held = content.pop("held_out")
            for name in ("coefficients", "sigmas"):
                content[name] = tuple(content[name])
            model = cls(**content, held_out=None if held is None else HeldOut(**held))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelFileError(
                f"calibration {path}: got {error!r}, expected a model written by ReadoutModel.save;"
                " calibrate again"
            ) from error
        if key is not None and model.key != key:
            raise ModelFileError(
                f"calibration {path}: got one for circuit {model.key[:12] or '(none)'}, expected"
                f" {key[:12]}: deck, models or version have changed; calibrate again"
            )
        return model


def circuit_key(deck: str, version: str) -> str:
    """Return a key over a deck, every file that it includes, and the package's version."""
    digest = hashlib.sha256(f"{version}\n{deck}".encode())
    waiting, seen = _INCLUDE.findall(deck), set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        text = Path(name).read_text(encoding="utf-8", errors="replace")
        digest.update(text.encode())
        waiting += [str(Path(name).parent / inner) for inner in _INCLUDE.findall(text)]
    return digest.hexdigest()


def fit_curve(
    ampere: FloatArray, entering: FloatArray, *, scale_ampere: float, degree: int
) -> tuple[FloatArray, FloatArray, float]:
    """Fit the curve from current to converter input, by least squares.

    Parameters
    ----------
    ampere
        Currents (n,) [A].
    entering
        What the converter must have seen (n,) [V or A].
    scale_ampere
        Current that counts as 1 [A].
    degree
        Of the polynomial.

    Returns
    -------
    tuple
        Coefficients ascending, their standard errors, and the rms of what is left.

    Raises
    ------
    ParameterError
        There are not more points than coefficients.
    """
    if ampere.size <= degree + 1:
        raise ParameterError.about(
            "samples",
            got=f"{ampere.size} codes inside the range",
            expected=f"more than {degree + 1}",
            remedy="give more calibration inputs, or check the full scale",
        )
    basis = np.polynomial.polynomial.polyvander(ampere / scale_ampere, degree)
    coefficients = np.linalg.lstsq(basis, entering, rcond=None)[0]
    rest = entering - basis @ coefficients
    variance = float(rest @ rest) / (ampere.size - degree - 1)
    covariance = variance * np.linalg.pinv(basis.T @ basis)
    sigmas = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    left = float(np.sqrt(np.mean(rest**2)))
    return coefficients.astype(np.float64), sigmas.astype(np.float64), left
