"""What an appraisal says of sets whose truth is known: honest, copied, planted, shuffled, collapsed, few, grey and in colour."""

from __future__ import annotations

from dataclasses import replace
from zlib import crc32

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torchvision.models import squeezenet1_1

from qaugbench.appraisal.appraise import Appraised, Options, Verdicts, appraise
from qaugbench.appraisal.copies import Effort, pair_images
from qaugbench.appraisal.fidelity import feature_distances
from qaugbench.appraisal.labels import Judged
from qaugbench.appraisal.sets import ImageSet, Sets
from qaugbench.board.appraised import false_words_of
from qaugbench.errors import DataError
from qaugbench.extractors.contract import Provenance
from qaugbench.extractors.lpips import Lpips, read_lpips
from qaugbench.extractors.pixels import pixel_components
from qaugbench.image_facts import SECTIONS, measure_info
from qaugbench.metrics.closest_pairs import ClosePair
from tests.appraisal.pictures import NAMES, blobs, copies, sets_of

QUICK = Options(seed=3, effort=Effort(images=150, registered_images=60, planted=4), registered=False)


def appraised(sets: Sets, options: Options = QUICK, **further: object) -> Appraised:
    """Return an appraisal, of whose words ``verify`` holds that they follow from its measures."""
    found = appraise(sets, [pixel_components(sets.reference.images)], options=options, **further)  # type: ignore[arg-type]
    assert list(false_words_of(found.appraisal)) == []
    return found


def side_of(images: np.ndarray) -> np.ndarray:
    """Return the logits of a judge that compares the brightness of the two halves."""
    half = images.shape[2] // 2
    difference = images[:, :, half:].mean(axis=(1, 2, 3)) - images[:, :, :half].mean(axis=(1, 2, 3))
    return np.stack([-difference, difference], axis=1) / 10


def verdicts_on(sets: Sets) -> Verdicts:
    own, real = sets.synthetic, sets.reference
    assert own.labels is not None
    assert real.labels is not None
    return Verdicts("halves", Judged(side_of(own.images), own.labels), Judged(side_of(real.images), real.labels))


def test_honest_images_are_releasable_varied_and_near() -> None:
    sets = sets_of(blobs(150, 7))
    found = appraised(sets, verdicts=verdicts_on(sets)).appraisal
    assert found.states == {"copies": "releasable", "collapse": "varied", "training": "not measured", "labels": "held"}
    kid = found.measures["fidelity/kid"]
    assert kid.ci_low < 0.005 < kid.noise
    assert found.measures["labels/skill"].value == pytest.approx(1, abs=0.1)
    assert 0.8 < found.measures["collapse/vendi/left"].value < 1.25


@pytest.mark.parametrize("registered", [False, True])
def test_copies_are_memorising_and_their_pairs_are_shown(registered: bool) -> None:
    sets = sets_of(blobs(10, 7))
    own = copies(sets.training, 120)  # type: ignore[arg-type]
    found = appraised(replace(sets, synthetic=own), replace(QUICK, registered=registered))
    assert found.appraisal.states["copies"] == "memorising"
    assert found.appraisal.measures["copies/found/exact"].value == 1
    assert found.appraisal.measures["copies/data_copying_z"].ci_high < 0
    for pair in found.pairs:
        assert (own.images[pair.synthetic] == sets.training.images[pair.training]).all()  # type: ignore[union-attr]


def test_a_share_of_copies_above_five_per_cent_is_flagged() -> None:
    sets = sets_of(blobs(10, 7), n=300)
    mixed = _together(blobs(255, 7), copies(sets.training, 45))  # type: ignore[arg-type]
    found = appraised(replace(sets, synthetic=mixed), replace(QUICK, effort=Effort(images=300, planted=2)))
    assert found.appraisal.states["copies"] == "memorising"
    assert found.appraisal.measures["copies/excess"].value == pytest.approx(0.15, abs=0.03)


class Quarters:
    """Features that are nearly blind: the mean brightness of the four quarters of an image."""

    provenance = Provenance("quarters", "0" * 64, "none")

    def features(self, images: np.ndarray) -> np.ndarray:
        half = images.shape[1] // 2
        return images.reshape(len(images), 2, half, 2, half, -1).mean(axis=(2, 4, 5)).reshape(-1, 4).astype(np.float32)

    def logits(self, features: np.ndarray) -> None:
        """None: quarters tell no classes."""


def test_what_one_test_calls_copies_and_a_better_one_does_not_is_not_decided() -> None:
    sets = sets_of(blobs(10, 7))
    alike = copies(sets.training, 150)  # type: ignore[arg-type]
    quarters = alike.images.reshape(-1, 2, 8, 2, 8).swapaxes(2, 3).reshape(-1, 4, 64)
    mixed_up = np.random.default_rng(3).permuted(quarters, axis=2).reshape(-1, 2, 2, 8, 8).swapaxes(2, 3)
    own = replace(alike, images=np.ascontiguousarray(mixed_up.reshape(alike.images.shape)))
    options = Options(seed=3, effort=Effort(images=150, registered_images=60, planted=2))
    found = appraise(replace(sets, synthetic=own), [Quarters()], options=options).appraisal
    assert found.measures["copies/excess"].value > 0.9
    assert found.measures["copies/excess_pixels"].value < 0.02
    assert found.states["copies"] == "not decided"
    assert found.remarks[0].startswith("On quarters some images look like copies; on registered pixels, where more")
    assert list(false_words_of(found)) == []


def test_one_image_for_all_is_collapsed_but_not_copied() -> None:
    honest = blobs(150, 7)
    one = replace(honest, images=np.repeat(honest.images[:1], 150, axis=0))
    found = appraised(sets_of(one)).appraisal
    assert found.states["collapse"] == "collapsed"
    assert found.remarks[-1] == "Hardly varied: left, right."
    assert found.states["copies"] != "memorising"


def test_shuffled_labels_are_lost() -> None:
    honest = blobs(300, 7)
    shuffled = replace(honest, labels=honest.labels[np.random.default_rng(0).permutation(300)])  # type: ignore[index]
    sets = sets_of(shuffled)
    found = appraised(sets, verdicts=verdicts_on(sets)).appraisal
    assert found.states["labels"] == "lost"
    assert found.measures["labels/skill"].ci_low < 0 < found.measures["labels/skill"].ci_high
    assert found.measures["labels/tstr_auroc"].value < 0.75 < found.measures["labels/tstr_auroc"].real


def right_at_first(sets: Sets, own: int, real: int) -> Verdicts:
    """Return the word of a judge that is right on so many images of each set, the first ones, and wrong on the others."""

    def word(labels: np.ndarray | None, right: int) -> Judged:
        assert labels is not None
        return Judged(np.where(np.arange(len(labels))[:, None] < right, labels, 1 - labels), labels)

    return Verdicts("guesser", word(sets.synthetic.labels, own), word(sets.reference.labels, real))


def test_a_judge_that_cannot_read_real_images_accuses_nobody() -> None:
    sets = sets_of(blobs(300, 7), n=40)
    found = appraised(sets, verdicts=right_at_first(sets, 150, 23)).appraisal
    assert found.measures["labels/skill"].value == pytest.approx(0)
    assert found.states["labels"] == "not decided"
    judge = found.measures["labels/judge"]
    assert judge.ci_low < judge.noise < judge.value
    assert found.remarks[-1].startswith(
        "Whether the labels hold is not decided, as the judge is too weak: on 40 real images"
    )
    assert "it is right at .575 (95 % interval .422 to .715), and .500 is chance." in found.remarks[-1]


def test_too_few_images_leave_open_whether_labels_hold() -> None:
    sets = sets_of(blobs(8, 7))
    found = appraised(sets, verdicts=right_at_first(sets, 6, 150)).appraisal
    assert found.states["labels"] == "not decided"
    assert any("as 8 synthetic and 150 real images are too few: the label skill is" in one for one in found.remarks)


def test_samples_that_still_come_nearer_are_undertrained_and_those_that_go_away_unstable() -> None:
    late, early = blobs(150, 7), blobs(150, 7)
    noisy = np.clip(early.images + np.random.default_rng(1).normal(0, 60, early.images.shape), 0, 255).astype(np.uint8)
    early = replace(early, images=noisy)
    states = [
        appraised(sets_of(end, earlier={50: start, 75: start})).appraisal.states["training"]
        for start, end in ((early, late), (late, early), (late, late))
    ]
    assert states == ["undertrained", "unstable", "converged"]


@pytest.mark.parametrize(("side", "channels", "n"), [(8, 3, 40), (24, 3, 30), (16, 1, 20)])
def test_sizes_colours_and_few_images(side: int, channels: int, n: int) -> None:
    found = appraised(sets_of(blobs(n, 7, side, channels), n=max(n, 25))).appraisal
    for name, one in found.measures.items():
        assert measure_info(name).title
        assert name.partition("/")[0] in SECTIONS
        assert (one.value is None) == (one.reason is not None), name
    assert found.measures["fidelity/fid"].reason.startswith("FID of")


def test_without_training_images_or_labels_the_rest_is_said() -> None:
    bare = ImageSet(blobs(80, 7).images)
    found = appraised(Sets(bare, ImageSet(blobs(80, 1).images))).appraisal
    assert found.states == {
        "copies": "not measured",
        "collapse": "varied",
        "training": "not measured",
        "labels": "not measured",
    }
    assert found.measures["collapse/vendi/all"].value is not None


def test_the_same_arguments_give_the_same_numbers() -> None:
    sets = sets_of(blobs(60, 7))
    first, second = appraised(sets), appraised(sets)
    assert first.appraisal == second.appraisal
    assert first.appraisal != appraised(sets, replace(QUICK, seed=4)).appraisal


def test_missing_weights_are_a_measure_without_a_value() -> None:
    found = appraised(sets_of(blobs(40, 7)), missing={"inception": "Get them."}).appraisal
    assert found.measures["fidelity/kid@inception"].reason == "Get them."


def test_sets_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DataError, match="8x8 with 3 channels and the reference images 16x16 with 1 channel"):
        Sets(blobs(4, 1, 8, 3), blobs(4, 2))
    with pytest.raises(DataError, match="no reference images"):
        Sets(blobs(4, 1), blobs(4, 2).rows(np.zeros(0, dtype=np.int64)), label_names=NAMES)


def _together(*sets: ImageSet) -> ImageSet:
    return ImageSet(*(np.concatenate([getattr(one, part) for one in sets]) for part in ("images", "labels", "groups")))


def test_a_test_that_finds_no_planted_copies_clears_nothing() -> None:
    """Features that say nothing of an image find no copies, and that is no reason to release anything."""
    sets = sets_of(blobs(150, 7))
    found = appraise(sets, [Meaningless()], options=QUICK).appraisal
    assert found.measures["copies/found/all"].value < 0.5
    assert found.states["copies"] == "not decided"
    assert any("too few to clear these images" in remark for remark in found.remarks)


class Meaningless:
    """Features that say nothing of an image: another draw for every set."""

    provenance = Provenance("meaningless", "0" * 64, "none")

    def features(self, images: np.ndarray) -> np.ndarray:
        return np.random.default_rng(crc32(images.tobytes())).normal(size=(len(images), 8)).astype(np.float32)

    def logits(self, features: np.ndarray) -> None:
        return None


@pytest.fixture(scope="module")
def lpips(tmp_path_factory: pytest.TempPathFactory) -> Lpips:
    """Return LPIPS of a network that was not trained."""
    pytest.importorskip("torchmetrics")
    file = tmp_path_factory.mktemp("lpips") / "w.safetensors"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        save_file(squeezenet1_1(weights=None).state_dict(), file)
    return read_lpips(file)


def test_one_image_for_all_is_at_no_distance_and_honest_images_are_as_far_apart_as_real_ones(lpips: Lpips) -> None:
    honest = blobs(40, 7, 24)
    one = replace(honest, images=np.repeat(honest.images[:1], 40, axis=0))
    same, varied = (appraised(sets_of(own, n=60), lpips=lpips).appraisal for own in (one, honest))
    assert same.measures["collapse/lpips/left"].value == 0
    found = varied.measures["collapse/lpips/left"]
    assert (found.n, found.n_real, found.real, found.extractor) == (20, 20, 1.0, "lpips")
    assert abs(found.value - 1) < found.ci_high - found.ci_low
    assert varied.extractors["lpips"].weights_sha256 == lpips.weights_sha256


def test_missing_weights_of_lpips_are_a_measure_without_a_value() -> None:
    found = appraised(sets_of(blobs(20, 7), n=25), missing={"lpips": "Get them."}).appraisal
    assert found.measures["collapse/lpips"].reason == "Get them."


class Sides:
    """The mean brightness of each half, and how sure it is that an image is of either class."""

    provenance = Provenance("sides", "0" * 64, "none")

    def features(self, images: np.ndarray) -> np.ndarray:
        return side_of(images).astype(np.float32)

    def logits(self, features: np.ndarray) -> np.ndarray:
        return 20 * features


def test_an_extractor_that_tells_classes_gives_the_inception_score_at_equal_numbers() -> None:
    both = sets_of(blobs(100, 7), n=60)
    left = replace(both, synthetic=blobs(100, 7).rows(np.arange(0, 100, 2)))
    found = [appraise(sets, [Sides()], options=QUICK).appraisal for sets in (both, left)]
    scores = [one.measures["fidelity/inception_score"] for one in found]
    assert [one.n for one in scores] == [60, 50]
    assert scores[0].value == pytest.approx(scores[0].real, abs=0.2)
    assert scores[1].value == pytest.approx(1, abs=0.1)
    assert scores[1].real > 1.5


def test_the_limit_of_fid_is_given_from_two_thousand_images_on() -> None:
    rng = np.random.default_rng(0)
    real, synthetic, noise = rng.normal(size=(4100, 4)), rng.normal(1.0, size=(2000, 4)), rng.normal(size=(30, 4))
    found = feature_distances(synthetic, real, None, noise, "x", rng)["fidelity/fid_limit"]
    assert found.value == pytest.approx(4, abs=0.4)
    assert found.real == pytest.approx(0, abs=0.05)
    few = feature_distances(synthetic[:1999], real, None, noise, "x", rng)["fidelity/fid_limit"]
    assert few.value is None
    assert "2000" in few.reason.replace(",", "")


def test_pairs_are_shown_as_they_lie_and_need_not_be_square() -> None:
    square, wide = np.arange(4, dtype=np.uint8).reshape(1, 2, 2, 1), np.zeros((1, 2, 3, 1), np.uint8)
    drawn, nearest = pair_images([ClosePair(0, 0, 0.0, 6)], square, square)
    assert drawn[0, ..., 0].tolist() == [[2, 3], [0, 1]]  # mirrored top to bottom
    assert nearest[0, ..., 0].tolist() == [[0, 1], [2, 3]]
    assert pair_images([ClosePair(0, 0, 0.0, 0)], wide, wide)[0].shape == wide.shape
    assert [len(images) for images in pair_images([], wide, wide)] == [0, 0]
