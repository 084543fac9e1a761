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
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "format": "cr:format",
    "includes": "cr:includes",
    "isEnumeration": "cr:isEnumeration",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
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
        "recordSet": [_classes(task) for task in tasks],
    }


def _description(source: Source, tasks: list[Task]) -> str:
    known = f" Known problems: {' '.join(source.problems)}" if source.problems else ""
    asked = " ".join(f"Task {task.name}: {task.question}" for task in tasks)
    return f"{source.title}. {asked} {source.patients} Use: {source.use}{known}"


def _creator(source: Source) -> str:
    return source.citation.partition(",")[0].strip() or "not stated"


def _file(source: Source, one: SourceFile) -> dict[str, Any]:
    """Return a file of the publisher; a checksum where one is published, a size where it is known."""
    kind, _, digest = one.checksum.partition(":")
    ending = next((ending for ending in FORMATS if one.name.lower().endswith(ending)), "")
    facts: dict[str, Any] = {
        "@type": "cr:FileObject",
        "@id": one.name,
        "name": one.name,
        "contentUrl": one.urls[0] if one.urls else one.page or source.url,
        "encodingFormat": FORMATS.get(ending, "application/octet-stream"),
    }
    if digest:
        facts[kind] = digest
    else:
        facts["description"] = "Its publisher states no checksum; qaugbench pins the file at its first download."
    return facts | ({"contentSize": f"{one.bytes} B"} if one.bytes else {})


def _classes(task: Task) -> dict[str, Any]:
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
