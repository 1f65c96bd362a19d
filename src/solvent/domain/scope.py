"""Scopes: who spends. A scope is a kind and, but for ``total``, an id; its text form is its identity."""

import re
from dataclasses import dataclass
from typing import Final

from solvent.errors import CallInvalid

KINDS: Final = ("total", "customer", "agent", "campaign", "tag", "key", "model", "provider")
MAX_ID: Final = 255
ANY: Final = "*"

_TAG_KEY: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_HIDDEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def checked_id(kind: str, text: str) -> str:
    """Return *text* when it can be the id of a scope of *kind*: 1–255 printable characters, not ``*``.

    Raises:
        CallInvalid: it cannot.
    """
    if not text or len(text) > MAX_ID:
        raise CallInvalid(f"a {kind} id has 1 to {MAX_ID} characters; got {len(text)}")
    if _HIDDEN.search(text) or text != text.strip() or text == ANY:
        raise CallInvalid(f"the {kind} id {text!r} has hidden or outer blank characters, or is '*'")
    return text


def scope(kind: str, identifier: str = "") -> str:
    """Return the text of a scope, such as ``customer:cust_123`` or ``total``.

    Raises:
        CallInvalid: the kind is unknown or the id cannot be one.
    """
    if kind == "total":
        if identifier:
            raise CallInvalid("the scope 'total' has no id; write 'total'")
        return kind
    if kind not in KINDS:
        raise CallInvalid(f"{kind!r} is not a kind of scope; use one of {', '.join(KINDS)}")
    if kind == "tag":
        key, found, value = identifier.partition("=")
        if not found or not _TAG_KEY.fullmatch(key):
            raise CallInvalid(f"a tag is KEY=VALUE with a plain key; got {identifier!r}")
        checked_id("tag", value)
    return f"{kind}:{checked_id(kind, identifier)}"


def parse_scope(text: str) -> str:
    """Return *text* in canonical form, when it names one spender.

    Raises:
        CallInvalid: it does not.
    """
    kind, _, identifier = text.partition(":")
    return scope(kind, identifier)


def parse_pattern(text: str) -> str:
    """Return *text* when it is a scope, or a default for a kind: ``customer:*``, ``tag:team=*``.

    Raises:
        CallInvalid: it is neither.
    """
    kind, _, identifier = text.partition(":")
    if identifier == ANY and kind in KINDS and kind not in ("total", "tag"):
        return text
    key, found, value = identifier.partition("=")
    if kind == "tag" and found and value == ANY and _TAG_KEY.fullmatch(key):
        return text
    return parse_scope(text)


def default_of(scope_text: str) -> str | None:
    """Return the pattern whose budgets hold for *scope_text* where it has none of its own; ``total`` has none."""
    kind, _, identifier = scope_text.partition(":")
    if kind == "total":
        return None
    if kind == "tag":
        return f"tag:{identifier.partition('=')[0]}={ANY}"
    return f"{kind}:{ANY}"


def is_default(pattern: str) -> bool:
    """Say whether *pattern* stands for every id of its kind."""
    return pattern.endswith((f":{ANY}", f"={ANY}"))


@dataclass(frozen=True, slots=True)
class Attribution:
    """Whom a call is for. Tags are sorted pairs, so equal attributions compare equal."""

    customer_id: str | None = None
    agent_id: str | None = None
    campaign_id: str | None = None
    key_id: str | None = None
    tags: tuple[tuple[str, str], ...] = ()

    def scopes(self, provider: str, model: str) -> tuple[str, ...]:
        """Return every scope that pays for a call to *model* at *provider*, ``total`` first.

        Raises:
            CallInvalid: an id cannot be one, or a tag key comes twice.
        """
        if len({key for key, _ in self.tags}) != len(self.tags):
            raise CallInvalid("a tag key was given twice; give each key one value")
        named = (
            ("customer", self.customer_id),
            ("agent", self.agent_id),
            ("campaign", self.campaign_id),
            ("key", self.key_id),
        )
        mine = [scope(kind, identifier) for kind, identifier in named if identifier is not None]
        mine += [scope("tag", f"{key}={value}") for key, value in sorted(self.tags)]
        return ("total", *mine, scope("model", model), scope("provider", provider))
