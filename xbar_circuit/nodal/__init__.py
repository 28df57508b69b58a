"""The fast engine: exact nodal analysis of the array in NumPy and SciPy.

`read`, `prepare` and `transfer` are the verbs; the other names are the algorithms to choose from
with ``method=``.
"""

from xbar_circuit.nodal.by_lines import ByLines
from xbar_circuit.nodal.direct import Direct
from xbar_circuit.nodal.gradient import Gradients, gradients
from xbar_circuit.nodal.hierarchical import Hierarchical
from xbar_circuit.nodal.krylov import NewtonKrylov
from xbar_circuit.nodal.loads import LoadedColumns, operate
from xbar_circuit.nodal.method import Method, Prepared
from xbar_circuit.nodal.newton import Newton
from xbar_circuit.nodal.noise import NoiseResult, noise
from xbar_circuit.nodal.ports import PortModel, reduce
from xbar_circuit.nodal.reduced_order import ReducedOrder
from xbar_circuit.nodal.solve import prepare, read, transfer
from xbar_circuit.nodal.sparse import SparseDirect
from xbar_circuit.nodal.stepping import TrBdf2
from xbar_circuit.nodal.tiles import transfer_tiles
from xbar_circuit.nodal.transient import TransientResult, transient
from xbar_circuit.nodal.waveform import Waveform
from xbar_circuit.nodal.write import write

__all__ = [
    "ByLines",
    "Direct",
    "Gradients",
    "Hierarchical",
    "LoadedColumns",
    "Method",
    "Newton",
    "NewtonKrylov",
    "NoiseResult",
    "PortModel",
    "Prepared",
    "ReducedOrder",
    "SparseDirect",
    "TrBdf2",
    "TransientResult",
    "Waveform",
    "gradients",
    "noise",
    "operate",
    "prepare",
    "read",
    "reduce",
    "transfer",
    "transfer_tiles",
    "transient",
    "write",
]
