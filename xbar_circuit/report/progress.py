"""The progress bar of every verb: one look for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

__all__ = ["ProgressBar", "progress_bar"]


class ProgressBar:
    """What is told to a bar; made by `progress_bar`."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._lines: dict[str, TaskID] = {}
        self._only: TaskID | None = None

    def add(self, stage: str, done: int = 1, total: int | None = None) -> None:
        """Count some more of a stage; each stage has a line of its own.

        Parameters
        ----------
        stage
            Its name.
        done
            How many more.
        total
            How many there are in all; the first call says it. None is not known.
        """
        if stage not in self._lines:
            self._lines[stage] = self._progress.add_task(stage, total=total)
        self._progress.advance(self._lines[stage], done)

    def expect(self, stage: str, total: int | None) -> None:
        """Show a stage before anything of it is done."""
        self.add(stage, 0, total)

    def rename(self, stage: str, words: str) -> None:
        """Show other words in the line of a stage."""
        self._progress.update(self._lines[stage], description=words)

    def remove(self, stage: str) -> None:
        """Take the line of a stage away."""
        self._progress.remove_task(self._lines.pop(stage))

    def reach(self, words: str, done: float, total: float | None) -> None:
        """Say how far the whole work is, in the one line that all such calls share."""
        if self._only is None:
            self._only = self._progress.add_task(words, total=total)
        self._progress.update(self._only, description=words, completed=done, total=total)


@contextmanager
def progress_bar(*, transient: bool = False, counted: bool = False) -> Iterator[ProgressBar]:
    """Show a bar on the standard error while work goes on; a terminal sees it move.

    Parameters
    ----------
    transient
        Whether the bar goes when the work is done.
    counted
        Whether pieces are counted ("3/20") and the time that is left is estimated, in place of a
        percentage and the time that has passed.
    """
    columns = (
        (MofNCompleteColumn(), TimeRemainingColumn())
        if counted
        else (TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn())
    )
    with Progress(
        TextColumn("{task.description:<24}"),
        BarColumn(),
        *columns,
        console=Console(stderr=True),
        transient=transient,
    ) as progress:
        yield ProgressBar(progress)
