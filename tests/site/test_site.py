"""What the site says and links to; hostile text, folders that are no site, what is left of an earlier one."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from qaugbench import errors
from qaugbench.board.claims_page import ClassifierFinding
from qaugbench.board.comparable import Submitted
from qaugbench.board.standings import standings
from qaugbench.board.trust import Trust
from qaugbench.cli import main
from qaugbench.formatting import change
from qaugbench.record import Record
from qaugbench.site import pages
from qaugbench.site.build import MARK, site_files, write_site
from qaugbench.site.charts import learning_chart
from qaugbench.site.gates import two_qubit_gates
from qaugbench.site.pages import entry_file
from qaugbench.site.studies import ShownStudy, of_entry
from tests.board.factory import ARMS, write_run
from tests.project.documents import ROOT
from tests.site.conftest import gates

SCRIPT = "<script>alert('x')</script>"
Call = Callable[..., tuple[int, str, str]]


class Links(HTMLParser):
    """Collects the addresses that a page links to or loads, and the ids in it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("href", "src", "srcset") and value]
        self.ids += [value for name, value in attrs if name == "id" and value]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["qaugbench", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return call


def test_every_link_leads_to_a_file_of_the_site(made_site: Path) -> None:
    found = {page: Links(page.read_text(encoding="utf-8")) for page in made_site.resolve().rglob("*.html")}
    assert len(found) == 11
    for page, links in found.items():
        assert len(links.ids) == len(set(links.ids))
        for address in links.addresses:
            file, _, anchor = address.partition("#")
            if file.startswith(("data:", "https://")):
                continue
            target = (page.parent / file).resolve() if file else page
            assert target.is_file(), (page, address)
            assert not anchor or anchor in found[target].ids, (page, address)


def test_the_board_shows_what_was_computed_best_first(made_site: Path, made_entries: list[Submitted]) -> None:
    found = standings(made_entries)
    (sections,) = found.sections
    (page,) = (made_site / "boards").glob("*.html")
    text = " ".join(page.read_text(encoding="utf-8").split())
    for section in sections:
        contrasts = [row.difference for row in section.rows if row.difference is not None]
        cells = [change(one.estimate, one.ci_low, one.ci_high) for one in contrasts]
        order = sorted(contrasts, key=lambda one: -one.estimate)
        places = [text.index(f">{change(one.estimate, one.ci_low, one.ci_high)}<") for one in order]
        assert len(cells) == 4
        assert places == sorted(places)
        assert section.ranking.separable is not None
    assert "cannot be told apart at this fraction" in text
    assert "Both rows are tied" in text or "rows are tied" in text or "ahead of all others" in text


def test_the_rows_are_also_a_table_in_full_precision(made_site: Path, made_entries: list[Submitted]) -> None:
    rows = list(csv.DictReader((made_site / "all-rows.csv").read_text(encoding="utf-8").splitlines()))
    (sections,) = standings(made_entries).sections
    stated = [row.difference.estimate for one in sections for row in one.rows if row.difference is not None]
    assert sorted(float(row["difference"]) for row in rows if not row["control_of"]) == sorted(stated)
    assert {row["method"] for row in rows if row["control_of"] == "qldm"} == {"qldm:twin"}


def test_costs_and_scores_are_drawn_with_their_numbers_behind(made_site: Path) -> None:
    charts = sorted(path.name.rpartition("-")[2] for path in (made_site / "boards").glob("*.svg"))
    assert charts == ["gates.svg", "gates.svg", "parameters.svg", "parameters.svg"]
    (page,) = (made_site / "boards").glob("*.html")
    text = page.read_text(encoding="utf-8")
    assert text.count('<figure class="chart">') == len(charts)
    assert text.count("<figure") == text.count("<details>") == len(charts) + 3  # and the sweeps of a study of noise
    for chart in (made_site / "boards").glob("*.svg"):
        assert f'src="{chart.name}"' in text
        assert "prefers-color-scheme: dark" in chart.read_text(encoding="utf-8")


def test_scores_are_drawn_against_the_number_of_real_images(made_entries: list[Submitted]) -> None:
    (board,) = standings(made_entries).boards
    assert learning_chart(board) is None
    record = board.record
    sizes = [one.model_copy(update={"n_real": 40 * number}) for number, one in enumerate(record.fractions, start=1)]
    entry = replace(board.entries[0], record=record.model_copy(update={"fractions": sizes}))
    chart = learning_chart(replace(board, entries=(entry,)))
    assert chart is not None
    assert [(row[0], row[1]) for row in chart.rows][:2] == [("R*", "40"), ("R*", "80")]
    assert {row[0] for row in chart.rows} == {"R*", "ddpm", "qldm"}


def test_a_study_of_noise_is_shown_on_its_board_on_entries_of_its_generator_and_alone(
    made_site: Path, made_entries: list[Submitted], kept_studies: list[ShownStudy]
) -> None:
    (study,) = kept_studies
    said = "No advantage over the clean twin in probe AUROC was shown that noise could take"
    (page,) = (made_site / "noise").glob("*.html")
    (board,) = (made_site / "boards").glob("*.html")
    for file in (page, board, made_site / "noise.html", made_site / "entries" / entry_file(made_entries[0].record)):
        assert said in file.read_text(encoding="utf-8"), file
    text = board.read_text(encoding="utf-8")
    assert [f'src="../noise/{study.slug}-{number}.svg"' in text for number in (1, 2, 3, 4)] == [True, True, True, False]
    assert "twin, equal noise" in text
    alone = page.read_text(encoding="utf-8")
    assert "Fits of the track smoke are short" in alone
    assert "not estimable: no noiseless advantage" in alone
    assert of_entry(kept_studies, with_other_data(made_entries[0].record)) == []


def with_other_data(record: Record) -> Record:
    return record.model_copy(update={"data": record.data.model_copy(update={"manifest_sha256": "f" * 64})})


def test_studies_need_no_board_and_without_any_the_page_says_how_to_make_one(kept_studies: list[ShownStudy]) -> None:
    found = site_files([], standings([]), ROOT / "results", gates, kept_studies)
    assert kept_studies[0].generator in str(found["noise.html"])
    assert "There is no study of noise yet" in str(site_files([], standings([]), ROOT / "results", gates)["noise.html"])


def test_a_row_and_an_entry_say_how_far_they_can_be_believed(made_entries: list[Submitted], made_root: Path) -> None:
    level = Trust("rerun", ("nobody else has computed it again",))
    entries = [replace(one, trust=level, warnings=("two arms are alike",)) for one in made_entries[:1]]
    files = site_files(entries, standings(entries), made_root, gates)
    (board,) = (text for name, text in files.items() if name.startswith("boards/") and name.endswith(".html"))
    (page,) = (text for name, text in files.items() if name.startswith("entries/"))
    assert str(board).count('class="badge rerun"') == 4
    assert 'class="badge rerun"' in str(page)
    assert "Warning: two arms are alike" in str(page)
    assert "nobody else has computed it again" in str(page)


def test_the_first_page_says_how_far_rows_can_be_believed_and_whose_images_are_their_own(
    made_entries: list[Submitted], made_root: Path
) -> None:
    one = made_entries[0]
    board = one.record.board.model_copy(update={"source": "jroe.clinic"})
    data = one.record.data.model_copy(update={"source": "jroe.clinic"})
    own = Submitted(one.path, one.record.model_copy(update={"board": board, "data": data}))
    for entry, n_marks in ((one, 0), (own, 1)):
        files = site_files([entry], standings([entry]), made_root, gates)
        (page,) = (str(text) for name, text in files.items() if name.startswith("boards/") and name.endswith(".html"))
        assert str(files["index.html"]).count('class="badge claimed"') == 4
        for text in (str(files["index.html"]), page):
            assert text.count("s own (jroe): nobody else can compare them or their labels.") == n_marks


def test_a_board_of_one_row_has_no_tile_and_no_button_for_what_it_lacks(tmp_path: Path) -> None:
    record = write_run(tmp_path / "alone", arms=("R", "R+", "R+cm", "R+os", "ddpm"), phantom=False)
    entries = [Submitted(tmp_path / "alone", record)]
    files = site_files(entries, standings(entries), tmp_path, gates)
    (page,) = (str(text) for name, text in files.items() if name.startswith("boards/") and name.endswith(".html"))
    assert "Smallest separable difference" not in page
    assert "Show all controls" not in page
    assert "One row: there is nothing to rank." in page


def test_claims_and_checks_lead_to_their_entries(made_site: Path, tmp_path: Path) -> None:
    claims = (made_site / "claims.html").read_text(encoding="utf-8")
    for name in ("one", "two", "drawn"):
        assert re.search(rf'\(<a href="entries/{name}-[0-9a-f]{{6}}\.html"><code>{name}</code></a>', claims)
    record = write_run(tmp_path / "checked", id="checked", arms=(*ARMS, "P-noise"), phantom=False)
    entries = [Submitted(tmp_path / "checked", record)]
    files = site_files(entries, standings(entries), tmp_path, gates)
    (page,) = (str(text) for name, text in files.items() if name.startswith("boards/") and name.endswith(".html"))
    assert re.search(r'<a href="\.\./entries/checked-[0-9a-f]{6}\.html"><code>checked</code></a>', page)


def test_an_entry_says_what_was_found_and_how_to_check_it(made_site: Path, made_entries: list[Submitted]) -> None:
    for one in made_entries:
        record = one.record
        text = (made_site / "entries" / pages.entry_file(record)).read_text(encoding="utf-8")
        assert f"qaugbench verify results/{one.path.name}" in text
        assert record.predictions_sha256 in text
        assert "@software{qaugbench" in text
        assert ("On no board" in text) == record.data.phantom
        assert ('class="sheet"' in text) == (one.path / "samples.png").exists() == record.data.phantom


def test_equal_entries_give_equal_files(
    made_site: Path, made_entries: list[Submitted], made_root: Path, kept_studies: list[ShownStudy]
) -> None:
    files = site_files(made_entries, standings(made_entries), made_root, gates, kept_studies)
    assert {path.relative_to(made_site).as_posix() for path in made_site.rglob("*") if path.is_file()} == set(files)
    for name, content in files.items():
        written = (made_site / name).read_bytes()
        assert written == (content if isinstance(content, bytes) else content.encode()), name


def _with_text(record: Record, text: str) -> Record:
    """Return the record with ``text`` wherever it may have words of its own."""
    arms = [arm.model_copy(update={"fidelity": text}) if arm.fidelity else arm for arm in record.arms]
    data = record.data.model_copy(
        update={"description": text, "licence": text, "citation": text, "notes": [text], "split_how": text}
    )
    made = {"processor": text, "platform": text, "commit": text, "packages": {text: text}}
    changes: dict[str, Any] = {
        "title": text,
        "question": text,
        "arms": arms,
        "data": data,
        "environment": record.environment.model_copy(update=made),
        "generators": [one.model_copy(update={"citation": text, "deviations": [text]}) for one in record.generators],
        "labels": record.labels.model_copy(update={"titles": [text] * len(record.labels.titles)}),
        "command": text,
    }
    return record.model_copy(update=changes)


@pytest.mark.parametrize("text", [SCRIPT, "'\"><img src=x onerror=alert(1)>", "javascript:alert(1)", "{{ 7 * 7 }}"])
def test_hostile_text_stays_text(text: str, made_entries: list[Submitted], made_root: Path) -> None:
    entries = [Submitted(one.path, _with_text(one.record, text)) for one in made_entries[:1]]
    files = site_files(entries, standings(entries), made_root, gates)
    shown = [content for name, content in files.items() if name.endswith(".html") and isinstance(content, str)]
    assert any("alert(1)" in page or "alert(&#39;x&#39;)" in page or "{{ 7 * 7 }}" in page for page in shown)
    for page in shown:
        found = Links(page)
        assert found.tags.count("script") == 1
        assert not re.search(r"<[^>]*\son\w+=", page)
        assert not [address for address in found.addresses if address.lower().startswith("javascript:")]
        assert ">49<" not in page


def test_a_folder_with_other_files_is_refused_and_left_alone(tmp_path: Path, run: Call) -> None:
    (tmp_path / "thesis.tex").write_text("mine", encoding="utf-8")
    code, out, error = run("leaderboard", "site", str(ROOT / "results"), "--out", str(tmp_path))
    assert (code, out) == (2, "")
    assert "holds files that are no site of qaugbench's" in error
    assert error.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_what_no_longer_belongs_to_a_site_is_removed(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    (tmp_path / "site" / "entries").mkdir(parents=True)
    (tmp_path / "site" / MARK).write_text("", encoding="utf-8")
    (tmp_path / "site" / "entries" / "withdrawn.html").write_text("", encoding="utf-8")
    (tmp_path / "site" / "CNAME").write_text("a.example", encoding="utf-8")
    write_site(tmp_path / "none", tmp_path / "site", gates=gates)
    assert not (tmp_path / "site" / "entries" / "withdrawn.html").exists()
    assert (tmp_path / "site" / "CNAME").exists()
    assert "There is no entry on real data yet." in (tmp_path / "site" / "index.html").read_text(encoding="utf-8")


def test_a_missing_folder_of_entries_is_one_line(tmp_path: Path, run: Call) -> None:
    code, _, error = run("leaderboard", "site", str(tmp_path / "none"), "--out", str(tmp_path / "site"))
    assert code == 2
    assert error.startswith("error: There is no folder")
    assert not (tmp_path / "site").exists()


def test_gates_are_not_known_of_what_has_none_and_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "find_spec", lambda name: None)
    assert two_qubit_gates.__wrapped__("qldm", "lite", "brainmri") is None
    assert two_qubit_gates("ddpm", "lite", "brainmri") is None
    assert two_qubit_gates("somebody-elses", "lite", "brainmri") is None


def test_a_comparison_of_classifiers_is_a_finding_without_an_entry(
    made_root: Path, made_entries: list[Submitted]
) -> None:
    said = {"score": "macro-AUROC .9", "learned": "", "uncertainty": "", "parameters": "9 parameters"}
    facts = {"board": "brainmri@2/made/lite/qumi", "fraction": "10%", "replicates": 3, "folds": 1, "differences": ()}
    finding = ClassifierFinding("qumi", ("linear",), "classifiers-a", **facts, **said)
    found = site_files(made_entries, standings(made_entries), made_root, gates, compared=[finding])
    claims = str(found["claims.html"])
    assert "3 replicates (<code>classifiers-a</code>)" in claims
    assert "macro-AUROC .9; 9 parameters." in claims
