"""A trained transformer with its alphabet as one file, and the ones that the package carries.

The file is an npz. A matrix stands there as whole numbers of 8 bits with a scale for each of its
rows (an output of a linear layer, a character of the embedding), everything else in float32. Both
shipped networks lose less than 0.001 bits per character by that; the digital results are those of
the weights in the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from xbar_circuit._files import replacing
from xbar_circuit._loading import read_npz, reading
from xbar_circuit.errors import ParameterError
from xbar_circuit.resources import data_file
from xbar_circuit.torch.language.model import Transformer, TransformerShape

__all__ = ["SHIPPED_LANGUAGES", "Language", "read_language", "save_language", "shipped_language"]

#: Networks in the package, by name.
SHIPPED_LANGUAGES = ("noise_aware", "plain")

_SCALE = "/scale"
_LEVELS = 127


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Language:
    """A transformer and the characters that it knows.

    Parameters
    ----------
    model
        In evaluation mode.
    alphabet
        The character of each code.
    """

    model: Transformer
    alphabet: str

    def encode(self, text: str) -> Any:
        """Return the codes of a text.

        Parameters
        ----------
        text
            Characters of the alphabet.

        Returns
        -------
        torch.Tensor
            (characters,), int64: each character's place in the alphabet.

        Raises
        ------
        ParameterError
            A character that is not in the alphabet.
        """
        place = {character: k for k, character in enumerate(self.alphabet)}
        unknown = sorted(set(text) - set(place))
        if unknown:
            raise ParameterError.about(
                "text",
                got=f"the characters {unknown}",
                expected=f"those of the alphabet {self.alphabet!r}",
                remedy="replace them, or train on a text that has them",
            )
        return torch.tensor([place[character] for character in text], dtype=torch.int64)

    def decode(self, codes: Any) -> str:
        """Return the text of codes.

        Parameters
        ----------
        codes
            Whole numbers (characters,), as `encode` returns them.

        Returns
        -------
        str
            The text.
        """
        return "".join(self.alphabet[int(code)] for code in codes)


def save_language(
    state: Mapping[str, Any], shape: TransformerShape, alphabet: str, path: Path
) -> None:
    """Write a trained state; the file appears whole or not at all."""
    arrays: dict[str, Any] = {"alphabet": np.array(alphabet)}
    arrays |= {f"shape/{name}": np.array(value) for name, value in asdict(shape).items()}
    for name, value in state.items():
        numbers = value.detach().cpu().numpy().astype(np.float32)
        if numbers.ndim == 2:
            scale = np.abs(numbers).max(axis=1, keepdims=True) / _LEVELS
            scale[scale == 0.0] = 1.0
            arrays[name + _SCALE] = scale
            numbers = np.rint(numbers / scale).astype(np.int8)
        arrays[name] = numbers
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)


def read_language(path: Path | str) -> Language:
    """Read what `save_language` wrote.

    Raises
    ------
    ModelFileError
        The file is missing, damaged or of another kind.
    """
    path = Path(path)
    with reading(
        path,
        expected="a language network of save_language",
        remedy="train one with python -m xbar_circuit.torch.language._training",
    ):
        found = read_npz(path)
        alphabet = str(found.pop("alphabet"))
        sizes = {
            name.removeprefix("shape/"): int(found.pop(name))
            for name in list(found)
            if name.startswith("shape/")
        }
        model = Transformer(TransformerShape(**sizes))
        state = {}
        for name, value in found.items():
            numbers = value.astype(np.float32)
            if name + _SCALE in found:
                numbers *= found[name + _SCALE].astype(np.float32)
            if not name.endswith(_SCALE):
                state[name] = torch.from_numpy(numbers)
        model.load_state_dict(state)
        if len(alphabet) != model.shape.alphabet:
            raise ValueError(f"{len(alphabet)} characters for {model.shape.alphabet} outputs")
    return Language(model=model.eval(), alphabet=alphabet)


def shipped_language(name: str = "noise_aware") -> Language:
    """Return a network of the package, trained by `training` on the King James Version.

    Parameters
    ----------
    name
        ``"noise_aware"`` or ``"plain"``.
    """
    if name not in SHIPPED_LANGUAGES:
        raise ParameterError.about(
            "name",
            got=repr(name),
            expected=f"one of {SHIPPED_LANGUAGES}",
            remedy="read others with read_language",
        )
    return read_language(data_file(f"kjv/{name}.npz"))
