"""URLs in settings: which are accepted, and what of them may be shown."""

import re
from urllib.parse import urlsplit

from pydantic import AfterValidator


def url_of(*schemes: str) -> AfterValidator:
    """Return a validator that accepts URLs of these schemes only."""

    def check(url: str) -> str:
        if urlsplit(url).scheme not in schemes:
            known = " or ".join(f"{scheme}://" for scheme in schemes)
            raise ValueError(f"write a URL that starts with {known}")
        return url

    return AfterValidator(check)


def hide_password(text: str) -> str:
    """Return a text without the passwords of the URLs in it."""
    text = re.sub(r"(://[^:@/]*):.*@", r"\1:***@", text, flags=re.DOTALL)
    return re.sub(r"(?i)([?&][^=&]*(?:password|secret|token)[^=&]*=)[^&]*", r"\1***", text)
