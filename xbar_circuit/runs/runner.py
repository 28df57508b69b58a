"""Run many independent pieces of work, and lose none of them.

Every sweep, corner list and Monte Carlo study of the package is a function and a list of items.
The runner makes the calls here, in worker processes, or through any executor of the
``concurrent.futures`` kind (a Dask cluster is ``Client(address).get_executor()``), keeps every
result the moment it arrives, and picks up where an earlier run stopped. The numbers are the same
in all cases: an item's random numbers depend on its name, not on when or where it is computed.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack, closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

from xbar_circuit import _checks as checks
from xbar_circuit._files import held
from xbar_circuit.errors import ParameterError, XbarError
from xbar_circuit.runs._forms import decode
from xbar_circuit.runs._store import Store
from xbar_circuit.runs._workers import Answers, Attempt, Call, here, in_processes, through
from xbar_circuit.runs.identity import (
    canonical,
    digest,
    file_digests,
    function_identity,
    installed,
    package_digest,
)
from xbar_circuit.runs.items import Item, ItemOutcome
from xbar_circuit.version import __version__

__all__ = ["Kept", "run_items"]

T = TypeVar("T")


def run_items(
    function: Callable[..., Any],
    items: Sequence[Item],
    *,
    seed: int = 0,
    executor: Executor | None = None,
    workers: int | None = None,
    folder: Path | None = None,
    progress: Callable[[ItemOutcome], object] | None = None,
    retry_failed: bool = True,
    input_files: Sequence[str] = (),
) -> tuple[ItemOutcome, ...]:
    """Call ``function(rng=..., **item.arguments)`` for every item.

    Parameters
    ----------
    function
        A function at the top level of a module. Returns numbers, text, arrays, and lists or
        string-keyed mappings of them (tuples come back as lists). What it raises is recorded, and
        the run goes on.
    items
        With different names.
    seed
        Seed of the whole run; each item's generator comes from it and the item's stream.
    executor
        Executor to use; it is not shut down. None: local processes.
    workers
        Number of processes; None is one per CPU, 1 is this process itself.
        A script that calls this needs the ``if __name__ == "__main__":`` of every such script.
    folder
        Where finished items are kept, one file each, at once and whole or not at all. Items that
        are found there are not computed again, but damaged ones are, and named on stderr. None
        keeps nothing.
    progress
        Called in this process with every outcome as it comes, found ones first.
    retry_failed
        Whether failures found in the folder are retried.
    input_files
        Arguments that name files to read: an item whose file has changed is computed anew.

    Returns
    -------
    tuple of Outcome
        In the order of the items, failures included.

    Raises
    ------
    ParameterError
        Two items of one name, a function that workers cannot import, arguments that are not data,
        or both an executor and a number of workers.
    XbarError
        A result cannot be written (what was kept before stays), another run is at work in the
        folder, or no worker process can start.
    """
    _check(items, executor, workers)
    seed = checks.count("seed", seed, minimum=0)
    context = {**_context(function), "seed": seed}
    keys = [_key(context, item, input_files) for item in items]
    store = None if folder is None else Store(folder=Path(folder))
    with nullcontext() if store is None else _holding(store.folder):
        outcomes: dict[int, ItemOutcome] = {}

        def finish(k: int, outcome: ItemOutcome) -> None:
            if store is not None and not outcome.restored:
                store.keep(keys[k], outcome, context=context)
            outcomes[k] = outcome
            if progress is not None:
                progress(outcome)

        if store is not None:
            for k, item in enumerate(items):
                found = store.load(keys[k], item)
                if found is not None and not (found.failed and retry_failed):
                    finish(k, found)
        left = [k for k in range(len(items)) if k not in outcomes]
        calls = [
            Call(
                function=function,
                arguments=dict(items[k].arguments),
                seed=seed,
                stream=items[k].random_stream,
            )
            for k in left
        ]
        if calls:
            with closing(_answers(calls, executor, workers)) as answers:
                for position, answer in answers:
                    finish(left[position], _outcome(items[left[position]], answer))
        return tuple(outcomes[k] for k in range(len(items)))


@contextmanager
def _holding(folder: Path) -> Iterator[None]:
    """Hold the folder; a run that shares it would do the same work again."""
    with ExitStack() as stack:
        try:
            stack.enter_context(held(folder))
        except OSError as error:
            raise XbarError(
                f"{folder}: got {error}, expected a folder to keep results in; make room, or give"
                " another folder"
            ) from error
        yield


def _context(function: Callable[..., Any]) -> dict[str, Any]:
    """Return what every result of a function depends on."""
    return {
        "function": function_identity(function),
        "version": __version__,
        "package": package_digest(),
        "installed": installed(),
    }


def _key(context: Mapping[str, Any], item: Item, input_files: Sequence[str]) -> str:
    forms = {name: canonical(value, name) for name, value in item.arguments.items()}
    files = file_digests(item.arguments, input_files)
    return digest([context, item.name, item.random_stream, forms, *([files] if files else [])])


def _answers(calls: list[Call], executor: Executor | None, workers: int | None) -> Answers:
    if executor is not None:
        return through(executor, calls)
    if workers == 1:
        return here(calls)
    return in_processes(min(workers or os.cpu_count() or 1, len(calls)), calls)


def _outcome(item: Item, answer: Attempt) -> ItemOutcome:
    return ItemOutcome(
        item=item,
        value=decode(answer.form),
        failure=answer.failure,
        seconds=answer.seconds,
    )


class Kept:
    """Intermediate results of a long function, saved by name.

    For work whose pieces share what was prepared for all of them, so that they are no items of
    `run_items`. A result is found again where the function's source, its arguments, the name and
    every file of this package are the same.

    Parameters
    ----------
    folder
        Where to; None keeps nothing.
    function
        Whose results they are.
    arguments
        Everything that they depend on besides their name.
    """

    def __init__(
        self, *, folder: Path | None, function: Callable[..., Any], arguments: Mapping[str, Any]
    ) -> None:
        self._store: Store | None = None
        if folder is not None:
            self._store = Store(folder=Path(folder))
            self._context = _context(function)
            self._digest = digest([self._context, canonical(arguments)])

    def load(self, name: str) -> Any:
        """Return what was kept under a name.

        Parameters
        ----------
        name
            As for `keep`.

        Returns
        -------
        object or None
            The value; None where nothing was kept, or the source, the arguments or the package
            differ.
        """
        if self._store is None:
            return None
        found = self._store.load(digest([self._digest, name]), Item(name=name))
        return None if found is None else found.value

    def once(self, name: str, make: Callable[[], T]) -> T:
        """Return what was kept under a name; else make it, keep it and return it.

        Parameters
        ----------
        name
            What it is; unique in this folder, function and arguments.
        make
            Makes it: a dataclass of this package, an array, a number, text, or lists and
            string-keyed mappings of these. In a list or a mapping a tuple comes back as a list.

        Returns
        -------
        object
            The value, kept or new.

        Raises
        ------
        XbarError
            It cannot be written.
        """
        found: T | None = self.load(name)
        if found is None:
            found = make()
            self.keep(name, found)
        return found

    def keep(self, name: str, value: Any) -> None:
        """Write a result, whole or not at all.

        Parameters
        ----------
        name
            What it is; unique in this folder, function and arguments.
        value
            Of a kind that `once` names.

        Raises
        ------
        XbarError
            It cannot be written.
        """
        if self._store is not None:
            outcome = ItemOutcome(item=Item(name=name), value=value)
            self._store.keep(digest([self._digest, name]), outcome, context=self._context)


def _check(items: Sequence[Item], executor: Executor | None, workers: int | None) -> None:
    names = Counter(item.name for item in items)
    twice = sorted(name for name, times in names.items() if times > 1)
    if twice or not names:
        raise ParameterError.about(
            "items",
            got=f"the names {twice} more than once" if twice else "no items",
            expected="at least one item, each with a name of its own",
            remedy="put what distinguishes the items into their names",
        )
    if workers is not None:
        checks.count("workers", workers)
        if executor is not None:
            raise ParameterError.about(
                "workers",
                got=f"{workers} and an executor",
                expected="one or the other",
                remedy="give the number of workers to the executor itself",
            )
