"""Language on the array: a character-level transformer, its text, its training, its measure."""

from xbar_circuit.torch.language.evaluation import bits_per_character, generate, windows
from xbar_circuit.torch.language.model import Transformer, TransformerShape
from xbar_circuit.torch.language.storage import (
    SHIPPED_LANGUAGES,
    Language,
    read_language,
    save_language,
    shipped_language,
)
from xbar_circuit.torch.language.text import (
    Chapters,
    read_debian,
    shipped_text,
    split_chapters,
)

__all__ = [
    "SHIPPED_LANGUAGES",
    "Chapters",
    "Language",
    "Transformer",
    "TransformerShape",
    "bits_per_character",
    "generate",
    "read_debian",
    "read_language",
    "save_language",
    "shipped_language",
    "shipped_text",
    "split_chapters",
    "windows",
]
