"""Making a chip: program a mapped network's devices, reduce its tiles, set its ranges; once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from threadpoolctl import threadpool_limits

from xbar_circuit import _checks as checks
from xbar_circuit._backend import preferred
from xbar_circuit.accelerator._drift import COMPENSATIONS
from xbar_circuit.accelerator._memory import working_bytes
from xbar_circuit.accelerator._programming import program_devices
from xbar_circuit.accelerator._ranges import Calibrator
from xbar_circuit.accelerator._working_chip import Inputs, WorkingChip
from xbar_circuit.accelerator.mapping import Mapping as MappedNetwork
from xbar_circuit.accelerator.wire_aware import WireAware
from xbar_circuit.accelerator.wire_aware import wire_aware as wire_aware_of
from xbar_circuit.errors import ParameterError
from xbar_circuit.network.execution import MEMORY_BYTES, batch_size, walk

__all__ = ["program_mapping", "program_with"]

ChipT = TypeVar("ChipT", bound=WorkingChip)


def program_mapping(
    kind: type[ChipT],
    mapping: MappedNetwork,
    *,
    calibration: Inputs,
    seed: int = 0,
    celsius: float | None = None,
    aware: bool | WireAware = False,
    drift_compensation: str = "global",
    memory_bytes: int = MEMORY_BYTES,
    device: str | None = None,
) -> ChipT:
    """Make a chip of a mapped network.

    Parameters
    ----------
    kind
        The class of what is made.
    mapping
        The network on its accelerators.
    calibration
        Inputs that the ranges are set by.
    seed
        Seed of the random generator.
    celsius
        As for `accelerator.program`.
    aware
        Whether conductances are chosen for the wires; or what came of that for this mapping, which
        chips of several seeds share.
    drift_compensation, memory_bytes, device
        As for `accelerator.program`.

    Raises
    ------
    ParameterError
        The calibration inputs are nothing but zeros, or a choice is unknown.
    """
    network, known = mapping.network.fed(calibration)
    numbers = [array for array in known.arrays.values() if array.dtype.kind == "f"]
    if numbers and not any(array.any() for array in numbers):
        raise ParameterError.about(
            "calibration",
            got="nothing but zeros",
            expected="inputs like those that will be inferred, to set the ranges",
            remedy="give images of the training set, and check the normalisation",
        )
    room = working_bytes(memory_bytes, mapping, known)
    count = max(1, batch_size(network, room // 3, largest=len(known)))
    return program_with(
        kind,
        mapping,
        lambda calibrator: walk(network, known[:count], calibrator),
        seed=seed,
        celsius=celsius,
        aware=aware,
        drift_compensation=drift_compensation,
        memory_bytes=memory_bytes,
        device=device,
    )


def program_with(
    kind: type[ChipT],
    mapping: MappedNetwork,
    calibrate: Callable[[Calibrator], object],
    *,
    seed: int,
    celsius: float | None = None,
    aware: bool | WireAware = False,
    drift_compensation: str = "global",
    memory_bytes: int = MEMORY_BYTES,
    device: str | None = None,
) -> ChipT:
    """Make a chip of a mapped network that is run from outside.

    Parameters
    ----------
    kind
        The class of what is made.
    mapping
        The network on its accelerators.
    calibrate
        Runs the network on the calibration inputs, with what it is given to multiply.
    seed, celsius, aware, drift_compensation, memory_bytes, device
        As for `program_mapping`.

    Raises
    ------
    ParameterError
        A choice is unknown, or a layer saw no calibration inputs.
    """
    checks.choice("drift_compensation", drift_compensation, COMPENSATIONS)
    realised = None
    with preferred(device):
        if aware:
            realised = aware if isinstance(aware, WireAware) else wire_aware_of(mapping)
            mapping = realised.mapping
        programmed = program_devices(mapping, seed=seed, celsius=celsius)
        calibrator = Calibrator(
            mapping, programmed.conductances(), seed=programmed.seed, celsius=celsius
        )
        with threadpool_limits(limits=1, user_api="blas"):
            calibrate(calibrator)
    missed = [plan.name for plan in mapping.layers if plan.name not in calibrator.parts]
    if missed:
        raise ParameterError.about(
            "calibration",
            got=f"inputs that do not reach the layers {missed}",
            expected="inputs that every layer sees, to set its ranges",
            remedy="name these layers as digital",
        )
    return kind(
        mapping=mapping,
        programmed=programmed,
        parts=calibrator.parts,
        digital=calibrator.digital,
        fresh=tuple(calibrator.transfers[plan.name] for plan in mapping.layers),
        constants=calibrator.constants,
        drift_compensation=drift_compensation,
        memory_bytes=memory_bytes,
        wire_aware=realised,
        device=device,
    )
