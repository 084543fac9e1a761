"""Citations: one BibTeX entry a thing used, taken apart where it can be and whole where not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import qaugbench
from qaugbench.board.cite import BENCHMARK_AUTHORS, BENCHMARK_TITLE, _data, _data_facts, bibtex, cite, references
from qaugbench.cli import main
from qaugbench.datasets.sources import sources
from qaugbench.record import Record, read_record
from tests.board.factory import write_run


@pytest.fixture
def real_record(tmp_path: Path) -> Record:
    return write_run(tmp_path / "real", replicates=2, phantom=False)


def test_benchmark_data_and_each_generator_once(real_record: Record) -> None:
    keys = re.findall(r"^@\w+\{(.+),$", bibtex(real_record), flags=re.MULTILINE)
    assert keys == ["qaugbench", real_record.id, "data-nickparvar", "ddpm", "qldm"]


def test_phantom_data_are_not_cited(made_run: Path) -> None:
    record = read_record(made_run)
    assert [reference.key for reference in references(record)] == ["qaugbench", record.id, "ddpm", "qldm"]


def test_citation_is_taken_apart(entry: Path) -> None:
    found = cite([entry]).split("@misc{qldm,")[1]
    assert "author = {A. Author and B. Other}" in found
    assert "title = {{A paper on qldm}}" in found
    assert "year = {2024}" in found
    assert "eprint = {2400.00000}" in found


def test_citation_of_another_form_is_kept_whole_and_escaped(real_record: Record) -> None:
    data = real_record.data.model_copy(update={"citation": "Images & labels_v2, 2019"})
    found = bibtex(real_record.model_copy(update={"data": data}))
    assert r"note = {Images \& labels\_v2, 2019}" in found


TWO_PAPERS = (
    "Nickparvar M., Brain Tumor MRI Dataset, Kaggle (2021), doi:10.34740/KAGGLE/DSV/2645886; Yang J. et al., MedMNIST v2, "
    "Scientific Data 10, 41 (2023), doi:10.1038/s41597-022-01721-8; Zenodo, doi:10.5281/zenodo.1"
)


def test_each_paper_of_a_data_set_has_an_entry_with_author_title_and_year(real_record: Record) -> None:
    data = real_record.data.model_copy(update={"citation": TWO_PAPERS})
    found = bibtex(real_record.model_copy(update={"data": data}))
    first, second = (text.partition("@")[0] for text in found.split("@misc{data-nickparvar")[1:])
    assert "author = {Nickparvar, M.},\n  title = {{Brain Tumor MRI Dataset}},\n  year = {2021}" in first
    assert "howpublished = {Kaggle},\n  doi = {10.34740/KAGGLE/DSV/2645886}" in first
    assert "author = {Yang, J. and others},\n  title = {{MedMNIST v2}},\n  year = {2023}" in second
    assert "howpublished = {Scientific Data 10, 41},\n  doi = {10.1038/s41597-022-01721-8}" in second
    assert "note = {Zenodo, doi:10.5281/zenodo.1}" in second


def test_what_somebody_wrote_of_the_data_sets_of_the_package_has_author_title_and_year() -> None:
    found = [one.text for source in sources().values() for one in _data(source.id, source.citation or "")]
    whole = [text for text in found if _data_facts(text) is None]
    assert len(found) > 15
    assert len(whole) < 4
    assert not any(" et al., " in text for text in whole)


def test_a_plug_in_is_cited_with_its_package_and_version(real_record: Record) -> None:
    own, *others = real_record.generators
    plugged = [own.model_copy(update={"package": "qaugbench-energy 0.1.0"}), *others]
    found = bibtex(real_record.model_copy(update={"generators": plugged})).split(f"@software{{{own.id}-code,")[1]
    assert "title = {{qaugbench-energy}},\n  version = {0.1.0}" in found


def test_a_generator_is_cited_by_its_name(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["qaugbench", "cite", "qlatent-wgan"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 0
    printed = capsys.readouterr().out
    assert printed.startswith("@misc{qlatent-wgan,\n  author = {")
    assert "eprint = {2606.18970}" in printed


def test_braces_balance(real_record: Record) -> None:
    found = bibtex(real_record)
    assert found.count("{") == found.count("}")


def test_the_run_is_cited_with_its_board_version_command_and_date(real_record: Record) -> None:
    command = "qaugbench run --task brainmri --data my_data.zip"
    found = bibtex(real_record.model_copy(update={"command": command})).split("@misc{")[1]
    for words in (
        "task brainmri@1 on nickparvar, track lite",
        "year = {2026}",
        "(2026-01-01)",
        "made with qaugbench 0.1.0",
        real_record.predictions_sha256,
        r"Command: qaugbench run --task brainmri --data my\_data.zip",
    ):
        assert words in found


def test_what_two_results_share_is_cited_once_and_without_any_the_software_alone(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_run(tmp_path / name, replicates=2, id=name)
    found = re.findall(r"^@\w+\{(.+),$", cite([tmp_path / "one", tmp_path / "two"]), flags=re.MULTILINE)
    assert found == ["qaugbench", "one", "ddpm", "qldm", "two"]
    alone = cite([])
    assert alone.startswith("@software{qaugbench,")
    assert f"version = {{{qaugbench.__version__}}}" in alone
    assert re.search(r"year = \{20\d\d\}", alone)


def test_the_software_is_cited_as_the_citation_file_says() -> None:
    stated = (Path(__file__).parents[2] / "CITATION.cff").read_text(encoding="utf-8")
    assert f'title: "{BENCHMARK_TITLE}' in stated
    assert f"- name: {BENCHMARK_AUTHORS}" in stated
