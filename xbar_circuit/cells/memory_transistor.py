"""A transistor whose threshold is what is stored: a floating gate, or a ferroelectric in its gate.

::

    supply line --+
                  |
    word line ---|[   threshold: the state
                  |
    bit line -----+

The word line drives the gate and carries no current; the supply line feeds the drain; the bit line
is the source. Weak to strong inversion is one formula, that of Enz, Krummenacher and Vittoz
(Analog Integrated Circuits and Signal Processing 8, 83 (1995))::

    I = I_S * (F((P - V_source) / U_T) - F((P - V_drain) / U_T)),   F(x) = ln(1 + exp(x / 2))**2
    P = (V_gate - V_threshold) / n,   U_T = k T / q

with all voltages above the bulk, which is the crossbar's 0 V. Both engines have this law.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import _checks as checks
from xbar_circuit._checks import FloatArray
from xbar_circuit.devices import CellResponse
from xbar_circuit.devices._constants import BOLTZMANN_EV, kelvin
from xbar_circuit.errors import ParameterError
from xbar_circuit.units import spice_number

__all__ = ["MemoryTransistor"]

SUPPLY = "cell_supply"
_STEPS = 200  # of an iteration; bisection alone needs 60
_EDGE = 1e-9  # relative, rounding allowed at the ends
_SOFTPLUS = ".func xbar_soft(a) {max(a, 0) + ln(1 + exp(-abs(a)))}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryTransistor:
    """A gate-driven cell whose state is a threshold voltage.

    The crossbar's conductance is the current over `supply_volt`, with the gate at `read_volt` and
    the bit line at 0 V: it says which threshold the cell holds.

    The defaults of the lines and of the temperature are choices of a usual size.

    Parameters
    ----------
    specific_ampere
        Specific current I_S = 2 n mu C_ox (W/L) U_T**2 [A]: about where weak inversion ends.
    slope_factor
        n, the gate voltage that moves the surface by one volt.
    low_volt, high_volt
        Range of the threshold [V].
    read_volt
        Gate voltage at which the conductance is defined [V].
    supply_volt
        Voltage of the drain above the crossbar's 0 V [V].
    celsius
        Temperature [degree Celsius], 300 K; the simulator's own temperature is not used.

    Raises
    ------
    ParameterError
        A value is out of range.

    >>> cell = MemoryTransistor(specific_ampere=1e-6, slope_factor=1.2, low_volt=0.2, high_volt=1.0)
    >>> float(cell.threshold(cell.conductance(0.6)).round(12))
    0.6
    """

    specific_ampere: float
    slope_factor: float
    low_volt: float
    high_volt: float
    read_volt: float = 1.0
    supply_volt: float = 0.2
    celsius: float = 26.85

    def __post_init__(self) -> None:
        limits: dict[str, tuple[str, float, float]] = {
            "specific_ampere": ("A", 1e-15, 1.0),
            "slope_factor": ("1", 1.0, 10.0),
            "low_volt": ("V", -math.inf, math.inf),
            "high_volt": ("V", -math.inf, math.inf),
            "read_volt": ("V", -math.inf, math.inf),
            "supply_volt": ("V", 1e-3, 100.0),
            "celsius": ("degree Celsius", -73.15, 326.85),
        }
        for name, (unit, low, high) in limits.items():
            value = checks.number(name, getattr(self, name), unit, minimum=low, maximum=high)
            object.__setattr__(self, name, value)
        if not self.low_volt < self.high_volt:
            raise ParameterError.about(
                "high_volt",
                got=self.high_volt,
                expected=f"above low_volt, {self.low_volt:g} V",
                remedy="exchange the two",
            )

    @property
    def thermal_volt(self) -> float:
        """Thermal voltage U_T = k T / q at the cell's temperature [V]."""
        return BOLTZMANN_EV * kelvin(self.celsius)

    @property
    def drive_volt(self) -> float:
        """Supply voltage above the crossbar's 0 V [V]."""
        return self.supply_volt

    @property
    def linear(self) -> bool:
        """Always False."""
        return False

    @property
    def loads_row(self) -> bool:
        """Always False: the row drives a gate."""
        return False

    @property
    def range_siemens(self) -> tuple[float, float]:
        """Conductances of the highest and of the lowest threshold [S]."""
        ends = self._conductance(np.array([self.high_volt, self.low_volt]))
        return float(ends[0]), float(ends[1])

    def conductance(self, threshold: ArrayLike) -> FloatArray:
        """Return the conductance that the crossbar states for a threshold.

        ``I / supply_volt`` with the gate at `read_volt` and the bit line at 0 V.

        Parameters
        ----------
        threshold
            Threshold voltage [V], any shape.

        Returns
        -------
        FloatArray
            Conductance [S], of the shape of `threshold`.

        Raises
        ------
        ParameterError
            A threshold is outside `low_volt` to `high_volt`.
        """
        value = checks.real("threshold", threshold)
        slack = _EDGE * (self.high_volt - self.low_volt)
        wrong = ~((value >= self.low_volt - slack) & (value <= self.high_volt + slack))
        if wrong.any():
            raise ParameterError.about(
                "threshold",
                got=f"{value[wrong].flat[0]:.6g} V",
                expected=f"{self.low_volt:g} to {self.high_volt:g} V",
                remedy="give the cell a wider range",
            )
        return self._conductance(value)

    def _conductance(self, threshold: FloatArray) -> FloatArray:
        place = (self.read_volt - threshold) / (self.slope_factor * self.thermal_volt)
        width = self.supply_volt / self.thermal_volt
        flow = _squares(place, place - width)[0]
        return np.asarray(self.specific_ampere * flow / self.supply_volt)

    def threshold(self, conductance: ArrayLike) -> FloatArray:
        """Return the threshold of a conductance, the inverse of :meth:`conductance`.

        By Newton's method on the logarithm of the current, which is concave, from below: it rises
        to the answer and never passes it.

        Parameters
        ----------
        conductance
            Conductance [S], any shape.

        Returns
        -------
        FloatArray
            Threshold voltage [V], of the shape of `conductance`; for an open device (0 S) the
            highest one.

        Raises
        ------
        ParameterError
            A conductance is not one of the thresholds'.
        """
        g = np.asarray(conductance, dtype=np.float64)
        low, high = self.range_siemens
        live = g > 0.0
        wrong = live & ((g < low * (1 - _EDGE)) | (g > high * (1 + _EDGE)))
        if wrong.any():
            raise ParameterError.about(
                "conductance",
                got=f"{g[wrong].flat[0]:.6g} S",
                expected=f"{low:.6g} to {high:.6g} S, what the thresholds {self.high_volt:g} to"
                f" {self.low_volt:g} V give at {self.read_volt:g} V",
                remedy="scale it, or give the cell another range",
            )
        width = self.supply_volt / self.thermal_volt
        aim = np.log(np.where(live, g, low) * self.supply_volt / self.specific_ampere)
        place = aim - math.log(-math.expm1(-width))
        for _ in range(_STEPS):
            flow, first, second = _squares(place, place - width)
            step = (aim - np.log(flow)) * flow / (first - second)
            place = place + step
            if (np.abs(step) <= 1e-15 * (1.0 + np.abs(place))).all():
                break
        return np.asarray(self.read_volt - self.slope_factor * self.thermal_volt * place)

    def zero_bias_conductance(self, conductance: FloatArray) -> FloatArray:
        """Return a mean transconductance: the current at the read voltage over that voltage.

        Parameters
        ----------
        conductance
            Conductance that the crossbar states of each cell [S], any shape.

        Returns
        -------
        FloatArray
            Transconductance [S], of the shape of `conductance`.
        """
        share = self.supply_volt / abs(self.read_volt or 1.0)
        return np.asarray(conductance) * share

    def respond(
        self, row_volt: FloatArray, column_volt: FloatArray, conductance: FloatArray
    ) -> CellResponse:
        """Return the current and its slopes, with the drain at the cell's own supply voltage.

        Parameters
        ----------
        row_volt, column_volt, conductance
            Node voltages [V] and the cells' conductance [S], which broadcast.

        Returns
        -------
        CellResponse
            Current [A] and its slopes [S], of the broadcast shape.
        """
        current, gate, source, _ = self.supplied(
            row_volt, np.asarray(self.supply_volt), column_volt, conductance
        )
        return CellResponse(current=current, row_slope=gate, column_slope=source)

    def supplied(
        self,
        row_volt: FloatArray,
        supply_volt: FloatArray,
        column_volt: FloatArray,
        conductance: FloatArray,
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return the current and its slopes where the drain's voltage is given too.

        Parameters
        ----------
        row_volt, supply_volt, column_volt
            Voltages of gate, drain and source above the crossbar's 0 V [V].
        conductance
            Conductance of each cell [S]; all four broadcast.

        Returns
        -------
        tuple
            Current into the column wire [A] and its slopes over the voltages of row, column and
            supply, in this order [S].

        Raises
        ------
        ParameterError
            A conductance is not one of the thresholds'.
        """
        g = np.asarray(conductance)
        volt = self.thermal_volt
        pinch = (row_volt - self.threshold(g)) / self.slope_factor
        source, drain = (pinch - column_volt) / volt, (pinch - supply_volt) / volt
        flow, first, second = _squares(source, drain)
        size = np.where(g > 0.0, self.specific_ampere, 0.0)
        return (
            size * flow,
            size * (first - second) / (volt * self.slope_factor),
            -size * first / volt,
            size * second / volt,
        )

    def lines(self) -> dict[str, float]:
        """Return the lines that all cells share, with their voltages.

        Returns
        -------
        dict
            Node name -> voltage above the crossbar's 0 V [V].
        """
        return {SUPPLY: self.supply_volt}

    def model_parameters(self) -> dict[str, float]:
        """Return the numbers that all cells share, by their names in ``memory_transistor.va``.

        Returns
        -------
        dict
            ``is`` (specific current [A]), ``n`` (slope factor, dimensionless) and ``ut`` (thermal
            voltage [V]).
        """
        return {"is": self.specific_ampere, "n": self.slope_factor, "ut": self.thermal_volt}

    def spice_preamble(self) -> str:
        """Return what the elements need once in a deck.

        Returns
        -------
        str
            The function ``xbar_soft``, ln(1 + exp(a)) without overflow, and the source of the
            supply line.
        """
        return f"{_SOFTPLUS}\nV{SUPPLY} {SUPPLY} 0 DC {spice_number(self.supply_volt)}"

    def spice_elements(
        self,
        names: Sequence[str],
        row_nodes: Sequence[str],
        column_nodes: Sequence[str],
        conductances: Sequence[float],
    ) -> Iterable[str]:
        """Return one behavioural current source for each cell, from supply line to column.

        Parameters
        ----------
        names, row_nodes, column_nodes, conductances
            As in :meth:`xbar_circuit.devices.Cell.spice_elements` [S].

        Returns
        -------
        Iterable[str]
            A line ``B<name> cell_supply <column_node> I=...`` for each cell.

        Raises
        ------
        ParameterError
            A conductance is not one of the thresholds'.
        """
        thresholds = self.threshold(np.asarray(conductances)).tolist()
        for name, row, column, vt in zip(names, row_nodes, column_nodes, thresholds, strict=True):
            yield self.element(name, row, SUPPLY, column, vt)

    def element(self, name: str, row: str, supply: str, column: str, threshold: float) -> str:
        """Return one cell as a behavioural current source.

        Parameters
        ----------
        name
            Name of the cell, without the letter of an element.
        row, supply, column
            Nodes of gate, drain and source.
        threshold
            Threshold voltage [V].

        Returns
        -------
        str
            One line with the law in it.
        """
        pinch = f"(V({row})-({spice_number(threshold)}))/{self.slope_factor!r}"
        twice = 2.0 * self.thermal_volt
        source, drain = (f"xbar_soft(({pinch}-V({end}))/{twice!r})" for end in (column, supply))
        size = self.specific_ampere
        return f"B{name} {supply} {column} I={size!r}*({source}-{drain})*({source}+{drain})"


def _squares(source: FloatArray, drain: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return F(source) - F(drain), F'(source) and F'(drain)."""
    one, two = np.logaddexp(0.0, 0.5 * source), np.logaddexp(0.0, 0.5 * drain)
    slopes = [
        soft * np.exp(-np.logaddexp(0.0, -0.5 * x)) for soft, x in ((one, source), (two, drain))
    ]
    return (one - two) * (one + two), slopes[0], slopes[1]
