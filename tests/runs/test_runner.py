"""The runner: the same numbers by whoever does the work, and nothing lost or done twice."""

import concurrent.futures
import json
import os
import resource
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import xbar_circuit as xc
from xbar_circuit import resources
from xbar_circuit.runs import identity
from xbar_circuit.runs.items import Item, generator
from xbar_circuit.runs.runner import Kept, run_items


def items_of(count, **more):
    return [Item(name=f"scale={k}", arguments={"scale": float(k), **more}) for k in range(count)]


def flat(outcomes):
    return [(o.value["mean"], o.value["product"].tobytes(), o.value["bound"]) for o in outcomes]


def lines(path):
    return sorted(path.read_text().split()) if path.exists() else []


def test_one_process_two_processes_and_dask_give_the_same_bits(jobs):
    distributed = pytest.importorskip("distributed")
    items = items_of(6)
    one = run_items(jobs.draw, items, seed=7, workers=1)
    two = run_items(jobs.draw, items, seed=7, workers=2)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", processes=True
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        dask = run_items(jobs.draw, items, seed=7, executor=client.get_executor())
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        threads = run_items(jobs.draw, items, seed=7, executor=pool)
    assert flat(one) == flat(two) == flat(dask) == flat(threads)
    assert len({value for value, _, _ in flat(one)[1:]}) == 5
    assert flat(run_items(jobs.draw, items, seed=8, workers=1)) != flat(one)


def test_numbers_hang_on_the_name_and_not_on_the_place(jobs):
    items = items_of(5)
    forward = run_items(jobs.draw, items, workers=1)
    backward = run_items(jobs.draw, items[::-1][:3], workers=1)
    assert flat(forward)[2:] == flat(backward)[::-1]


def test_a_stream_of_random_numbers_can_be_shared(jobs):
    first, second = (
        Item(name=name, stream="common", arguments={"scale": scale})
        for name, scale in (("a", 1.0), ("b", 3.0))
    )
    a, b = run_items(jobs.draw, [first, second], workers=1)
    assert b.value["mean"] == 3.0 * a.value["mean"]


def test_the_stream_is_a_seed_sequence_of_the_name():
    words = [0xCA978112, 0xCA1BBDCA, 0xFAC231B3, 0x9A23DC4D, 0xA786EFF8, 0x147C4E72, 0xB9807785]
    words.append(0xAFEE48BB)  # SHA-256 of "a", FIPS 180-4
    sequence = np.random.SeedSequence(3, spawn_key=words)
    assert generator(3, "a").normal() == np.random.default_rng(sequence).normal()


def test_an_interrupted_run_resumes_with_nothing_lost_or_done_twice(jobs, tmp_path):
    log = tmp_path / "log"
    items = items_of(6, log=str(log))
    seen = []

    def interrupt(outcome):
        seen.append(outcome.item.name)
        if len(seen) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_items(jobs.draw, items, workers=1, folder=tmp_path / "kept", progress=interrupt)
    assert len(lines(log)) == 3
    outcomes = run_items(jobs.draw, items, workers=1, folder=tmp_path / "kept")
    assert lines(log) == sorted(repr(float(k)) for k in range(6))
    assert [o.restored for o in outcomes] == [True] * 3 + [False] * 3
    assert flat(outcomes) == flat(run_items(jobs.draw, items, workers=1))
    assert all(o.restored for o in run_items(jobs.draw, items, folder=tmp_path / "kept"))


def test_more_items_find_the_finished_ones_in_any_order(jobs, tmp_path):
    run_items(jobs.draw, items_of(3), workers=1, folder=tmp_path)
    outcomes = run_items(jobs.draw, items_of(5)[::-1], workers=1, folder=tmp_path)
    assert [o.restored for o in outcomes] == [False, False, True, True, True]
    other = run_items(jobs.draw, items_of(3), workers=1, folder=tmp_path, seed=1)
    assert not any(o.restored for o in other)


def test_a_killed_worker_costs_only_the_call_that_kills_it(jobs, tmp_path):
    items = [
        Item(name="guilty", arguments={"when": "always", "marker": str(tmp_path / "a")}),
        Item(name="unlucky", arguments={"when": "once", "marker": str(tmp_path / "b")}),
        *(Item(name=f"good {k}", arguments={"when": "never"}) for k in range(2)),
    ]
    outcomes = run_items(jobs.die, items, workers=2, folder=tmp_path / "kept")
    assert [o.item.name for o in outcomes] == [item.name for item in items]
    assert [o.failed for o in outcomes] == [True] + [False] * 3
    assert outcomes[0].failure.kind == "WorkerDied"
    assert outcomes[1].value == generator(0, "unlucky").normal()
    with pytest.raises(xc.XbarError, match="guilty: got WorkerDied"):
        outcomes[0].unwrap()
    assert len(list((tmp_path / "kept").glob("*.json"))) == 4


SCRIPT = """
import sys
from pathlib import Path
from runner_jobs import slowly
from xbar_circuit.runs.items import Item
from xbar_circuit.runs.runner import run_items

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    more = {"log": str(folder / "log"), "seconds": 0.15}
    items = [Item(name=f"scale={k}", arguments={"scale": float(k), **more}) for k in range(12)]
    run_items(slowly, items, workers=int(sys.argv[2]), folder=folder / "kept")
"""


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_killed_leaves_no_process_and_resumes(jobs, tmp_path, sign):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    words = [sys.executable, str(script), str(tmp_path), "2"]
    kept = tmp_path / "kept"
    run = subprocess.Popen(words, stderr=subprocess.PIPE, start_new_session=True)
    while len(list(kept.glob("[!.]*.json"))) < 3 and run.poll() is None:
        time.sleep(0.02)
    run.send_signal(sign)
    complaint = run.communicate()[1].decode()
    assert run.returncode != 0, complaint
    give_up = time.monotonic() + 20
    while any_alive(run.pid):
        assert time.monotonic() < give_up, "a worker outlives the run"
        time.sleep(0.05)
    finished = {json.loads(path.read_text())["name"] for path in kept.glob("[!.]*.json")}
    assert 3 <= len(finished) < 12
    before = lines(tmp_path / "log")
    (tmp_path / "log").write_text("")
    subprocess.run([*words[:-1], "1"], check=True)
    again = {f"scale={float(line):g}" for line in lines(tmp_path / "log")}
    assert again == {f"scale={k}" for k in range(12)} - finished
    assert len(before) <= len(finished) + 4  # at most what was under way is done anew
    assert len(list(kept.glob("[!.]*.json"))) == 12


def any_alive(session):
    try:
        os.killpg(session, 0)
    except ProcessLookupError:
        return False
    return True


def test_failures_are_kept_listed_and_tried_again(jobs, tmp_path):
    items = [Item(name=f"value={v}", arguments={"value": v}) for v in (4.0, -1.0, 9.0)]
    outcomes = run_items(jobs.refuse_negative, items, workers=1, folder=tmp_path)
    assert [o.value for o in outcomes] == [2.0, None, 3.0]
    assert outcomes[1].failure.kind == "ValueError"
    assert outcomes[1].failure.message == "negative: -1.0"
    assert "refuse_negative" in outcomes[1].failure.trace
    (failed,) = tmp_path.glob("*.failed.json")
    assert json.loads(failed.read_text())["name"] == "value=-1.0"
    again = run_items(jobs.refuse_negative, items, workers=1, folder=tmp_path)
    assert [o.restored for o in again] == [True, False, True]
    quiet = run_items(jobs.refuse_negative, items, workers=1, folder=tmp_path, retry_failed=False)
    assert [o.restored for o in quiet] == [True] * 3
    assert quiet[1].failure == again[1].failure


def test_a_success_replaces_the_failure(jobs, tmp_path):
    item = Item(name="x", arguments={"marker": str(tmp_path / "marker")})
    (first,) = run_items(jobs.fail_once, [item], workers=1, folder=tmp_path / "kept")
    assert first.failed
    (second,) = run_items(jobs.fail_once, [item], workers=1, folder=tmp_path / "kept")
    assert second.value == 1
    assert [p.name.endswith(".failed.json") for p in (tmp_path / "kept").iterdir()] == [False]


def test_a_result_that_cannot_be_kept_is_a_failure(jobs):
    (outcome,) = run_items(jobs.unkeepable, [Item(name="x")], workers=1)
    assert "value: got object" in outcome.failure.message


def test_a_full_disk_stops_the_run_and_keeps_what_is_there(jobs, tmp_path):
    run_items(jobs.draw, items_of(2), workers=1, folder=tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(xc.XbarError, match="make room and run it again"):
            run_items(jobs.large, [Item(name="x")], workers=1, folder=tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    (outcome,) = run_items(jobs.large, [Item(name="x")], workers=1, folder=tmp_path)
    assert outcome.value.shape == (10_000,)


def test_a_spoilt_file_is_computed_again(jobs, tmp_path):
    run_items(jobs.draw, items_of(1), workers=1, folder=tmp_path)
    (path,) = tmp_path.iterdir()
    whole = path.read_text()
    path.write_text(whole[:100])
    (outcome,) = run_items(jobs.draw, items_of(1), workers=1, folder=tmp_path)
    assert not outcome.restored
    assert json.loads(path.read_text())["value"] == json.loads(whole)["value"]


def test_an_edited_function_is_not_answered_from_old_results(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    source = tmp_path / "edited_study.py"
    source.write_text("def study(*, rng):\n    return 1\n")
    import edited_study

    (first,) = run_items(edited_study.study, [Item(name="x")], workers=1, folder=tmp_path / "k")
    source.write_text("def study(*, rng):\n    return 2\n")
    (second,) = run_items(edited_study.study, [Item(name="x")], workers=1, folder=tmp_path / "k")
    assert not first.restored
    assert not second.restored


def test_a_changed_file_of_the_package_is_not_answered_from_old_results(
    jobs, tmp_path, monkeypatch
):
    """Whatever module, data file or device model it is: a digest of all of them is in the key."""
    package = tmp_path / "package"
    (package / "inner" / "__pycache__").mkdir(parents=True)
    module = package / "inner" / "tiles.py"
    module.write_text("GAIN = 1\n")
    monkeypatch.setattr(identity, "package_folders", lambda: (package,))
    results = []
    for change in (
        lambda: None,
        lambda: (package / "inner" / "__pycache__" / "tiles.pyc").write_text("cached"),
        lambda: module.write_text("GAIN = 2\n"),
        lambda: (package / "model.lib").write_text(".model n nmos\n"),
        lambda: module.rename(package / "inner" / "other.py"),
    ):
        change()
        identity.package_digest.cache_clear()
        (outcome,) = run_items(jobs.draw, items_of(1), workers=1, folder=tmp_path / "kept")
        kept = Kept(folder=tmp_path / "more", function=jobs.draw, arguments={"x": 1})
        results.append((outcome.restored, kept.load("one")))
        kept.keep("one", 1.5)
    identity.package_digest.cache_clear()
    assert results == [(False, None), (True, 1.5), (False, None), (False, None), (False, None)]


def test_the_digest_covers_code_data_models_and_netlists():
    names = {path.name for path in resources.package_folders()}
    assert names >= {"xbar_circuit"}
    files = {p.name for folder in resources.package_folders() for p in folder.rglob("*")}
    assert files >= {"tiles.py", "lenet5_mnist.npz", "cmos45.lib", "divider.cir"}


def test_an_executor_that_breaks_fails_its_items_and_no_others(jobs, tmp_path):
    items = [
        Item(name="guilty", arguments={"when": "always", "marker": str(tmp_path / "a")}),
        Item(name="good", arguments={"when": "never"}),
    ]
    with concurrent.futures.ProcessPoolExecutor(
        1, mp_context=__import__("multiprocessing").get_context("spawn")
    ) as pool:
        guilty, _ = run_items(jobs.die, items, executor=pool, folder=tmp_path / "kept")
    assert guilty.failure.kind == "BrokenProcessPool"
    again = run_items(jobs.die, items[1:], workers=1, folder=tmp_path / "kept")
    assert again[0].value == generator(0, "good").normal()


def test_workers_that_cannot_start_are_said_to(jobs, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.replace('if __name__ == "__main__":', "if True:"))
    words = [sys.executable, str(script), str(tmp_path), "2"]
    run = subprocess.run(words, capture_output=True, text=True, check=False)
    assert run.returncode != 0
    assert "under if __name__ == '__main__':" in run.stderr


@pytest.mark.parametrize(
    ("items", "options", "message"),
    [
        ([], {}, "items: got no items"),
        ([Item(name="a"), Item(name="a")], {}, r"items: got the names \['a'\] more than once"),
        ([Item(name="a", arguments={"x": object()})], {}, "x: got object"),
        ([Item(name="a")], {"workers": 0}, "workers: got 0"),
        ([Item(name="a")], {"seed": -1}, "seed: got -1"),
    ],
)
def test_what_cannot_be_run_is_refused(jobs, items, options, message):
    with pytest.raises(xc.ParameterError, match=message):
        run_items(jobs.draw, items, **{"workers": 1, **options})


def test_functions_that_workers_cannot_import_are_refused():
    with pytest.raises(xc.ParameterError, match=r"function: got .*lambda"):
        run_items(lambda rng: 0, [Item(name="a")], workers=1)


def test_names_and_arguments_of_an_item_are_checked():
    with pytest.raises(xc.ParameterError, match="name"):
        Item(name=" ")
    with pytest.raises(xc.ParameterError, match="an argument called rng"):
        Item(name="a", arguments={"rng": 1})
