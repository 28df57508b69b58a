"""Options that the verbs about networks share: which network, which images, which accelerator."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from xbar_circuit import _user_modules as user_modules
from xbar_circuit._checks import choice
from xbar_circuit.accelerator.description import Accelerator
from xbar_circuit.accelerator.settings import PCM_PRESETS, InferenceSettings
from xbar_circuit.cells import DifferentialPair
from xbar_circuit.cli._doubts import read_config
from xbar_circuit.cli._networks import as_typed, constants_of, sample_shape_of
from xbar_circuit.cli._options import Output
from xbar_circuit.network.metrics import METRICS
from xbar_circuit.network.normalisation import Normalisation
from xbar_circuit.network.workload import FASHION_MNIST, NETWORKS, Workload, load_workload
from xbar_circuit.peripherals import Dac, IdealConverter, Readout
from xbar_circuit.wires import Wires

__all__ = [
    "CONFIG",
    "CONSTANT",
    "DATA",
    "DIVIDE",
    "FIRST_SEED",
    "IMAGES",
    "MEAN",
    "METRIC",
    "NETWORK",
    "SEEDS",
    "SHAPE",
    "STD",
    "AskedWorkload",
    "pcm_accelerator",
    "settings_of",
    "takes_workload",
]

#: How many images converters are calibrated on.
CALIBRATION_IMAGES = 256

NETWORK = Annotated[str, typer.Argument(help=NETWORKS)]
SHAPE = Annotated[
    list[str] | None,
    typer.Option(
        help="Shape of one sample, such as 3,224,224, where a file leaves it open; or the whole"
        " shape of an input, such as name=1,3,224,224, repeat for several."
    ),
]
CONSTANT = Annotated[
    list[str] | None,
    typer.Option(help="Input to replace by a constant, such as sr=16000; repeat for several."),
]
DATA = Annotated[
    str | None,
    typer.Option(
        help="Test data: an IDX, npy or npz file, or a folder with a sub-folder for each class."
        f" '{FASHION_MNIST}' ships with the package and is the default for its own networks;"
        " any other network needs its own data."
    ),
]
LABELS = Annotated[
    Path | None,
    typer.Option(help="Labels of IDX or npy data: classes, or numbers to compare with."),
]
CALIBRATION = Annotated[
    Path | None, typer.Option(help="Images that set the converters' ranges; never the test set.")
]
DIVIDE = Annotated[float | None, typer.Option(help="Divisor of the pixels, such as 255.")]
MEAN = Annotated[
    list[float] | None,
    typer.Option(help="Mean to subtract after --divide; repeat for each channel."),
]
STD = Annotated[
    list[float] | None,
    typer.Option(help="Standard deviation to divide by after --mean; repeat for each channel."),
]
_CALIBRATION_IMAGES = Annotated[
    int, typer.Option(min=1, help="Number of calibration images, taken evenly from the file.")
]
CONFIG = Annotated[
    Path | None, typer.Option(help="TOML file with [accelerator], [layers], [pcm] and [run].")
]
IMAGES = Annotated[
    int | None, typer.Option(min=1, help="Number of test images; all where no default is shown.")
]
METRIC = Annotated[
    list[str] | None,
    typer.Option(
        help=f"{', '.join(METRICS)}, top-5, or my_module:function; repeat for several. Default:"
        " accuracy for classes, mse for numbers, and snr, the output against the digital run."
    ),
]
SEEDS = Annotated[int | None, typer.Option(min=1, help="Number of chips, one seed each.")]
FIRST_SEED = Annotated[
    int | None,
    typer.Option(
        min=0, help="Seed of the random generator; with several chips, the seed of the first."
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedWorkload:
    """A network and its images as they were typed, before anything is read.

    Fields are those of `load_workload`, and what is said of the pixels.
    """

    network: str
    data: str | None
    labels: Path | None
    calibration: Path | None
    calibration_images: int
    divide: float | None
    mean: list[float] | None
    std: list[float] | None
    output: str | None
    shape: list[str] | None
    constant: list[str] | None

    def load(self) -> Workload:
        """Read the network and its images; a torch module may be the user's own.

        Raises
        ------
        XbarError
            As `load_workload`, with the names of the options.
        """
        user_modules.look_in(Path.cwd())
        with as_typed():
            return load_workload(
                self.network,
                data=self.data,
                labels=self.labels,
                calibration=self.calibration,
                calibration_images=self.calibration_images,
                normalisation=Normalisation.stated(self.divide, self.mean, self.std),
                output=self.output,
                shape=sample_shape_of(self.shape),
                constants=constants_of(self.constant),
            )

    def parameters(self) -> dict[str, Any]:
        """Return what was said as parameters of the study `network`, see `point_of`.

        A study file may name modules of the user's own alone; a command may name any. The network
        and its images are read once, so that what is wrong with them is reported before the study.

        Raises
        ------
        XbarError
            As `load`.
        """
        self.load()
        module, separator, _ = self.network.partition(":")
        if separator:
            user_modules.allow([module])
        shape, constants = sample_shape_of(self.shape), constants_of(self.constant)
        said: dict[str, Any] = {
            "data": self.data,
            "labels": self.labels and str(self.labels),
            "calibration": self.calibration and str(self.calibration),
            "divide": self.divide,
            "mean": self.mean,
            "std": self.std,
            "output": self.output,
            "shape": shape and list(shape),
        }
        if self.calibration_images != CALIBRATION_IMAGES:
            said["calibration_images"] = self.calibration_images
        found = {name: value for name, value in said.items() if value is not None}
        found |= {f"constants.{name}": v.tolist() for name, v in (constants or {}).items()}
        return {"network": self.network, **found}


#: The options that say a network's images, of every verb that `takes_workload`, and their defaults.
_WORKLOAD: dict[str, tuple[Any, Any]] = {
    "data": (DATA, None),
    "labels": (LABELS, None),
    "calibration": (CALIBRATION, None),
    "calibration_images": (_CALIBRATION_IMAGES, CALIBRATION_IMAGES),
    "divide": (DIVIDE, None),
    "mean": (MEAN, None),
    "std": (STD, None),
    "output": (Output, None),
    "shape": (SHAPE, None),
    "constant": (CONSTANT, None),
}


def takes_workload(verb: Callable[..., None]) -> Callable[..., None]:
    """Give a verb the options that say a network's images, in place of its `workload`.

    The verb is called with its `network`, as it was typed, and what these options say.
    """
    own = inspect.signature(verb, eval_str=True)
    parameters: list[inspect.Parameter] = []
    for parameter in own.parameters.values():
        if parameter.name != "workload":
            parameters.append(parameter)
            continue
        parameters += [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=option
            )
            for name, (option, default) in _WORKLOAD.items()
        ]

    @functools.wraps(verb)
    def with_options(network: str, **given: Any) -> None:
        said = {name: given.pop(name) for name in _WORKLOAD}
        verb(network=network, workload=AskedWorkload(network=network, **said), **given)

    with_options.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    with_options.__annotations__ = {one.name: one.annotation for one in parameters}
    return with_options


def settings_of(
    config: Path | None,
    usual: InferenceSettings,
    *,
    images: int | None,
    seeds: int | None = None,
    seed: int | None = None,
    seconds: float | None = None,
) -> InferenceSettings:
    """Return what a file says, or the usual; what the command line says comes before both."""
    settings = usual if config is None else read_config(config)
    said: dict[str, Any] = {"images": images, "seeds": seeds, "seed": seed}
    said["seconds"] = None if seconds is None else (seconds,)
    return replace(settings, **{name: value for name, value in said.items() if value is not None})


def pcm_parameters(pcm: str) -> dict[str, str]:
    """Return the parameters of a study that mean ``--pcm``; exact devices have none.

    Raises
    ------
    ParameterError
        The preset is unknown.
    """
    choice("--pcm", pcm, (*PCM_PRESETS, "exact"))
    return {} if pcm == "exact" else {"pcm.preset": pcm}


def pcm_accelerator(pcm: str, *, side: int, segment_ohm: float, bits: int) -> Accelerator:
    """Return square tiles of pairs of PCM devices with ideal converters of some bits.

    Raises
    ------
    ParameterError
        The preset of ``--pcm`` is unknown.
    """
    choice("--pcm", pcm, (*PCM_PRESETS, "exact"))
    statistics = None if pcm == "exact" else PCM_PRESETS[pcm]()
    g_max = 25e-6 if statistics is None else statistics.g_max_siemens
    return Accelerator(
        rows=side,
        cols=side,
        synapse=DifferentialPair(g_min_siemens=0.1e-6, g_max_siemens=g_max),
        wires=Wires(row_ohm=segment_ohm, column_ohm=segment_ohm),
        driver=Dac(bits=bits),
        readout=Readout(converter=IdealConverter(bits=bits)),
        statistics=statistics,
    )
