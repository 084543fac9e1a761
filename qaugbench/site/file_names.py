"""Names of files that any browser and any file system takes."""

from __future__ import annotations

import re

UNSAFE = re.compile(r"[^A-Za-z0-9]+")


def safe(name: str) -> str:
    """Return a name as a part of a file name: letters, digits and single hyphens.

    >>> safe("brainmri@2/nickparvar/lite")
    'brainmri-2-nickparvar-lite'
    """
    return UNSAFE.sub("-", name).strip("-").lower()
