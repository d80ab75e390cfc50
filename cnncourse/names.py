"""Names of people as platforms, files and students themselves write them, and what may be made of them."""

from __future__ import annotations

import hashlib
import itertools
import re
import unicodedata

MOST_WORDS = 5  # of a name whose words are tried in every order


def composed(text: str) -> str:
    """A text in composed Unicode, without spaces around it: what looks the same is the same."""
    return unicodedata.normalize("NFC", text).strip()


def folded(text: str) -> str:
    """A text without case, accents, spaces and punctuation."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(sign for sign in unicodedata.normalize("NFKD", plain) if sign.isalnum())


def alike(one: str, other: str) -> bool:
    """Whether two names are the same but for case, accents, punctuation and the order of their words."""
    return bool(folded(one)) and (folded(other) in _orders(one) or folded(one) in _orders(other))


def _orders(name: str) -> set[str]:
    """A name's words, folded and joined in every order: Canvas writes `leeanna` for Anna Lee."""
    words = [word for word in map(folded, re.split(r"[\W_]+", unicodedata.normalize("NFC", name))) if word]
    if len(words) > MOST_WORDS:
        return {folded(name)}
    return {folded(name), *map("".join, itertools.permutations(words))}


def folder_name(name: str, number: str = "") -> str:
    """A name for the folder of a person: letters, digits and `.@+_-`, and another one for every other person.

    Args:
        name: composed.
        number: by which the platform knows the person, if it does.
    """
    plain = re.sub(r"[^\w.@+-]+", "-", name).strip(".")[:60]
    if number:
        return f"{plain}_{number}"
    if plain == name:
        return name
    return f"{plain}-{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:6]}"
