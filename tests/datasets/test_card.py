"""The card says what the source holds, from every place that knows, and shows no file and no patient."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from qaugbench.datasets.audit import audit
from qaugbench.datasets.card import card, card_facts, card_page
from qaugbench.datasets.manifest import write_prepared
from qaugbench.datasets.phantom.images import render_phantom
from qaugbench.datasets.prepared import open_prepared
from qaugbench.datasets.sources import source
from qaugbench.datasets.splits import choose_split
from qaugbench.definitions import task
from qaugbench.formatting import PHANTOM_BANNER

KNEES = task("kneeoa")
MANIFEST = {
    "name": "knees",
    "licence": "CC <BY> 4.0",
    "conversions": ["16-bit values were | windowed."],
    "phantom": True,
}


@pytest.fixture(scope="module")
def knees(tmp_path_factory):
    """Return (prepared, split, report) of knees with a device, an age and a mirrored copy across the published split."""
    phantom = render_phantom("kneeoa", 70, 2, 48)
    rows = [dict(row) for row in phantom.rows]
    for i, row in enumerate(rows):
        row |= {"manufacturer": "Acme" if i % 3 else "", "age": 40 + i % 2, "sex": "F" if i % 4 else "M"}
        row["split"] = "train" if i < 100 else "test"
    images = list(phantom.images)
    images[120] = images[3][:, ::-1]
    path = tmp_path_factory.mktemp("card") / "knees.zip"
    write_prepared(path, images, rows, MANIFEST)
    prepared = open_prepared(path, KNEES.labels)
    split = choose_split(prepared)
    return prepared, split, audit(prepared, KNEES, split=split)


def test_counts_and_shares_are_those_of_the_labels(knees):
    prepared, split, report = knees
    facts = card_facts(prepared, KNEES, report, split=split)
    for k, row in enumerate(facts.classes):
        assert row.counts["test"] == prepared.labels[split.test, k].sum()
        assert row.prevalence == pytest.approx(prepared.labels[:, k].mean())
    assert facts.units["patients"]["all"] == 70
    assert facts.units["patients"]["test"] == len(set(prepared.table["patient_id"].iloc[split.test]))
    text = card(prepared, KNEES, report, split=split)
    assert f"| **images** | {len(prepared)} | {len(split.train)} | {len(split.val)} | {len(split.test)} | |" in text


def test_devices_people_and_conversions_are_told(knees):
    prepared, split, report = knees
    text = card(prepared, KNEES, report, split=split)
    n = len(prepared)
    empty = len(range(0, n, 3))
    assert f"| Column `manufacturer` | Acme {n - empty}, not given {empty} |" in text
    assert "median 40" in text
    assert "- 16-bit values were | windowed." in text
    assert PHANTOM_BANNER in text
    assert "| Cite | not stated |" in text


def test_a_leak_is_told_and_no_file_or_patient_is_named(knees):
    prepared, split, report = knees
    assert not report.clean
    for text in (card(prepared, KNEES, report, split=split), card_page(prepared, KNEES, report, split=split)):
        assert re.search(r"(?i)not clean", text)
        assert "have a twin in train" in text
        assert not re.search(r"P000\d\d", text)


def test_a_named_source_lends_its_facts(knees):
    prepared, split, report = knees
    text = card(prepared, KNEES, report, split=split, source="chen2018")
    known = source("chen2018")
    assert known.citation in text
    assert "| Licence | CC <BY> 4.0 |" in text  # what the archive itself says comes first


class Page(HTMLParser):
    """Collects tags and whether each is closed."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.links = [], set(), []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.links += [value for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_escaped_and_asks_for_nothing(knees):
    prepared, split, report = knees
    text = card_page(prepared, KNEES, report, split=split)
    page = Page()
    page.feed(text)
    assert page.open == []
    assert page.links == []
    assert "script" not in page.tags
    assert "CC &lt;BY&gt; 4.0" in text
    assert "<code>group_split</code>" in text


def test_without_a_split_counts_are_given_in_all(knees):
    prepared, _, report = knees
    facts = card_facts(prepared, KNEES, report)
    assert facts.parts == ("all",)
    assert facts.images == {"all": len(prepared)}
    assert np.isclose(sum(row.prevalence for row in facts.classes), 1)
