"""What to sweep: a study function, the points of its parameters, the seeds.

A TOML file says it::

    [study]
    function = "ir_drop"            # one of ours, or "your_module:your_function"
    seeds = 5                       # 0 to 4; or a list of seeds
    random = "common"               # or "independent"
    files = ["table"]               # parameters that name files: computed anew when these change

    [parameters]                    # the same at every point
    rows = 64

    [grid]                          # every combination ...
    row_ohm = [0.35, 1.0, 2.0]
    cols = [32, 64]

    [[point]]                       # ... or, instead of the grid, a list of points
    row_ohm = 1.0
    cols = 16

A key that names several parameters, ``"row_ohm, column_ohm"``, gives all of them the same value.
Tables inside tables become dotted names: ``accelerator.rows``. With ``random = "common"`` the
points of a seed draw the same random numbers, so that differences between points are not noise.
"""

from __future__ import annotations

import inspect
import itertools
import json
import math
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Tag

from xbar_circuit import _checks as checks
from xbar_circuit._schema import LISTS, checked, table_model
from xbar_circuit.accelerator._reference import keys_of
from xbar_circuit.errors import ModelFileError, ParameterError
from xbar_circuit.runs.items import Item
from xbar_circuit.studies.sweep._functions import CHECKS, INPUT_FILES, find_function

__all__ = ["PlanTable", "SweepPlan", "read_sweep_plan", "study_page", "sweep_plan_from_dictionary"]

_NAME = re.compile(r"\w[\w .,=+-]{0,99}(?<! )")
_MOST = 10_000_000  # points of a sweep

_Seeds = Annotated[
    Annotated[int, Tag("<count>")] | Annotated[list[int], Tag("<list>")],
    Discriminator(lambda value: "<list>" if isinstance(value, list | tuple | range) else "<count>"),
]
_Study = table_model(
    "Study",
    keys={
        "function": (str, ..., "One of the package's studies, or 'your_module:your_function'."),
        "seeds": (_Seeds, 1, "How many, 0 to so many less one; or a list of them."),
        "random": (
            Literal["common", "independent"],
            "common",
            "Whether the points of a seed draw the same random numbers.",
        ),
        "name": (str, None, "For titles, and for the folder of the results."),
        "files": (LISTS[str], [], "Parameters that name files: computed anew when these change."),
    },
)

#: The file of a sweep.
PlanTable = table_model(
    "Plan",
    keys={
        "study": (_Study, ..., "What is computed, and with which seeds."),
        "parameters": (dict[str, Any], {}, "Parameters that are the same at every point."),
        "grid": (dict[str, Any], {}, "Parameters with a list of values: every combination."),
        "point": (list[dict[str, Any]], [], "In place of a grid: the parameters of each point."),
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPlan:
    """A whole sweep, before anything is computed.

    Parameters
    ----------
    name
        For titles and folders.
    function_name, function
        The study: called with ``rng=`` and the parameters, returns numbers by name.
    fixed
        Parameters that are the same at every point.
    axes
        Name of each axis of the grid -> its values; the name may hold several parameters,
        separated by commas. Empty for a list of points.
    points
        The list of points; empty for a grid.
    seeds
        Each point is computed once for each.
    common
        Whether the points of a seed share their random numbers.
    text
        The configuration as it was written.
    files
        Parameters that name files to read; a point is computed anew when its file has changed.

    Raises
    ------
    ParameterError
        Neither grid nor points or both, an empty axis, a repeated value, or a parameter that the
        function does not have.
    """

    name: str
    function_name: str
    function: Callable[..., Any]
    fixed: Mapping[str, Any] = field(default_factory=dict)
    axes: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    points: Sequence[Mapping[str, Any]] = ()
    seeds: Sequence[int] = (0,)
    common: bool = True
    text: str = ""
    files: Sequence[str] = ()

    def __post_init__(self) -> None:
        if bool(self.axes) == bool(self.points):
            raise ParameterError.about(
                "grid, point",
                got="both" if self.axes else "neither",
                expected="a table [grid], or tables [[point]]",
                remedy="give one of the two",
            )
        for name, values in self.axes.items():
            _check_values(f"grid.{name}", values)
        points = len(self.points) or math.prod(len(values) for values in self.axes.values())
        checks.count(
            "grid and seeds", points * len(self.seeds), maximum=_MOST
        )  # before they are spelled out
        _check_values("study.seeds", self.seeds)
        for seed in self.seeds:
            checks.count("study.seeds", seed, minimum=0)
        _check_names(self.function_name, self.function, self.calls()[0])
        for call in self.calls()[1:]:
            _check_names(self.function_name, self.function, call)

    @property
    def dimensions(self) -> dict[str, int]:
        """Name -> length of each dimension, the seeds last."""
        if self.points:
            return {"point": len(self.points), "seed": len(self.seeds)}
        sizes = {_dimension(name): len(values) for name, values in self.axes.items()}
        return {**sizes, "seed": len(self.seeds)}

    def coordinates(self) -> dict[str, tuple[str, list[Any]]]:
        """Return the swept parameters as coordinates of a labelled data set.

        Returns
        -------
        dict
            Parameter -> (dimension, values), and the seed; in a list of points all have the
            dimension ``"point"``.
        """
        result: dict[str, tuple[str, list[Any]]] = {}
        for name, values in self.axes.items():
            for parameter in _parameters(name):
                result[parameter] = (_dimension(name), list(values))
        for parameter in dict.fromkeys(key for point in self.points for key in point):
            result[parameter] = ("point", [point.get(parameter) for point in self.points])
        result["seed"] = ("seed", list(self.seeds))
        return result

    def swept(self) -> list[dict[str, Any]]:
        """Return the swept parameters of every point.

        Returns
        -------
        list of dict
            Parameter -> value for each point, the last axis running fastest.
        """
        if self.points:
            return [dict(point) for point in self.points]
        return [
            {
                parameter: value
                for name, value in zip(self.axes, values, strict=True)
                for parameter in _parameters(name)
            }
            for values in itertools.product(*self.axes.values())
        ]

    def calls(self) -> list[dict[str, Any]]:
        """Return all parameters of every point.

        Returns
        -------
        list of dict
            As `swept`, with the parameters that are the same at every point.
        """
        return [{**self.fixed, **point} for point in self.swept()]

    def differing(self) -> list[dict[str, Any]]:
        """Return the first point, and the points of a grid that differ from it in one axis.

        Returns
        -------
        list of dict
            All parameters of each; every value of every parameter is in one of them, which are what
            is checked before the work.
        """
        if self.points:
            return self.calls()
        swept = [
            (_parameters(name), value) for name, values in self.axes.items() for value in values
        ]
        first = {key: values[0] for name, values in self.axes.items() for key in _parameters(name)}
        return [{**self.fixed, **first, **dict.fromkeys(keys, value)} for keys, value in swept]

    def items(self) -> list[Item]:
        """Return the work: every point with every seed.

        Returns
        -------
        list of Item
            The seed runs fastest; the name of an item says its swept parameters and its seed.
        """
        result = []
        for swept, call in zip(self.swept(), self.calls(), strict=True):
            text = ", ".join(f"{key}={json.dumps(value)}" for key, value in swept.items())
            for seed in self.seeds:
                name = f"{text}, seed={seed}"
                stream = f"seed={seed}" if self.common else name
                result.append(Item(name=name, arguments=call, stream=stream))
        return result


def read_sweep_plan(path: Path | str) -> SweepPlan:
    """Read a sweep from a TOML file.

    Raises
    ------
    ModelFileError
        The file is missing or not TOML.
    ParameterError
        It says something that cannot be meant.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise ModelFileError(
            f"study: got {path} ({error}), expected a TOML file with the tables study, parameters,"
            " and grid or point; see xbar sweep --help"
        ) from error
    return sweep_plan_from_dictionary(content, name=path.stem, text=text)


def sweep_plan_from_dictionary(
    content: Mapping[str, Any], *, name: str = "sweep", text: str = ""
) -> SweepPlan:
    """Build a sweep from nested dictionaries, as a TOML file gives them.

    Raises
    ------
    ParameterError
        It says something that cannot be meant.

    >>> plan = sweep_plan_from_dictionary({"study": {"function": "ir_drop", "seeds": 2},
    ...                              "grid": {"row_ohm": [1.0, 2.0, 5.0]}})
    >>> plan.dimensions
    {'row_ohm': 3, 'seed': 2}
    """
    parsed: Any = checked(PlanTable, content)
    study = parsed.study
    if isinstance(study.seeds, int):
        checks.count("study.seeds", study.seeds, maximum=_MOST)
    plan = SweepPlan(
        name=name if study.name is None else _plain_name(study.name),
        function_name=study.function,
        function=find_function(study.function),
        fixed=_flat(parsed.parameters),
        axes=_flat(parsed.grid),
        points=[_flat(point) for point in parsed.point],
        seeds=study.seeds if isinstance(study.seeds, list) else range(study.seeds),
        common=study.random == "common",
        text=text,
        files=[*INPUT_FILES, *study.files],
    )
    if study.function in CHECKS:
        for call in plan.differing():
            CHECKS[study.function](**call)
    return plan


def _plain_name(given: str) -> str:
    """Return a name that can be a folder, and leads to no other one."""
    if _NAME.fullmatch(given):
        return given
    raise ParameterError.about(
        "study.name",
        got=repr(given)[:80],
        expected="a name of at most 100 letters, digits, blanks and . _ , = + -, not beginning"
        " with a dot or a blank",
        remedy="name a folder with --out",
    )


def _parameters(axis: str) -> list[str]:
    return [part.strip() for part in axis.split(",")]


def _dimension(axis: str) -> str:
    return _parameters(axis)[0]


def _flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Turn tables inside a table into dotted names."""
    result: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            result.update(_flat(value, f"{prefix}{key}."))
        else:
            names = [f"{prefix}{part}" for part in _parameters(key)]
            result[", ".join(names)] = value
    return result


def _check_values(name: str, values: Any) -> None:
    listed = isinstance(values, Sequence) and not isinstance(values, str)
    texts = [json.dumps(value, default=repr) for value in values] if listed else []
    if not texts or len(set(texts)) < len(texts):
        raise ParameterError.about(
            name,
            got=repr(values),
            expected="a list of at least one value, each once",
            remedy="put values that stay the same under [parameters]",
        )


def _check_names(function_name: str, function: Callable[..., Any], call: Mapping[str, Any]) -> None:
    """Refuse a call that the function's signature does not allow."""
    signature = inspect.signature(function).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in signature.values()):
        return
    allowed = sorted(set(signature) - {"rng"})
    unknown = sorted(set(call) - set(allowed))
    needed = {k for k, p in signature.items() if p.default is p.empty} - {"rng"}
    missing = sorted(needed - set(call))
    if unknown or missing:
        problem = f"unknown parameters {unknown}" if unknown else f"no {missing}"
        raise ParameterError.about(
            function_name, got=problem, expected=f"some of {allowed}", remedy="correct the names"
        )


def study_page() -> str:
    """Return the part of the documentation about the file of a sweep, in Markdown."""
    words = (
        "# The study file of `xbar sweep` (TOML)",
        "",
        "What to compute, at which points, with which seeds. A key that names several parameters,"
        ' `"row_ohm, column_ohm"`, gives all of them the same value. The parameters of the study'
        " `network` are the options of `xbar infer` and the keys of the accelerator file as dotted"
        " names, such as `accelerator.rows`; they are checked before any point is computed.",
        "",
    )
    return "\n".join([*words, *keys_of("The file", PlanTable)]).rstrip() + "\n"
