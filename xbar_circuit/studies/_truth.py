"""One of our numbers compared with one from outside."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Truth"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """One comparison of ours with an independent value.

    what, unit : of the number.
    ours, theirs : NaN where it could not be had.
    tolerance : relative, of the agreement; of drawn numbers their sampling.
    source : where theirs comes from.
    command : command that runs this comparison alone.
    missing : why it could not be run, or an empty text.
    """

    what: str
    unit: str
    ours: float
    theirs: float
    tolerance: float
    source: str
    command: str
    missing: str = ""

    @property
    def ratio(self) -> float:
        """Ours over theirs."""
        return self.ours / self.theirs

    @property
    def agrees(self) -> bool | None:
        """Whether the two agree; None where it could not be run."""
        return None if self.missing else abs(self.ratio - 1.0) <= self.tolerance
