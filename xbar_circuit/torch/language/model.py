"""The transformer: pre-norm blocks over characters, written in torch. Needs the extra ``[train]``.

One million weights in five blocks (Vaswani et al., arXiv:1706.03762, with the normalisation before
each half of a block as in Xiong et al., arXiv:2002.04745): attention of 4 heads with rotary
positions (Su et al., arXiv:2104.09864), then 512 GELU units. The width of 128 fills tiles of 128
rows. All weight matrices are ``torch.nn.Linear``: ``blocks.K.attention.query_key_value``,
``blocks.K.attention.output``, ``blocks.K.expand``, ``blocks.K.contract`` and ``head``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional

__all__ = ["Transformer", "TransformerShape"]

_ROTARY_BASE = 10000.0  # Su et al.: theta_i = 10000**(-2 i / d)


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformerShape:
    """Sizes of a transformer.

    alphabet : different characters.
    width : of the stream between the blocks.
    heads : of the attention; they share the width.
    blocks : how many.
    context : characters that are seen at once.
    """

    alphabet: int
    width: int = 128
    heads: int = 4
    blocks: int = 5
    context: int = 128


class Attention(nn.Module):  # type: ignore[misc]  # torch is not typed here
    """Every character looks at itself and at those before it."""

    def __init__(self, shape: TransformerShape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.query_key_value = nn.Linear(shape.width, 3 * shape.width)
        self.output = nn.Linear(shape.width, shape.width)

    def forward(self, x: Any, turns: Any, past: Any = None) -> Any:
        """Return what is added to the stream, and the keys and values.

        Parameters
        ----------
        x
            The stream (batch, time, width).
        turns
            Cosine and sine of the rotary positions, each (time, size / 2) of a head's size.
        past
            Keys and values of the characters before; None where there are none.

        Returns
        -------
        tuple
            What is added (batch, time, width), and (keys, values), each (batch, heads, all
            characters, size).
        """
        batch, time, width = x.shape
        parts = self.query_key_value(x).reshape(batch, time, 3, self.heads, -1)
        query, key, value = (part.transpose(1, 2) for part in parts.unbind(2))
        query, key = _turned(query, turns), _turned(key, turns)
        if past is not None:
            key = torch.cat((past[0], key), dim=2)
            value = torch.cat((past[1], value), dim=2)
        seen = functional.scaled_dot_product_attention(query, key, value, is_causal=past is None)
        return self.output(seen.transpose(1, 2).reshape(batch, time, width)), (key, value)


class Block(nn.Module):  # type: ignore[misc]  # torch is not typed here
    """Attention, then a layer of its own for each character; each adds to the stream."""

    def __init__(self, shape: TransformerShape) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(shape.width)
        self.attention = Attention(shape)
        self.norm2 = nn.LayerNorm(shape.width)
        self.expand = nn.Linear(shape.width, 4 * shape.width)
        self.contract = nn.Linear(4 * shape.width, shape.width)

    def forward(self, x: Any, turns: Any, past: Any = None) -> Any:
        """Return the stream after the block, and the keys and values.

        Parameters
        ----------
        x, turns, past
            As for `Attention.forward`.

        Returns
        -------
        tuple
            The stream (batch, time, width), and (keys, values) as from `Attention.forward`.
        """
        seen, kept = self.attention(self.norm1(x), turns, past)
        x = x + seen
        return x + self.contract(functional.gelu(self.expand(self.norm2(x)))), kept


class Transformer(nn.Module):  # type: ignore[misc]  # torch is not typed here
    """Logits of the next character, after every character."""

    def __init__(self, shape: TransformerShape) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.alphabet, shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.blocks))
        self.norm = nn.LayerNorm(shape.width)
        self.head = nn.Linear(shape.width, shape.alphabet)
        half = shape.width // shape.heads // 2
        rate = _ROTARY_BASE ** (-torch.arange(half) / half)
        self.register_buffer("rate", rate, persistent=False)

    def forward(self, characters: Any) -> Any:
        """Return the logits of the next character after every character.

        Parameters
        ----------
        characters
            Codes (batch, time), int64.

        Returns
        -------
        torch.Tensor
            Unnormalised log-probabilities (batch, time, alphabet).
        """
        return self.step(characters)[0]

    def step(self, characters: Any, past: Any = None, *, start: int = 0) -> tuple[Any, Any]:
        """Return the logits of some characters, and keys and values for those to come.

        Parameters
        ----------
        characters
            (batch, time); one at a time where something is past.
        past
            Keys and values of each block, as returned for the characters before; the last
            ``context - 1`` are looked at.
        start
            How many characters came before.

        Returns
        -------
        tuple
            Logits (batch, time, alphabet), and for each block its (keys, values), the past ones
            included.
        """
        place = torch.arange(start, start + characters.shape[1])
        turns = torch.outer(place.to(self.rate.dtype), self.rate)
        turns = (turns.cos(), turns.sin())
        x = self.embedding(characters)
        kept = []
        for k, block in enumerate(self.blocks):
            before = None
            if past is not None:
                before = tuple(part[:, :, 1 - self.shape.context :] for part in past[k])
            x, pair = block(x, turns, before)
            kept.append(pair)
        return self.head(self.norm(x)), kept


def _turned(x: Any, turns: Any) -> Any:
    """Return queries or keys (batch, heads, time, size) turned by their places."""
    cos, sin = turns
    first, second = x.chunk(2, dim=-1)
    return torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1)
