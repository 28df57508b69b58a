"""Conversions in ngspice: the same question as ``converter.convert``, answered by the circuit."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from xbar_circuit import checks
from xbar_circuit.errors import ParameterError
from xbar_circuit.netlist.testbench import conversion_bench
from xbar_circuit.peripherals.converters import CodeArray, Converter, ConverterBase
from xbar_circuit.peripherals.converters.protocol import finite_values
from xbar_circuit.spice.testbench import run_bench

__all__ = ["convert_in_spice"]

_PER_DECK = 256  # conversions


def convert_in_spice(
    converter: Converter,
    values: ArrayLike,
    *,
    rng: np.random.Generator | None = None,
    time_limit_second: float = 600.0,
) -> CodeArray:
    """Return the codes that ngspice gives for `values` [V or A], of the same shape.

    The noise is drawn exactly as ``converter.convert(values, rng=rng)`` draws it, so equal
    generators give both the same numbers.

    Raises
    ------
    ParameterError
        The converter is not one of ours, or a value is not finite.
    SimulatorError, ConvergenceError
        ngspice failed.
    """
    checks.number("time_limit_second", time_limit_second, "s", above=True)
    array = finite_values("values", values)
    if not isinstance(converter, ConverterBase):
        raise ParameterError.about(
            "converter",
            got=type(converter).__name__,
            expected="one of our converters",
            remedy="use peripherals.Subcircuit for a circuit of your own",
        )
    noise = None
    if rng is not None:
        noise = converter.draw_noise(rng, array.shape).reshape(-1, converter.decisions)
    flat = array.ravel()
    parts = []
    for begin in range(0, flat.size, _PER_DECK):
        chosen = slice(begin, begin + _PER_DECK)
        bench = conversion_bench(
            converter, flat[chosen], noise=None if noise is None else noise[chosen]
        )
        parts.append(run_bench(bench, time_limit_second=time_limit_second).codes[:, 0])
    codes: CodeArray = np.concatenate(parts).reshape(array.shape)
    return codes
