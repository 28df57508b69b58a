"""Chips that have been built, with which every cost is compared. Two operations are one MAC."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PUBLISHED", "PublishedChip"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedChip:
    """Published figures of a chip; None if not published.

    tops : operations per second at full use [10**12/s].
    tops_per_watt, tops_per_mm2 : the same over power and area.
    """

    name: str
    array: str
    source: str
    tops: float | None = None
    tops_per_watt: float | None = None
    tops_per_mm2: float | None = None


#: In the order of their years.
PUBLISHED = (
    PublishedChip(
        name="HERMES core",
        array="256 x 256, 14 nm, PCM",
        source="Khaddam-Aljameh et al., IEEE J. Solid-State Circuits 57, 1027 (2022)",
        tops=1.008,
        tops_per_watt=10.5,
        tops_per_mm2=1.59,
    ),
    PublishedChip(
        name="64-core chip, one phase",
        array="64 x 256 x 256, 14 nm, PCM",
        source="Le Gallo et al., Nat. Electron. 6, 680 (2023)",
        tops=63.1,
        tops_per_watt=9.76,
    ),
    PublishedChip(
        name="64-core chip, four phases",
        array="64 x 256 x 256, 14 nm, PCM",
        source="Le Gallo et al., Nat. Electron. 6, 680 (2023)",
        tops=16.1,
        tops_per_watt=2.48,
    ),
    PublishedChip(
        name="NeuRRAM, 6-bit inputs",
        array="48 x 256 x 256, 130 nm, RRAM",
        source="Wan et al., Nature 608, 504 (2022) [second-hand]",
        tops=0.418,
        tops_per_watt=8.26,
    ),
    PublishedChip(
        name="NeuRRAM, 1-bit inputs",
        array="48 x 256 x 256, 130 nm, RRAM",
        source="Wan et al., Nature 608, 504 (2022) [second-hand]",
        tops=2.122,
        tops_per_watt=43.1,
    ),
    PublishedChip(
        name="34-tile chip",
        array="34 x 512 x 2048, 14 nm, PCM",
        source="Ambrogio et al., Nature 620, 768 (2023)",
        tops_per_watt=12.4,
    ),
)
