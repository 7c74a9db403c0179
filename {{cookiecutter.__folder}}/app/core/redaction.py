"""What no log line shows: values of fields with certain names, and passwords in URLs."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache

from pydantic import BaseModel

# A name that holds one of these, however it is written: `api_key` and `X-API-Key` are one.
SECRET_WORDS = (
    "access key",
    "api key",
    "authorization",
    "bearer",
    "cookie",
    "credential",
    "jwt",
    "passphrase",
    "passwd",
    "password",
    "private key",
    "secret",
    "token",
)
HIDDEN = "***"
PLAIN = frozenset({str, int, float, bool, type(None)})
# What is deeper says little, and what holds itself would never end.
DEPTH = 8
URL_PASSWORD = re.compile(r"(://[^\s/:@\"]*):[^\s/\"]*@")
# A user without a password: on the web that is a token, elsewhere a name.
URL_TOKEN = re.compile(r"\b((?:http|ws)s?://)[^\s/:@?#\"]+@")
# Bounded, because lines hold what comes from outside, and looking must not take for ever.
URL_SECRET = re.compile(
    r"([?&][^\s=&?\"]{0,64}(?:password|secret|token|key)[^\s=&?\"]{0,64}=)[^\s&\"]*", re.I
)


class Redactor:
    """Replaces the values of fields whose names look like a secret's, at any depth."""

    def __init__(self, more_words: Iterable[str] = ()) -> None:
        """Hide what is named with these words too."""
        words = map(squeeze, (*SECRET_WORDS, *more_words))
        self._words = "|".join(re.escape(word) for word in words if word)

    def hide(self, values: Mapping[str, object], depth: int = DEPTH) -> Mapping[str, object]:
        """Return the fields without what is secret."""
        # Most lines need nothing more: the same names again, and plain values.
        is_plain = PLAIN.issuperset(map(type, values.values()))
        if is_plain and not has_secret(tuple(values), self._words):
            return values
        return {
            name: HIDDEN if is_secret(name, self._words) else self._hide_within(value, depth - 1)
            for name, value in values.items()
        }

    def _hide_within(self, value: object, depth: int) -> object:
        if depth == 0:
            return "..."
        match value:
            case Mapping():
                return self.hide(value, depth)
            case BaseModel():
                return self.hide(dict(value), depth)
            case list() | tuple() | set() | frozenset():
                return [self._hide_within(each, depth - 1) for each in value]
        if is_dataclass(value) and not isinstance(value, type):
            named = {field.name: getattr(value, field.name) for field in fields(value)}
            return self.hide(named, depth)
        return value


# Bounded, because names may come from outside.
@lru_cache(maxsize=1024)
def is_secret(name: object, words: str) -> bool:
    """Tell whether a name holds one of the words, which are a pattern."""
    return bool(re.search(words, squeeze(str(name))))


@lru_cache(maxsize=1024)
def has_secret(names: tuple[object, ...], words: str) -> bool:
    """Tell whether one of the names does."""
    return any(is_secret(name, words) for name in names)


def has_secret_word(name: str) -> bool:
    """Tell whether a name holds one of the words that are hidden everywhere."""
    return any(squeeze(word) in squeeze(name) for word in SECRET_WORDS)


def squeeze(name: str) -> str:
    """Return a name in lower case, letters and digits only."""
    return "".join(filter(str.isalnum, name)).lower()


def hide_in_urls(line: str) -> str:
    """Return a line without the passwords, and the secrets in queries, of the URLs in it."""
    if "://" not in line:
        return line
    line = URL_TOKEN.sub(rf"\1{HIDDEN}@", URL_PASSWORD.sub(rf"\1:{HIDDEN}@", line))
    return URL_SECRET.sub(rf"\1{HIDDEN}", line)
