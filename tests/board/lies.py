"""The committed entry with one lie in it, by name, and the words that answer it: what a board fixes cannot be said otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Lie = Callable[[dict[str, Any]], Any]


def put(*way: Any) -> Lie:
    """Return a lie that puts the last of ``way`` where the others lead."""

    def lie(record: Any) -> None:
        for key in way[:-2]:
            record = record[key]
        record[way[-2]] = way[-1]

    return lie


def _arm(record: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(arm for arm in record["arms"] if arm["id"] == name)
    return found


def _without(generator: str, control: str) -> Lie:
    def lie(record: dict[str, Any]) -> None:
        record["arms"] = [arm for arm in record["arms"] if (arm["generator"], arm["control"]) != (generator, control)]
        record["generators"] = [
            one for one in record["generators"] if (one["id"], one["control"]) != (generator, control)
        ]
        record["influence"]["10%"][generator]["controls"].pop(control)

    return lie


def _renamed(old: str, new: str, **facts: Any) -> Lie:
    """Return a lie that calls a generator otherwise."""

    def lie(record: dict[str, Any]) -> None:
        for arm in record["arms"]:
            if arm["generator"] == old:
                arm.update(id=arm["id"].replace(old, new), generator=new)
        for one in record["generators"]:
            if one["id"] == old:
                one.update(id=new, **facts)

    return lie


def _kind(kind: str) -> Lie:
    def lie(record: dict[str, Any]) -> None:
        _arm(record, "ddpm").update(kind=kind)
        next(one for one in record["generators"] if one["id"] == "ddpm").update(kind=kind)

    return lie


def _fidelity(name: str, fidelity: str) -> Lie:
    def lie(record: dict[str, Any]) -> None:
        for arm in record["arms"]:
            if arm["generator"] == name:
                arm["fidelity"] = fidelity
        for one in record["generators"]:
            if one["id"] == name:
                one["fidelity"] = fidelity

    return lie


def _source(source: str) -> Lie:
    def lie(record: dict[str, Any]) -> None:
        record["board"]["source"] = record["data"]["source"] = source

    return lie


def _fraction(**facts: Any) -> Lie:
    return lambda record: record["fractions"][0].update(facts)


def _moved_patients(record: dict[str, Any]) -> None:
    record["data"]["n_groups"].update(train=2370)


def _swapped_counts(record: dict[str, Any]) -> None:
    counts = record["data"]["class_counts"]
    counts["glioma"], counts["pituitary"] = counts["pituitary"], counts["glioma"]


def _reordered_classes(record: dict[str, Any]) -> None:
    for field in ("names", "titles"):
        record["labels"][field] = record["labels"][field][::-1]


def _appraised(**changes: Any) -> Lie:
    """Return a lie that states an appraisal of images that nobody appraised."""
    found: dict[str, Any] = {"value": 0.3, "ci_low": 0.2, "ci_high": 0.4, "n": 100, "n_real": 100, "extractor": "one"}
    planted = {"value": 0.9, "n": 100, "extractor": "one"}
    stated = {
        "n_synthetic": 100,
        "n_reference": 100,
        "n_training": 100,
        "extractors": {},
        "states": {"copies": "memorising", "collapse": "not measured", "labels": "not measured"},
        "remarks": [],
        "measures": {"copies/excess": found, "copies/found/all": planted},
    }
    return lambda record: record.update(appraisals={"10%": {"qldm": {**stated, **changes}}})


def _placebo_for_reference(record: dict[str, Any]) -> None:
    _arm(record, "R+cm").update(role="placebo")


def _oracle_as_generator(record: dict[str, Any]) -> None:
    _arm(record, "O-real").update(
        role="synthetic", generator="mygan", control="none", kind="quantum", fidelity="faithful"
    )


LIES: dict[str, tuple[Lie, str]] = {
    "a name of one's own": (put("id", "best-of-all"), "the id is 'best-of-all', and an entry of this board, these"),
    "the name of other generators": (
        put("id", "brainmri-nickparvar-lite-qldm-49f21ee5"),
        "is called 'brainmri-nickparvar-lite-qldm+ddpm-49f21ee5'",
    ),
    "the name of another configuration": (put("config_sha256", "d" * 64), "qldm+ddpm-dddddddd'; submit the run again"),
    "another title": (put("title", "Brain tumours"), "title is 'Brain tumours', fixed is 'Brain tumour MRI'"),
    "another question": (put("question", "Which tumour?"), "question is 'Which tumour?'"),
    "a primary endpoint of three classes": (lambda r: r["endpoints"].reverse(), "endpoints is other at"),
    "one endpoint less": (lambda r: r["endpoints"].pop(), "endpoints is "),
    "a class less in the primary endpoint": (
        lambda r: r["endpoints"][0]["classes"].pop(),
        "endpoints is other at classes",
    ),
    "a smaller margin": (put("endpoints", 0, "margin", 0.001), "margin: 0.001, fixed is 0.01"),
    "no margin": (put("endpoints", 0, "margin", None), "margin: None, fixed is 0.01"),
    "another title of an endpoint": (put("endpoints", 0, "title", "AUROC"), "endpoints is other at title"),
    "more steps of the classifier": (put("recipe", "steps", 4500), "recipe is other at steps: 4500, fixed is 450"),
    "another network": (put("recipe", "model", "resnet50"), "recipe is other at model"),
    "another augmentation": (put("recipe", "augment", "flip", True), "recipe is other at augment: other at flip"),
    "another classifier's code": (put("recipe_sha256", "f" * 64), "recipe_sha256 is ffff"),
    "another hash of the task": (put("task_sha256", "f" * 64), "task_sha256 is 'ffff"),
    "a version of the task to come": (put("board", "task", "brainmri@9"), "version '9' is not in this release"),
    "no version of the task": (put("board", "task", "brainmri"), "does not say the version"),
    "a task that does not exist": (put("board", "task", "heads@1"), "There is no task 'heads'"),
    "another track": (put("board", "track", "standard"), "replicates is 5, fixed is 10"),
    "a track that does not exist": (put("board", "track", "best"), "There is no track 'best'"),
    "larger images": (put("image_size", 224), "image_size is 224, fixed is 64"),
    "fewer replicates": (put("replicates", 4), "replicates is 4, fixed is 5"),
    "more replicates": (put("replicates", 6), "replicates is 6, fixed is 5"),
    "recipe B": (put("recipe_name", "B"), "recipe_name is 'B'"),
    "a confessed departure": (put("departures", ["3 replicates"]), "departures is ['3 replicates']"),
    "withheld test scores": (put("test_withheld", True), "test_withheld is True"),
    "a fraction of the 5 %": (_fraction(key="5%", requested=0.05, used=0.05), "the fractions (asked for, used)"),
    "a quarter used where a tenth was asked for": (_fraction(key="25%", used=0.25), "the fractions (asked for, used)"),
    "another fraction asked for": (_fraction(requested=0.05), "the fractions (asked for, used)"),
    "twice the real images": (_fraction(n_real=984, n_fill=984), "n_real at 10% is 984, and of this source it is 492"),
    "one real image more": (_fraction(n_real=493, n_fill=493), "n_real at 10% is 493, and of this source it is 492"),
    "more images to fill": (_fraction(n_fill=900), "n_fill is 900, not 1 per real image"),
    "no oracle": (_fraction(oracle=False), "oracle is False"),
    "a reason for nothing": (
        _fraction(reason="Our hospital is small."),
        "it has a reason, and is the fraction that was asked for",
    ),
    "classes in another order": (_reordered_classes, "labels is other at names"),
    "another title of a class": (put("labels", "titles", 0, "Astrocytoma"), "labels is other at titles"),
    "several labels an image": (put("labels", "kind", "multilabel"), "labels is other at kind"),
    "counts of two classes exchanged": (_swapped_counts, "data.class_counts is "),
    "another number of patients": (_moved_patients, "data.n_groups is "),
    "patients that are known": (put("data", "patients_known", True), "data.patients_known is true"),
    "another split": (put("data", "split_sha256", "a" * 64), "data.split_sha256 is "),
    "another word for the split": (put("data", "split_how", "by patient, at random"), "data.split_how is "),
    "other images": (
        put("data", "manifest_sha256", "b" * 64),
        "have the content bbbbbbbbbbbb, and this release knows ca438cb461a7",
    ),
    "another licence": (put("data", "licence", "CC0"), "data.licence is "),
    "another citation of the data": (put("data", "citation", "Me (2026)."), "data.citation is "),
    "a source by another name": (_source("nickparvar2"), "there is no registered source 'nickparvar2'"),
    "a source of another task": (_source("chestmnist"), "the source 'chestmnist' is one of chestxray"),
    "a name below that of a source": (_source("nickparvar.mine"), "there is no registered source 'nickparvar.mine'"),
    "no twin": (_without("qldm", "twin"), "the controls twin of 'qldm' are missing"),
    "no control at all": (
        lambda r: [_without("qldm", name)(r) for name in ("twin", "no-entanglement", "frozen")],
        "the controls twin, no-entanglement, frozen of 'qldm' are missing",
    ),
    "no arm at equal computing": (
        lambda r: r["arms"].remove(_arm(r, "R+cm")),
        "the arms R+cm, which every run has, are missing",
    ),
    "no oversampling": (lambda r: r["arms"].remove(_arm(r, "R+os")), "the arms R+os"),
    "a placebo in place of a reference": (_placebo_for_reference, "the arm 'R+cm' has the role 'placebo'"),
    "the oracle as a generator": (_oracle_as_generator, "O-real"),
    "an arm that nobody knows": (
        lambda r: _arm(r, "R").update(id="R-best"),
        "the arms R, which every run has, are missing",
    ),
    "a classical generator that is quantum": (
        _kind("quantum"),
        "the arm 'ddpm' is said to be quantum, standard; it is classical",
    ),
    "a reconstruction that is faithful": (
        _fidelity("qldm", "faithful"),
        "said to be hybrid, faithful; it is hybrid, reconstruction",
    ),
    "a twin that runs circuits": (
        lambda r: [
            _arm(r, "qldm:twin").update(kind="hybrid"),
            next(one for one in r["generators"] if one["control"] == "twin").update(kind="hybrid"),
        ],
        "the arm 'qldm:twin' is said to be hybrid",
    ),
    "a generator of no package": (_renamed("ddpm", "mygan"), "it names no package"),
    "a generator of a package, like a listed one": (
        _renamed("ddpm", "DDPM", package="mine 1.0"),
        "the generator 'DDPM' can be taken for 'ddpm'",
    ),
    "a listed generator of another package": (
        lambda r: next(one for one in r["generators"] if one["id"] == "ddpm").update(package="mine 1.0"),
        "is of this package, not of mine 1.0",
    ),
    "a circuit whose reach is not said": (
        put("influence", {}),
        "influence does not say how far the circuits of 'qldm' reach",
    ),
    "images that are cleared of copies": (
        _appraised(states={"copies": "releasable"}),
        "copies is 'releasable', and its measures say 'memorising'",
    ),
    "images that were never tested for copies": (
        _appraised(measures={}, states={"copies": "releasable"}),
        "copies is 'releasable', and its measures say 'not measured'",
    ),
    "labels that hold": (_appraised(states={"copies": "memorising", "labels": "held"}), "labels is 'held'"),
    "a remark of one's own": (
        _appraised(remarks=["The best images ever seen."]),
        "its measures do not say 'The best images",
    ),
    "a measure of one's own": (
        _appraised(measures={"fidelity/beauty": {"value": 1.0}}),
        "there is no measure fidelity/beauty",
    ),
}
