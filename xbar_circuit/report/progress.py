"""The progress bar of every verb: one look for all of them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from xbar_circuit._terminal import SafeConsole, shown

__all__ = ["ProgressBar", "progress_bar"]

T = TypeVar("T")

_EVERY_SECOND = 10.0  # between lines of progress where there is no terminal for a bar


class _Lines:
    """Progress as lines on the standard error, for pipes and logs: a step, and when it is done."""

    def __init__(self, console: SafeConsole) -> None:
        self._console = console
        self._steps: dict[TaskID, tuple[str, float, float | None]] = {}
        self._began: dict[TaskID, float] = {}
        self._last: dict[TaskID, float] = {}
        self._told: dict[TaskID, float] = {}

    def add_task(self, description: str, *, total: float | None = None) -> TaskID:
        step = TaskID(len(self._steps))
        self._steps[step] = description, 0.0, total
        self._began[step] = self._last[step] = time.monotonic()
        return step

    def advance(self, step: TaskID, done: float) -> None:
        self.update(step, completed=self._steps[step][1] + done)

    def update(
        self,
        step: TaskID,
        *,
        description: str | None = None,
        completed: float | None = None,
        total: float | None = None,
    ) -> None:
        words, before, known = self._steps[step]
        known = known if total is None else total
        done = before if completed is None else completed
        self._steps[step] = description or words, done, known
        now = time.monotonic()
        finished = known is not None and before < known <= done
        if completed is None or not (finished or now - self._last[step] >= _EVERY_SECOND):
            return
        self._tell(step)

    def _tell(self, step: TaskID) -> None:
        now = self._last[step] = time.monotonic()
        words, done, known = self._steps[step]
        self._told[step] = done
        of = "" if known is None else f" of {known:,.0f}"
        self._console.print(
            f"{words}: {done:,.0f}{of}, {now - self._began[step]:.1f} s",
            highlight=False,
            soft_wrap=True,
        )

    def remove_task(self, step: TaskID) -> None:
        self._steps.pop(step)

    def close(self) -> None:
        """Tell how far the steps came that did not say so themselves."""
        for step, (_, done, _) in self._steps.items():
            if done != self._told.get(step, 0.0):
                self._tell(step)


class ProgressBar:
    """Counts of finished work, shown as a bar; made by `progress_bar`."""

    def __init__(self, progress: Progress | _Lines) -> None:
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
            self._lines[stage] = self._progress.add_task(shown(stage), total=total)
        self._progress.advance(self._lines[stage], done)

    def over(self, items: Iterable[T], stage: str, total: int) -> Iterator[T]:
        """Yield each item and count it when its work is done.

        Parameters
        ----------
        items
            What is worked on.
        stage
            Name of the line.
        total
            How many there are; a stage without any has no line.

        Yields
        ------
        object
            The items, in order.
        """
        if total:
            self.expect(stage, total)
        for item in items:
            yield item
            self.add(stage)

    def expect(self, stage: str, total: int | None) -> None:
        """Show a stage before anything of it is done.

        Parameters
        ----------
        stage
            Its name.
        total
            How many pieces it has; None is not known.
        """
        self.add(stage, 0, total)

    def rename(self, stage: str, words: str) -> None:
        """Show another text in the line of a stage.

        Parameters
        ----------
        stage
            Its name, as for `add`.
        words
            What is shown from now on.
        """
        self._progress.update(self._lines[stage], description=shown(words))

    def remove(self, stage: str) -> None:
        """Take the line of a stage away.

        Parameters
        ----------
        stage
            Its name.
        """
        self._progress.remove_task(self._lines.pop(stage))

    def reach(self, words: str, done: float, total: float | None) -> None:
        """Say how far the whole work is, in the one line that all such calls share.

        Parameters
        ----------
        words
            What is done at the moment.
        done, total
            How many pieces are done, and of how many; None is not known.
        """
        if self._only is None:
            self._only = self._progress.add_task(shown(words), total=total)
        self._progress.update(self._only, description=shown(words), completed=done, total=total)


@contextmanager
def progress_bar(*, transient: bool = False, counted: bool = False) -> Iterator[ProgressBar]:
    """Show a bar on the standard error while work goes on; where that is no terminal, lines.

    A line tells that a step is done, or, every ten seconds, how far it is.

    Parameters
    ----------
    transient
        Whether the bar goes when the work is done.
    counted
        Whether pieces are counted ("3/20") and the remaining time is estimated, instead of a
        percentage and the time that has passed.
    """
    console = SafeConsole(stderr=True)
    if not console.is_terminal:
        lines = _Lines(console)
        try:
            yield ProgressBar(lines)
        finally:
            lines.close()
        return
    columns = (
        (MofNCompleteColumn(), TimeRemainingColumn())
        if counted
        else (TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn())
    )
    with Progress(
        TextColumn("{task.description:<24}", markup=False),
        BarColumn(),
        *columns,
        console=console,
        transient=transient,
    ) as progress:
        yield ProgressBar(progress)
