"""The page in a real browser: no sideways scrolling on a telephone, dark mode, headings, landmarks, names, contrast, keyboard."""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from qaugbench.board.reader import record_of
from qaugbench.report.curves import CurveFile
from qaugbench.report.html import render, write_report
from tests.board.factory import write_run
from tests.cli.committed import committed_entry
from tests.report.browser import CHROMIUM, DESKTOP, PHONE, Tab, browser

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")

AXE = Path(__file__).parent / "axe" / "axe.min.js"
WIDER_THAN_SCREEN = (
    "[...document.querySelectorAll('main *, header *, footer *')]"
    ".filter(one => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest('pre, .scroll, details:not([open])'))"
    ".map(one => one.outerHTML.slice(0, 120))"
)
SCROLLED_SIDEWAYS = (
    "[...document.querySelectorAll('.scroll')].filter(one => one.checkVisibility() && one.scrollWidth > one.clientWidth + 1)"
    ".map(one => one.getAttribute('aria-label'))"
)
SERIOUS = (
    "axe.run(document).then(found => found.violations.filter(one => ['serious', 'critical', 'moderate'].includes(one.impact))"
    ".map(one => `${one.id}: ${one.nodes[0].html.slice(0, 120)}`))"
)


@pytest.fixture(scope="module")
def tab() -> Iterator[Tab]:
    with browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a made-up run with checks, a failed cell, pictures and curves."""
    folder = tmp_path_factory.mktemp("made")
    arms = ("R", "R+", "R+cm", "ddpm", "qldm", "qldm:twin", "qldm:no-entanglement", "P-noise")
    write_run(folder, "multilabel", arms=arms, replicates=4, failed=(("qldm", 1),))
    return write_report(folder)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of an entry in ``results``."""
    entry = committed_entry()
    target = tmp_path_factory.mktemp("published") / "report.html"
    target.write_text(render(record_of(entry), CurveFile(), entry / "samples.npz"), encoding="utf-8")
    return target


def _page(request: pytest.FixtureRequest, name: str) -> Path:
    found: Path = request.getfixturevalue(name)
    return found


@pytest.mark.parametrize("name", ["made", "published"])
def test_nothing_is_wider_than_a_telephone(name: str, tab: Tab, request: pytest.FixtureRequest) -> None:
    tab.open(_page(request, name), PHONE)
    tab.value("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert tab.value("document.documentElement.scrollWidth") == PHONE[0]
    assert tab.value(WIDER_THAN_SCREEN) == []
    assert tab.value(SCROLLED_SIDEWAYS) == []


def test_a_telephone_gets_the_narrow_figures_and_a_desk_the_wide_ones(tab: Tab, published: Path) -> None:
    widths = []
    for size in (PHONE, DESKTOP):
        tab.open(published, size)
        widths.append(tab.value("document.querySelector('figure img').naturalWidth"))
        assert tab.value("[...document.images].every(one => one.complete && one.naturalWidth > 0)")
    assert widths[0] <= PHONE[0] < widths[1]


def test_the_answers_and_the_start_of_their_picture_fill_the_first_screen(tab: Tab, published: Path) -> None:
    tab.open(published, DESKTOP)
    bottom = "document.querySelector('.answer figure img').getBoundingClientRect().bottom"
    assert tab.value(bottom) <= DESKTOP[1]


@pytest.mark.parametrize(("size", "dark"), [(DESKTOP, False), (PHONE, True)])
def test_axe_has_nothing_serious_to_say(size: tuple[int, int], dark: bool, tab: Tab, made: Path) -> None:
    tab.open(made, size, dark=dark)
    tab.value(AXE.read_text(encoding="utf-8") + "; 0")
    assert tab.value(SERIOUS) == []


def _brightness(tab: Tab, selector: str) -> float:
    """Return the median brightness, 0 to 255, of what a selector's first element covers on the screen."""
    tab.value(f"document.querySelector({selector!r}).scrollIntoView({{block: 'center'}})")
    x, y, width, height = tab.value(
        f"(box => [box.x, box.y, box.width, box.height])(document.querySelector({selector!r}).getBoundingClientRect())"
    )
    image = Image.open(io.BytesIO(tab.picture(whole=False))).convert("L")
    return float(np.median(np.asarray(image.crop((int(x), int(y), int(x + width), int(y + height))))))


def test_page_and_plots_are_dark_where_a_reader_wants_it_dark(tab: Tab, published: Path) -> None:
    for dark in (False, True):
        tab.open(published, dark=dark)
        for selector in ("figure img", "section table"):
            assert (_brightness(tab, selector) < 60) == dark
            assert (_brightness(tab, selector) > 225) != dark


def test_in_print_a_dark_page_is_light(tab: Tab, published: Path) -> None:
    tab.open(published, media="print")
    assert _brightness(tab, "figure img") > 225


def test_a_screen_reader_is_told_landmarks_headings_headers_and_pictures(tab: Tab, made: Path) -> None:
    tab.open(made, PHONE)
    told = tab.names()
    roles = [role for role, _ in told]
    for landmark in ("banner", "main", "navigation", "contentinfo"):
        assert roles.count(landmark) == 1
    headings = [name for role, name in told if role == "heading"]
    assert headings[1].startswith("The answer at 10 %")
    assert headings[2:4] == ["Does it help?", "Is it the quantum part?"]
    for needed in ("table", "columnheader", "rowheader", "cell"):
        assert needed in roles
    pictures = [name for role, name in told if role == "image"]
    assert len(pictures) > 4
    assert all(len(name) > 20 for name in pictures)
    assert ("rowheader", "qldm:twin") in told


def test_headings_go_down_one_level_at_a_time(tab: Tab, made: Path) -> None:
    tab.open(made)
    levels = tab.value("[...document.querySelectorAll('h1, h2, h3, h4')].map(one => Number(one.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_the_keyboard_reaches_contents_first_and_what_it_reaches_is_outlined(tab: Tab, made: Path) -> None:
    tab.open(made)
    tab.press("Tab")
    assert tab.value("document.activeElement.getAttribute('href')") == "#results"
    assert tab.value("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    unreachable = "[...document.querySelectorAll('.scroll, pre, a, summary')].filter(one => one.tabIndex < 0).length"
    assert tab.value(unreachable) == 0


def test_sample_sheets_open_with_the_keyboard(tab: Tab, made: Path) -> None:
    tab.open(made)
    tab.value("document.querySelector('#pictures ~ details summary').focus()")
    tab.press("Enter")
    assert tab.value("document.querySelector('#pictures ~ details').open")
