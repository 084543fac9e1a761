"""The site in a real browser, opened from its folder: filter, sort, fold, open an entry, keyboard, telephone, axe."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.report.browser import CHROMIUM, DESKTOP, PHONE, Tab, browser
from tests.report.test_browser import AXE, SCROLLED_SIDEWAYS, SERIOUS, WIDER_THAN_SCREEN

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")

KINDS = (
    "index.html",
    "boards/*.html",
    "entries/*.html",
    "claims.html",
    "noise.html",
    "noise/*.html",
    "data/*.html",
    "method.html",
)
SHOWN = (
    "[...document.querySelectorAll('tbody[data-item]')].filter(one => !one.hidden)"
    ".map(one => one.rows[0].cells[1].dataset.value)"
)
FIRST_COLUMN = (
    "[...document.querySelectorAll('table.rows')[0].tBodies].map(one => one.rows[0].cells[COLUMN].dataset.value)"
)


@pytest.fixture(scope="module")
def tab() -> Iterator[Tab]:
    with browser() as opened:
        opened.watch()
        yield opened


def _page(site: Path, pattern: str) -> Path:
    return sorted(site.glob(pattern))[0]


def _choose(tab: Tab, name: str, value: str) -> None:
    tab.value(
        f"(one => {{ one.value = '{value}'; one.dispatchEvent(new Event('change', {{bubbles: true}})) }})"
        f"(document.querySelector('select[name={name}]'))"
    )


def test_rows_are_filtered_by_kind_and_the_number_of_them_is_told(made_site: Path, tab: Tab) -> None:
    tab.open(_page(made_site, "boards/*.html"))
    every = tab.value(SHOWN)
    _choose(tab, "kind", "classical")
    assert set(every) == {"ddpm", "qldm"}
    assert set(tab.value(SHOWN)) == {"ddpm"}
    assert tab.value("document.querySelector('.status').textContent") == f"{len(every) // 2} of {len(every)} rows shown"


def test_a_filter_of_the_first_page_goes_along_to_a_board(made_site: Path, tab: Tab) -> None:
    tab.open(made_site / "index.html")
    _choose(tab, "kind", "hybrid")
    assert tab.value("document.querySelectorAll('article[data-item]:not([hidden])').length") == 1
    tab.follow("document.querySelector('article a').click()")
    assert set(tab.value(SHOWN)) == {"qldm"}


def test_the_first_page_is_filtered_by_task_and_track(made_site: Path, tab: Tab) -> None:
    tab.open(made_site / "index.html")
    _choose(tab, "track", "lite")
    tab.value("document.querySelector('article').dataset.track = 'full'")
    _choose(tab, "task", "brainmri@1")
    assert tab.value("document.querySelector('.status').textContent") == "0 of 1 board shown"


def test_a_heading_sorts_both_ways_and_says_so(made_site: Path, tab: Tab) -> None:
    tab.open(_page(made_site, "boards/*.html"))
    heading = "document.querySelectorAll('table.rows')[0].tHead.rows[0].cells[3]"
    found = FIRST_COLUMN.replace("COLUMN", "3")
    down = [float(value) for value in tab.value(found)]
    tab.value(f"{heading}.querySelector('button').click()")
    assert down == sorted(down, reverse=True)
    assert [float(value) for value in tab.value(found)] == sorted(down)
    assert tab.value(f"{heading}.getAttribute('aria-sort')") == "ascending"


def test_controls_are_folded_and_stay_with_their_generator(made_site: Path, tab: Tab) -> None:
    tab.open(_page(made_site, "boards/*.html"))
    visible = "[...document.querySelectorAll('tr.control')].filter(one => one.checkVisibility()).length"
    assert tab.value(visible) == 0
    tab.value("document.querySelector('.fold').click()")
    assert tab.value(visible) == 1
    assert tab.value("document.querySelector('.fold').getAttribute('aria-expanded')") == "true"
    beneath = "document.querySelector('tr.control:not([hidden])').closest('tbody').rows[0].cells[1].dataset.value"
    assert tab.value(beneath) == "qldm"


def test_by_keyboard_alone_a_row_is_unfolded_and_its_entry_opened(made_site: Path, tab: Tab) -> None:
    tab.open(_page(made_site, "boards/*.html"))
    tab.press("Tab")
    assert tab.value("document.activeElement.textContent") == "Skip to the content"
    reached = []
    for _ in range(40):
        tab.press("Tab")
        reached.append(tab.value("document.activeElement.className || document.activeElement.name"))
        assert tab.value("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        if reached[-1] == "fold":
            break
    assert {"kind", "tier", "fold"} <= set(reached)
    tab.press("Enter")
    assert tab.value("document.activeElement.getAttribute('aria-expanded')") == "true"
    tab.follow("document.activeElement.parentElement.querySelector('a').click()")
    assert tab.value("document.querySelector('h1').textContent") in ("one", "two")


@pytest.mark.parametrize("pattern", KINDS)
def test_axe_has_nothing_serious_to_say(pattern: str, made_site: Path, tab: Tab) -> None:
    for size, dark in ((DESKTOP, False), (PHONE, True)):
        tab.open(_page(made_site, pattern), size, dark=dark)
        tab.value("document.querySelectorAll('details').forEach(one => one.open = true)")
        tab.value(AXE.read_text(encoding="utf-8") + "; 0")
        assert tab.value(SERIOUS) == []


@pytest.mark.parametrize("pattern", KINDS)
def test_nothing_is_wider_than_a_telephone(pattern: str, made_site: Path, tab: Tab) -> None:
    tab.open(_page(made_site, pattern), PHONE)
    tab.value("document.querySelectorAll('.fold').forEach(one => one.click())")
    assert tab.value("[innerWidth, document.documentElement.scrollWidth]") == [PHONE[0], PHONE[0]]
    assert tab.value(WIDER_THAN_SCREEN) == []
    assert tab.value(SCROLLED_SIDEWAYS) == []


def test_no_page_complains_or_asks_for_anything_outside_its_folder(made_site: Path, tab: Tab) -> None:
    tab.watch()
    for pattern in KINDS:
        tab.open(_page(made_site, pattern))
        assert tab.value("[...document.images].every(one => one.loading === 'lazy' || one.naturalWidth > 0)")
    inside = (made_site.resolve().as_uri(), "data:")
    assert tab.errors() == []
    assert len(tab.requests()) > len(KINDS)
    assert [one for one in tab.requests() if not one.startswith(inside) and one != "about:blank"] == []


def test_without_the_script_everything_is_shown(made_site: Path, tab: Tab, tmp_path: Path) -> None:
    page = _page(made_site, "boards/*.html").read_text(encoding="utf-8")
    (tmp_path / "page.html").write_text(
        page.replace("../site.js", "").replace("../", f"{made_site.as_uri()}/"), encoding="utf-8"
    )
    tab.open(tmp_path / "page.html")
    assert tab.value("[...document.querySelectorAll('table.rows tr')].every(one => one.checkVisibility())")
    assert tab.value("[...document.querySelectorAll('form')].every(one => one.hidden)")
