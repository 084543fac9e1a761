"""Sources and tasks in Croissant 1.0 (JSON-LD, mlcommons.org/croissant/1.0): what their publishers' files are, and the labels.

The files themselves are described as their publishers made them; a record set lists the classes of each task that a source feeds.
"""

from __future__ import annotations

import re
from typing import Any

from qaugbench import definitions
from qaugbench.datasets.sources import Source, SourceFile
from qaugbench.errors import DataError
from qaugbench.task import Task

VERSION = "http://mlcommons.org/croissant/1.0"
OF_CROISSANT = (
    *("citeAs", "column", "equivalentProperty", "extract", "field", "fileObject", "fileProperty", "fileSet", "format"),
    *("includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex"),
    *("repeated", "replace", "samplingRate", "separator", "source", "subField", "transform"),
)
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
    **{term: f"cr:{term}" for term in OF_CROISSANT},
}
"""The context that descriptions of this version share: which words are Croissant's own, and where all are defined."""
FORMATS = {
    ".csv": "text/csv",
    ".gz": "application/gzip",
    ".npz": "application/zip",
    ".pdf": "application/pdf",
    ".rar": "application/vnd.rar",
    ".tar": "application/x-tar",
    ".txt": "text/plain",
    ".xls": "application/vnd.ms-excel",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".zip": "application/zip",
}
LICENCES = {
    "CC BY 4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC BY-NC 4.0": "https://creativecommons.org/licenses/by-nc/4.0/",
    "CC BY-NC-SA 4.0": "https://creativecommons.org/licenses/by-nc-sa/4.0/",
    "CC BY-SA 4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
}
YEAR = re.compile(r"\b(?:19|20)\d{2}\b")


def croissant(source: Source) -> dict[str, Any]:
    """Return the Croissant description of a source as plain data.

    The date is the first year of the citation, the creator what the citation begins with; a licence that is no standard one is
    given in words. Raises DataError for a source that nobody publishes, since it has no files.
    """
    if not source.files:
        raise DataError(f"{source.id} has no published files: 'qaugbench data phantom' draws it. Give another source.")
    tasks = [definitions.task(name) for name in source.tasks]
    year = YEAR.search(source.citation)
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": VERSION,
        "name": source.id,
        "description": _description(source, tasks),
        "license": LICENCES.get(source.licence, source.licence or "not stated"),
        "url": source.url,
        "creator": {"@type": "Organization", "name": _creator(source)},
        "datePublished": year[0] if year else "not stated",
        "citeAs": source.citation,
        "keywords": ["medical imaging", *(task.title for task in tasks)],
        "isLiveDataset": False,
        "distribution": [_file(source, one) for one in source.files],
        "recordSet": [class_records(task) for task in tasks],
    }


def _description(source: Source, tasks: list[Task]) -> str:
    known = f" Known problems: {' '.join(source.problems)}" if source.problems else ""
    asked = " ".join(f"Task {task.name}: {task.question}" for task in tasks)
    return f"{source.title}. {asked} {source.patients} Use: {source.use}{known}"


def _creator(source: Source) -> str:
    return source.citation.partition(",")[0].strip() or "not stated"


def _file(source: Source, one: SourceFile) -> dict[str, Any]:
    """Return a file of the publisher with its checksum, or where none is published, a set of files of that name.

    A file object must have a checksum; a name may be a pattern, where a person chooses what to fetch.
    """
    kind, _, digest = one.checksum.partition(":")
    ending = next((ending for ending in FORMATS if one.name.lower().rstrip("*").endswith(ending)), "")
    facts: dict[str, Any] = {
        "@id": one.name,
        "name": one.name,
        "encodingFormat": FORMATS.get(ending, "application/octet-stream"),
    }
    if not digest:
        page = one.urls[0] if one.urls else one.page or source.url
        words = f"No checksum is published; qaugbench pins the file when it first reads it. From {page}"
        return {"@type": "cr:FileSet", **facts, "description": words, "includes": one.name}
    size = {"contentSize": f"{one.bytes} B"} if one.bytes else {}
    return {
        "@type": "cr:FileObject",
        **facts,
        "contentUrl": one.urls[0] if one.urls else one.page,
        kind: digest,
        **size,
    }


def class_records(task: Task) -> dict[str, Any]:
    """Return the label space of a task as an enumeration: its classes in the order of every array."""
    name = f"{task.id}-classes"
    fields = [
        {"@type": "cr:Field", "@id": f"{name}/{field}", "name": field, "description": words, "dataType": "sc:Text"}
        for field, words in (("name", "The class as labels.csv names it."), ("title", "The class in words."))
    ]
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": f"The classes of {task.name} ({task.labels.kind}): {task.question}",
        "dataType": "sc:Enumeration",
        "key": {"@id": f"{name}/name"},
        "field": fields,
        "data": [
            {f"{name}/name": one, f"{name}/title": title}
            for one, title in zip(task.labels.names, task.labels.titles, strict=True)
        ],
    }
