"""The page of ``xbar explore``: its server, its controls, and a real browser where there is one."""

import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager

import pytest
from bokeh.document import Document

import xbar_circuit as xc
from closeness import approx
from xbar_circuit.report.explorer import build
from xbar_circuit.studies.array.exploration import ExplorationSetting, explore

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")


def part(document, kind, title=""):
    return next(
        model
        for model in document.models
        if type(model).__name__ == kind and (getattr(model, "title", None) or "").startswith(title)
    )


def shown(text):
    return float(re.search(r"Mean loss <b>(.*?) %", text).group(1))


def test_the_figures_follow_the_controls():
    document = Document()
    build(document)
    numbers = document.get_model_by_name("numbers")
    assert shown(numbers.text) == approx(100 * explore(ExplorationSetting()).mean_loss, abs=0.0051)
    slider = part(document, "Slider", "word-line resistance")
    slider.value = 40.0
    slider.trigger("value_throttled", 2.0, 40.0)
    wanted = explore(ExplorationSetting(row_ohm=40.0))
    assert shown(numbers.text) == approx(100 * wanted.mean_loss, abs=0.0051)
    part(document, "CheckboxGroup").active = [0, 1]
    wanted = explore(ExplorationSetting(row_ohm=40.0, right=True, top=True))
    assert shown(numbers.text) == approx(100 * wanted.mean_loss, abs=0.0051)
    images = [m.data["image"][0] for m in document.models if "image" in getattr(m, "data", {})]
    microampere = 1e6 * wanted.device_current
    assert any(abs(image - microampere).max() < 1e-9 * microampere.max() for image in images)


def test_a_setting_without_an_answer_is_told(monkeypatch):
    document = Document()
    build(document)

    def refuse(setting):
        raise xc.ConvergenceError("no answer")

    monkeypatch.setattr("xbar_circuit.report.explorer.explore", refuse)
    part(document, "Select", "pattern").value = "all on"
    assert document.get_model_by_name("numbers").text == "<b>ConvergenceError</b>: no answer"


@contextmanager
def server():
    words = [sys.executable, "-m", "xbar_circuit", "explore", "--no-browser"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        try:
            yield run, re.search(r"http://\S+", run.stdout.readline()).group()
        finally:
            run.send_signal(signal.SIGINT)
            _, said = run.communicate(timeout=60)
    assert "Traceback" not in said


def test_it_is_served_until_ctrl_c():
    with server() as (run, address):
        with urllib.request.urlopen(address) as answer:
            page = answer.read().decode("utf-8")
        assert "<title>xbar explore</title>" in page
        links = re.findall(r'(?:src|href)="(http[^"]+)"', page)
        assert not [link for link in links if not link.startswith(address)]
    assert run.returncode == 0


@pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="no Chromium with its driver on this machine")
def test_a_browser_moves_a_slider():
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
    ):
        options.add_argument(flag)
    text = "return Bokeh.documents[0].get_model_by_name('numbers').text"
    with server() as (_, address):
        driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
        try:
            driver.get(address)
            ready = "return window.Bokeh?.documents?.[0]?.get_model_by_name('numbers')?.text"
            before = wait(lambda: driver.execute_script(ready))
            driver.execute_script(
                "const all = [...Bokeh.documents[0]._all_models.values()];"
                "const s = all.find(m => m.title && m.title.startsWith?.('bit lines'));"
                "s.value = 128; s.value_throttled = 128;"
            )
            after = wait(lambda: (t := driver.execute_script(text)) != before and t)
        finally:
            driver.quit()
    assert shown(before) == approx(100 * explore(ExplorationSetting()).mean_loss, abs=0.0051)
    assert shown(after) == approx(100 * explore(ExplorationSetting(cols=128)).mean_loss, abs=0.0051)


def wait(look, seconds=60):
    for _ in range(10 * seconds):
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError("the page did not follow")
