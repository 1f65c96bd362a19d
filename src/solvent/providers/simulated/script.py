"""A stream before it is sent: its head, pieces that carry tokens, and its tail."""

from dataclasses import dataclass

import orjson

from solvent.domain.call import Json


@dataclass(frozen=True, slots=True)
class Script:
    """The bytes of one stream; each piece with the visible tokens that it delivers, ``broken`` an error event."""

    head: bytes
    pieces: tuple[tuple[bytes, int], ...]
    tail: bytes
    broken: bytes
    content_type: str = "text/event-stream"


def data(document: Json) -> bytes:
    """Return an event without a name."""
    return b"data: " + orjson.dumps(document) + b"\n\n"


def named(document: Json) -> bytes:
    """Return an event that has the document's ``type`` for its name."""
    return b"event: " + str(document["type"]).encode() + b"\n" + data(document)


def sizes(total: int, size: int) -> list[int]:
    """Return how many of *total* tokens each piece of *size* tokens carries."""
    return [min(size, total - at) for at in range(0, total, size)]
