"""Energy of the digital logic around a tile, from published operations, scaled to a node.

An operation's energy is known at 45 nm and 0.9 V (M. Horowitz, "Computing's energy problem", ISSCC
2014): 0.1 pJ for a 32-bit addition, 0.2 pJ for an 8-bit multiplication, 10 pJ for 64 bits from an
8 KB memory. It is taken to another node and supply by the polynomials of A. Stillmaker and B. Baas,
Integration 58, 74 (2017), table 5 with its erratum: ``E ~ a V**2 + b V + c``, fitted by them to
simulations of high-performance transistors.
"""

from __future__ import annotations

from dataclasses import dataclass

from xbar_circuit import _checks as checks
from xbar_circuit.errors import ParameterError

__all__ = ["NODES", "Logic"]

#: Coefficients a, b, c of the energy over the supply, by node [nm].
NODES: dict[int, tuple[float, float, float]] = {
    130: (7.171, -6.709, 2.904),
    90: (4.762, -4.781, 2.092),
    65: (3.755, -4.398, 1.975),
    45: (1.018, -0.3107, 0.1539),
    32: (0.8367, -0.4341, 0.1701),
    20: (0.373, -0.1582, 0.04104),
    16: (0.2958, -0.1241, 0.03024),
    14: (0.2363, -0.09675, 0.02239),
    10: (0.2068, -0.09311, 0.02375),
    7: (0.1776, -0.09097, 0.02447),
}
_ADD_BIT, _MULTIPLY, _BYTE = 0.1e-12 / 32, 0.2e-12, 10e-12 / 8  # at 45 nm, 0.9 V
_CLOCK_FARAD = 1e-15  # of a flip-flop's clock pin with its share of the tree: assumed


@dataclass(frozen=True, slots=True, kw_only=True)
class Logic:
    """Logic of a node.

    The defaults are the node of the HERMES core (Khaddam-Aljameh et al. 2022) and a usual supply of
    it, a choice.

    nm : the node, one of `NODES`.
    supply_volt : its supply [V], 0.5 to 1.3.

    >>> round(Logic(nm=45, supply_volt=0.9).scale, 3), round(Logic().scale, 3)
    (1.0, 0.138)
    """

    nm: int = 14
    supply_volt: float = 0.8

    def __post_init__(self) -> None:
        if self.nm not in NODES:
            raise ParameterError.about(
                "nm", got=self.nm, expected=f"one of {sorted(NODES)}", remedy="take the nearest"
            )
        checks.number("supply_volt", self.supply_volt, "V", minimum=0.5, maximum=1.3)

    @property
    def scale(self) -> float:
        """Energy of an operation over that at 45 nm and 0.9 V."""
        return _energy(self.nm, self.supply_volt) / _energy(45, 0.9)

    def pulse_generation(self, rows: int, bits: int, ticks: int) -> float:
        """Return what it takes to compare each row's code with a counter at every tick.

        Parameters
        ----------
        rows
            Word lines.
        bits
            Width of the codes; one bit of an adder for each bit compared.
        ticks
            Of the counter, in one product.

        Returns
        -------
        float
            Energy [J].
        """
        return rows * bits * ticks * _ADD_BIT * self.scale

    def affine(self, outputs: int) -> float:
        """Return what a multiplication of 8 bits and an addition of 32 for each output take.

        Parameters
        ----------
        outputs
            How many outputs are scaled and shifted.

        Returns
        -------
        float
            Energy [J].

        >>> f"{Logic(nm=45, supply_volt=0.9).affine(256):.3g} J"
        '7.68e-11 J'
        """
        return outputs * (_MULTIPLY + 32 * _ADD_BIT) * self.scale

    def memory(self, count: int) -> float:
        """Return what it takes to move bytes in or out of a memory of 8 KB.

        Parameters
        ----------
        count
            How many bytes.

        Returns
        -------
        float
            Energy [J].
        """
        return count * _BYTE * self.scale

    def clock(self, flip_flops: int, cycles: float) -> float:
        """Return what the clock of flip-flops takes: ``C V**2`` in each cycle.

        Parameters
        ----------
        flip_flops
            How many; 1 fF each, with its share of the clock tree, is an assumption.
        cycles
            How many cycles.

        Returns
        -------
        float
            Energy [J].
        """
        return flip_flops * cycles * _CLOCK_FARAD * self.supply_volt**2


def _energy(nm: int, volt: float) -> float:
    a, b, c = NODES[nm]
    return a * volt**2 + b * volt + c
