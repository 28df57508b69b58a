"""Language: a character-level transformer, the text it is trained on, and how it is trained."""

from xbar_circuit.torch.language.model import Shape, Transformer
from xbar_circuit.torch.language.text import DEBIAN_FILE, Text, read_debian, split

__all__ = ["DEBIAN_FILE", "Shape", "Text", "Transformer", "read_debian", "split"]
