"""Where the model files and netlist templates live.

`device_models/` and `netlists/` stand at the top of the source tree, where a designer looks for
them; a wheel carries them inside the package. No other module has to know the difference.
"""

from __future__ import annotations

from pathlib import Path

from xbar_circuit.errors import ModelFileError

__all__ = ["data_file", "device_model", "netlist_file", "package_folders"]

_PACKAGE = Path(__file__).resolve().parent


def device_model(name: str) -> Path:
    """Return the path of a file in ``device_models/``.

    Raises
    ------
    ModelFileError
        There is no such file.
    """
    return _find("device_models", name)


def netlist_file(name: str) -> Path:
    """Return the path of a file in ``netlists/``, such as ``"handwritten/divider.cir"``.

    Raises
    ------
    ModelFileError
        There is no such file.
    """
    return _find("netlists", name)


def data_file(name: str) -> Path:
    """Return the path of a file in the package's own ``data/``.

    Raises
    ------
    ModelFileError
        There is no such file.
    """
    return _find("data", name)


def package_folders() -> tuple[Path, ...]:
    """Return the folders of everything that a result depends on: the package and its run-time data.

    A wheel carries the data inside the package.
    """
    beside = (_PACKAGE.parent / name for name in ("device_models", "netlists"))
    inside = (_PACKAGE / "device_models").is_dir()
    return (_PACKAGE, *(() if inside else tuple(path for path in beside if path.is_dir())))


def _find(folder: str, name: str) -> Path:
    for root in (_PACKAGE / folder, _PACKAGE.parent / folder):
        path = root / name
        if path.is_file():
            return path
    raise ModelFileError(
        f"{folder}/{name}: got no such file with the installed package, expected it in"
        f" {_PACKAGE / folder} (wheel) or {_PACKAGE.parent / folder} (source tree);"
        " reinstall xbar_circuit"
    )
