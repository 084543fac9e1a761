"""The page: self-contained, deterministic, complete, and honest at the top."""

from __future__ import annotations

import base64
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest

from qaugbench.errors import EntryError
from qaugbench.record import BlockInfluence, FitSummary, LossSummary, read_record, record_text
from qaugbench.report.html import write_report
from qaugbench.report.plots import answer_figure
from tests.board.factory import write_run
from tests.report.page_text import PageText

LOSS = LossSummary(mean=0.25, words={"flat": 2})


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("html")
    write_run(folder, replicates=2, failed=(("qldm", 1),))
    write_report(folder)
    return folder


@pytest.fixture(scope="module")
def page(run_folder: Path) -> str:
    return (run_folder / "report.html").read_text(encoding="utf-8")


class _Tags(HTMLParser):
    """Collects the attributes of every tag, and checks that tags close in order."""

    VOID = ("meta", "img", "br", "link", "hr", "source")

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def _tags(page: str) -> _Tags:
    parser = _Tags()
    parser.feed(page)
    return parser


def test_page_is_well_formed(page: str) -> None:
    assert _tags(page).open == []


def test_page_asks_nobody_for_anything(page: str) -> None:
    for tag, attributes in _tags(page).found:
        assert tag not in ("script", "link", "iframe", "object")
        for name in ("src", "srcset", "data", "action"):
            assert str(attributes.get(name, "data:")).startswith("data:")
    assert "@import" not in page
    assert "url(" not in page


def test_drawings_ask_nobody_either(page: str) -> None:
    drawings = re.findall(r"data:image/svg\+xml;base64,([^\"]+)", page)
    assert drawings
    for drawing in drawings:
        text = base64.b64decode(drawing).decode()
        assert not re.search(r"(?:href|src)=\"(?!#)", text)


def test_every_picture_has_words(page: str) -> None:
    pictures = [attributes for tag, attributes in _tags(page).found if tag == "img"]
    assert len(pictures) > 5
    assert all(len(attributes["alt"] or "") > 20 for attributes in pictures)


def test_equal_runs_give_equal_pages(page: str, tmp_path: Path) -> None:
    write_run(tmp_path, replicates=2, failed=(("qldm", 1),))
    assert write_report(tmp_path).read_text(encoding="utf-8") == page


@pytest.mark.parametrize(
    "words",
    [
        "Brain tumour MRI",
        "Which tumour, if any, does a brain MRI slice show?",
        "the real training images, no augmentation",
        "its circuit replaced by a classical layer",
        "fewer steps than the paper",
        "the loss is not finite",
        "No tumour",
        "Peak memory",
        "@misc{qldm,",
        "2 min",
        "a processor",
    ],
)
def test_page_tells_what_ran(page: str, words: str) -> None:
    assert words.lower() in page.lower()


def test_banner_and_verdicts_come_before_all_else(page: str) -> None:
    places = (
        "PHANTOM DATA",
        'id="answer"',
        "no verdict (",
        "<figure>",
        'id="before"',
        'id="contents"',
        'id="results"',
        'id="ran"',
    )
    order = [page.index(words) for words in places]
    assert order == sorted(order)


def test_real_pictures_stand_beside_synthetic_ones_class_by_class(page: str) -> None:
    alts = [attributes["alt"] or "" for tag, attributes in _tags(page).found if tag == "img"]
    for title in ("Glioma", "Meningioma", "No tumour"):
        own = [alt for alt in alts if f"class {title}" in alt]
        assert [alt.split()[1] for alt in own] == ["real", "synthetic", "synthetic", "synthetic"]


@pytest.mark.usefixtures("undrawn")
def test_page_without_curves_and_pictures(tmp_path: Path) -> None:
    write_run(tmp_path, replicates=2)
    (tmp_path / "curves.json").unlink()
    (tmp_path / "samples.npz").unlink()
    page = write_report(tmp_path).read_text(encoding="utf-8")
    assert 'id="training"' not in page
    assert 'id="pictures"' not in page
    assert 'id="results"' in page


@pytest.mark.parametrize("name", ["record.json", "curves.json", "samples.npz"])
def test_damaged_files_are_named(name: str, tmp_path: Path) -> None:
    write_run(tmp_path, replicates=2, arms=("R", "R+", "R+cm", "ddpm"))
    (tmp_path / name).write_bytes(b"{")
    with pytest.raises(EntryError, match=name):
        write_report(tmp_path)
    assert not (tmp_path / "report.html").exists()


@pytest.mark.usefixtures("undrawn")
def test_text_of_the_record_is_escaped(tmp_path: Path) -> None:
    write_run(tmp_path, replicates=2, arms=("R", "R+", "R+cm", "ddpm"), title="<script>alert(1)</script>")
    assert "<script" not in write_report(tmp_path).read_text(encoding="utf-8")


def test_multilabel_run_with_a_single_replicate(tmp_path: Path) -> None:
    write_run(tmp_path, "multilabel", replicates=1)
    page = write_report(tmp_path).read_text(encoding="utf-8")
    assert "No finding" in page
    assert "No verdicts, ranks or power (a single replicate" in page
    assert "Intervals are over patients alone, for the one trained model of each arm (DeLong)." in page
    assert "spread over replicates" not in page


def test_both_questions_are_answered_per_generator_before_anything_else(page: str) -> None:
    blocks = [text for _, text in PageText(page).blocks]
    first = blocks[blocks.index("Does it help?") : blocks.index("Before using these numbers")]
    assert any(text.startswith("On brainmri at 10 % of the training data, qldm changed") for text in first)
    assert any(text.startswith("On brainmri at 10 % of the training data, ddpm changed") for text in first)
    assert "Beside its controls, qldm was compared, without a verdict, with qldm:twin." in " ".join(
        first[first.index("Is it the quantum part?") :]
    )


@pytest.mark.usefixtures("undrawn")
def test_without_a_quantum_generator_the_second_question_says_so(tmp_path: Path) -> None:
    write_run(tmp_path, replicates=2, arms=("R", "R+", "R+cm", "ddpm"))
    assert "No quantum generator was run, so there is no circuit to ask about." in write_report(tmp_path).read_text(
        encoding="utf-8"
    )


def test_contents_lead_to_every_section(page: str) -> None:
    tags = _tags(page).found
    anchors = [str(attributes["href"])[1:] for tag, attributes in tags if tag == "a"]
    headings = [attributes["id"] for tag, attributes in tags if tag == "h2"]
    after = headings[headings.index("contents") + 1 :]
    assert [anchor for anchor in dict.fromkeys(anchors) if anchor in after] == after


SAID_ONCE = {
    "failed": {"replicates": 6, "failed": (("qldm", 1),)},
    "real": {"replicates": 10, "phantom": False},
    "smoke": {"replicates": 2},
    "single": {"replicates": 1, "kind": "multilabel"},
    "uncontrolled": {"replicates": 5, "kind": "ordinal", "arms": ("R", "R+", "R+cm", "R+os", "ddpm", "qldm")},
}


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("case", SAID_ONCE)
def test_no_sentence_is_said_twice_no_p_value_is_nameless_and_no_backtick_is_left(case: str, tmp_path: Path) -> None:
    write_run(tmp_path, **SAID_ONCE[case])  # type: ignore[arg-type]
    text = PageText(write_report(tmp_path).read_text(encoding="utf-8"))
    assert [sentence for sentence, times in Counter(text.sentences()).items() if times > 1] == []
    assert not {"p", "p, adjusted"} & {header for tag, header in text.blocks if tag == "th"}
    assert not any("`" in block for _, block in text.blocks)


@pytest.mark.usefixtures("undrawn")
def test_text_between_backticks_is_code(tmp_path: Path) -> None:
    record = write_run(tmp_path, replicates=2, phantom=False)
    data = record.data.model_copy(
        update={"notes": ["each `group` is one"], "split_how": "Column `group_split` of a file"}
    )
    write_run(tmp_path, replicates=2, phantom=False, data=data)
    page = write_report(tmp_path).read_text(encoding="utf-8")
    assert "each <code>group</code> is one" in page
    assert "Split: Column <code>group_split</code> of a file." in page


@pytest.mark.usefixtures("undrawn")
def test_why_there_is_no_verdict_is_said_beside_the_p_values(tmp_path: Path) -> None:
    write_run(tmp_path, replicates=4)
    page = write_report(tmp_path).read_text(encoding="utf-8")
    assert re.search(r"No verdict on [^<]*qldm - qldm:twin[^<]*: 4 replicates, and a verdict needs 5", page)


def test_sample_sheets_are_folded(page: str) -> None:
    tags = _tags(page).found
    sheets = [
        number
        for number, (tag, attributes) in enumerate(tags)
        if "synthetic images, class" in str(attributes.get("alt"))
    ]
    folded = [number for number, (tag, attributes) in enumerate(tags) if tag == "details"]
    assert min(folded) < min(sheets)
    assert all("open" not in attributes for tag, attributes in tags if tag == "details")
    assert len([1 for tag, _ in tags if tag == "summary"]) == len(folded)


@pytest.mark.usefixtures("undrawn")
def test_images_from_a_folder_have_no_tables_of_a_fit(tmp_path: Path) -> None:
    record = write_run(tmp_path, replicates=2, arms=("R", "R+", "R+cm", "ddpm"))
    text = record_text(record).replace('"ddpm"', '"folder:made"').replace('"kind": "classical"', '"kind": "external"')
    (tmp_path / "record.json").write_text(
        text.replace('"block": 60,', "").replace('"total": 1000', ""), encoding="utf-8"
    )
    page = write_report(tmp_path).read_text(encoding="utf-8")
    assert "<strong>folder:made</strong>: images from a folder; not fitted here." in page
    assert "Trainable parameters of" not in page
    assert "How the generators were trained" not in page


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    ("patients_known", "n_groups", "word"), [(True, 40, "patients"), (False, 40, "groups"), (False, 60, "images")]
)
def test_what_is_counted_is_what_the_record_holds(
    patients_known: bool, n_groups: int, word: str, tmp_path: Path
) -> None:
    record = write_run(tmp_path, replicates=3, phantom=False)
    groups = {**record.data.n_images} if n_groups == 60 else record.data.n_groups
    data = record.data.model_copy(update={"patients_known": patients_known, "n_groups": groups})
    write_run(tmp_path, replicates=3, phantom=False, data=data)
    page = PageText(write_report(tmp_path).read_text(encoding="utf-8"))
    text = " ".join(block for _, block in page.blocks)
    assert f"The answer at 10 % of the training {word}" in text
    sizes = (
        "scored on 60 test images, all real" if word == "images" else f"scored on 60 test images of 40 {word}, all real"
    )
    assert sizes in text
    assert f"over replicates and over test {word}" in text
    if word != "patients":
        assert not re.search(r"\d patients", text)


@pytest.mark.usefixtures("undrawn")
def test_the_table_of_influence_says_that_controls_are_fitted_apart(tmp_path: Path) -> None:
    influence = BlockInfluence(
        seed_difference=20.0, controls={"twin": 0.3}, mean_replaced=0.2, noise_replaced=0.3, parameter_share=0.01,
        n_images=100, n_replicates=2,
    )  # fmt: skip
    fits = {"qldm": FitSummary(fits=2, updates=9, seen_per_image=4, cpu_s=1, losses={"denoising": LOSS}, movement={})}
    keys = ("10%", "100%")
    write_run(
        tmp_path,
        replicates=2,
        fractions=keys,
        influence={key: {"qldm": influence} for key in keys},
        fits=dict.fromkeys(keys, fits),
    )
    text = " ".join(block for _, block in PageText(write_report(tmp_path).read_text(encoding="utf-8")).blocks)
    assert text.count("Controls are fitted apart from their generator") == 1
    assert "denoising loss 0.25, no longer falling" in text
    assert text.count("A loss is no longer falling where") == 1
    assert "flat" not in text


def test_two_replicates_are_said_to_give_no_interval_in_the_picture_and_below_it(page: str, run_folder: Path) -> None:
    figure = answer_figure(read_record(run_folder), "10%")
    assert figure is not None
    assert "no interval: 2 replicates" in [text.get_text() for text in figure.axes[0].texts]
    assert "without intervals (2 replicates)" in page
    assert "too little to matter" not in page
