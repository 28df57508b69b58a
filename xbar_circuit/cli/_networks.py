"""Networks by what a user types: a file or a name, and options that say the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from xbar_circuit.errors import ModelFileError, ParameterError
from xbar_circuit.network.graph import Network
from xbar_circuit.network.importers import load
from xbar_circuit.network.lenet import SHIPPED

__all__ = ["as_typed", "constants_of", "load_network", "sample_shape_of", "shapes_of"]

_OPTIONS = (
    ("pass input_shape=(channels, height, width)", "give --shape 3,224,224"),
    ("choose it with output=...", "choose it with --output"),
    ("input_shape=", "--shape "),
    ("without input_shape", "without --shape"),
    ("got constants of", "got --constant"),
)


def load_network(
    network: str,
    *,
    shape: Sequence[str] | None = None,
    output: str | None = None,
    constant: Sequence[str] | None = None,
) -> Network:
    """Return a network of the package, of a file, or of a module.

    Parameters
    ----------
    network
        As it was typed.
    shape
        ``"3,224,224"`` of one sample of the first input, or ``"name=1,3,224,224"`` each.
    output
        Which one.
    constant
        ``"name=value"`` each, of inputs that are none any more.

    Raises
    ------
    ModelFileError, ParameterError
        As `network.load`, with the options' names.
    """
    if network in SHIPPED:
        given = {"--shape": shape, "--output": output, "--constant": constant}
        wrong = [name for name, value in given.items() if value]
        if wrong:
            raise ParameterError.about(
                ", ".join(wrong),
                got="a value",
                expected=f"nothing for {network}, a network of the package",
                remedy="leave it out",
            )
        return SHIPPED[network]()
    with as_typed():
        return load(
            network,
            input_shape=shapes_of(shape),
            output=output,
            constants=constants_of(constant),
        )


@contextmanager
def as_typed() -> Iterator[None]:
    """Name arguments of `network.load` in its errors as the options that were typed."""
    try:
        yield
    except ModelFileError as error:
        words = str(error)
        for argument, option in _OPTIONS:
            words = words.replace(argument, option)
        raise ModelFileError(words) from error


def shapes_of(given: Sequence[str] | None) -> tuple[int, ...] | dict[str, tuple[int, ...]] | None:
    """Return the shapes that ``--shape`` says."""
    if not given:
        return None
    named = [text.rpartition("=") for text in given]
    if len(named) == 1 and not named[0][1]:
        return _numbers(given[0])
    if not all(separator for _, separator, _ in named):
        raise _about("--shape", given, "input=1,3,224,224, once for each input")
    return {name: _numbers(sizes) if sizes else () for name, _, sizes in named}


def sample_shape_of(given: Sequence[str] | None) -> tuple[int, ...] | None:
    """Return the shape of a sample of the one input that images are for."""
    found = shapes_of(given)
    if isinstance(found, dict):
        raise ParameterError.about(
            "--shape",
            got=" ".join(given or ()),
            expected="one shape without a name: images are for one input",
            remedy="for example --shape 3,224,224",
        )
    return found


def constants_of(given: Sequence[str] | None) -> dict[str, np.ndarray] | None:
    """Return the constants that ``--constant`` says."""
    found = {}
    for text in given or ():
        name, separator, value = text.partition("=")
        try:
            numbers = [float(word) for word in value.split(",")]
        except ValueError as error:
            raise _about("--constant", given, "sr=16000") from error
        if not separator:
            raise _about("--constant", given, "sr=16000")
        found[name] = np.array(numbers[0] if len(numbers) == 1 else numbers)
    return found or None


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(word) for word in text.split(","))
    except ValueError as error:
        raise _about("--shape", [text], "3,224,224") from error


def _about(option: str, given: Sequence[str] | None, example: str) -> ParameterError:
    return ParameterError.about(
        option,
        got=", ".join(map(repr, given or ())),
        expected="whole numbers with commas between them"
        if option == "--shape"
        else "a name and numbers",
        remedy=f"for example {option} {example}",
    )
