"""Numbers that may be infinite in a result, as JSON: it has no infinity, so null stands for the one that is meant."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

SCHEMA = WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "null"}]})


def _above(value: Any) -> Any:
    return math.inf if value is None else value


def _below(value: Any) -> Any:
    return -math.inf if value is None else value


UnboundedAbove = Annotated[float, BeforeValidator(_above), SCHEMA]
"""A number, or plus infinity, which is null in JSON: degrees of freedom, an upper limit."""
UnboundedBelow = Annotated[float, BeforeValidator(_below), SCHEMA]
"""A number, or minus infinity, which is null in JSON: a lower limit."""
