"""URLs in settings: which are accepted, and what of them may be shown."""

import re
from collections.abc import Callable

from pydantic import AfterValidator

from app.core.redaction import HIDDEN, hide_in_urls


def url_of(*schemes: str) -> AfterValidator:
    """Return a validator that accepts URLs of these schemes only."""

    def check(url: str) -> str:
        if url.partition("://")[0] not in schemes or "://" not in url:
            known = " or ".join(f"{scheme}://" for scheme in schemes)
            raise ValueError(f"write a URL that starts with {known}")
        return url

    return AfterValidator(check)


def checked_by(read: Callable[[str], object], *schemes: str) -> AfterValidator:
    """Return a validator that lets a function refuse URLs of these schemes with a ValueError."""

    def check(url: str) -> str:
        if url.partition("://")[0] in schemes:
            read(url)
        return url

    return AfterValidator(check)


def read_plain_url(url: str) -> None:
    """Refuse a URL with a host or parameters, of a kind that has neither: a file, or memory."""
    scheme, _, rest = url.partition("://")
    if "?" in rest:
        raise ValueError(f"{scheme}:// has no parameters: write nothing behind a ?")
    if rest and not rest.startswith("/"):
        raise ValueError(f"{scheme}:// has no host: write a third / before a path")
    # {% if cookiecutter.database != "none" %}
    if scheme == "sqlite" and rest in ("", "/", "/:memory:"):
        raise ValueError("sqlite:// needs a file that connections share: sqlite:///service.db")
    # {% endif %}


def hide_password(url: str) -> str:
    """Return a URL without what is secret in it, also one whose password is not escaped."""
    return hide_in_urls(re.sub(r"(://[^:@/]*):.*@", rf"\1:{HIDDEN}@", url, flags=re.DOTALL))
