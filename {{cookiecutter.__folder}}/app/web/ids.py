"""Ids in paths: each is written in one way, so that one thing has one address.

Pydantic takes more: `01`, `+1`, `1_0` and `1.0` for whole numbers, capitals and braces for UUIDs.
So `app.web.path_parameters` refuses routes with a plain type in their path.
"""

import re
from typing import Annotated
from uuid import UUID

from pydantic import BeforeValidator

NUMBER = re.compile(r"0|-?[1-9][0-9]*")
UUID_FORM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def check_number(value: object) -> object:
    """Accept text of digits alone, and what is no text; raises ValueError for the rest."""
    if isinstance(value, str) and not NUMBER.fullmatch(value):
        raise ValueError("write a whole number in digits, such as 7")
    return value


def check_uuid(value: object) -> object:
    """Accept text as UUIDs are written, and what is no text; raises ValueError for the rest."""
    if isinstance(value, str) and not UUID_FORM.fullmatch(value):
        raise ValueError("write a UUID, such as 0c9aa3a5-6f0c-4a0e-9a3e-bb2a44cc4b5b")
    return value


NumberId = Annotated[int, BeforeValidator(check_number)]
"""A whole number in a path: `number: Annotated[NumberId, Path(ge=1)]`."""
UuidId = Annotated[UUID, BeforeValidator(check_uuid)]
"""A UUID in a path: `item_id: UuidId`."""
