"""What the header of an inline picture tells: its width and height in pixels, without decoding the picture."""

import base64
import binascii
import re
from typing import Final, Literal

from solvent.domain.call import Media, MediaKind

_DATA_URL: Final = re.compile(r"data:([^,;]*)((?:;[^,;]*)*),", re.IGNORECASE)
_HEAD_CHARS: Final = 4096
_JPEG_CHARS: Final = 256 * 1024
_JPEG_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_BARE: Final = frozenset({0x01, *range(0xD0, 0xD9)})

Size = tuple[int, int]


def inline_media(kind: MediaKind, data: str, *, detail: str | None = None) -> Media:
    """Return the media of base64 *data* or of a data URL, with its size where it is a picture that tells it."""
    found = _DATA_URL.match(data)
    size = image_size(data[found.end() :] if found else data) if kind == "image" else None
    width, height = size or (None, None)
    return Media(kind, len(data), width=width, height=height, detail=detail)


def linked_media(kind: MediaKind, url: str, *, detail: str | None = None) -> Media:
    """Return the media of *url*, which may be a data URL."""
    if url[:5].lower() == "data:":
        return inline_media(kind, url, detail=detail)
    return Media(kind, detail=detail)


def split_data_url(url: str) -> tuple[str, str] | None:
    """Return media type and base64 data of a data URL; None where it is not one, or not base64."""
    found = _DATA_URL.match(url)
    if not found or not found[2].lower().endswith(";base64"):
        return None
    return found[1].lower(), url[found.end() :]


def image_size(data: str) -> Size | None:
    """Return width and height that the header of base64 *data* tells (PNG, JPEG, GIF, WebP); None if it does not.

    A header may lie; no more of the picture is read than its first quarter of a megabyte.
    """
    head = _decode(data, _HEAD_CHARS)
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return _told(_pair(head[16:20], head[20:24], "big"))
    if head.startswith((b"GIF87a", b"GIF89a")):
        return _told(_pair(head[6:8], head[8:10], "little"))
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return _told(_webp(head))
    if head.startswith(b"\xff\xd8"):
        return _told(_jpeg(head) or _jpeg(_decode(data, _JPEG_CHARS)))
    return None


def _told(size: Size | None) -> Size | None:
    return size if size and all(size) else None


def _decode(data: str, most_chars: int) -> bytes:
    head = data[:most_chars]
    try:
        return base64.b64decode(head[: len(head) // 4 * 4])
    except (binascii.Error, ValueError):
        return b""


def _pair(width: bytes, height: bytes, order: Literal["big", "little"]) -> Size:
    return int.from_bytes(width, order), int.from_bytes(height, order)


def _webp(head: bytes) -> Size | None:
    """Read the three forms of WebP (RFC 9649): lossy, lossless, extended."""
    form = head[12:16]
    if form == b"VP8 ":
        width, height = _pair(head[26:28], head[28:30], "little")
        return width & 0x3FFF, height & 0x3FFF
    if form == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if form == b"VP8X":
        width, height = _pair(head[24:27], head[27:30], "little")
        return width + 1, height + 1
    return None


def _jpeg(head: bytes) -> Size | None:
    """Walk the segments (ITU T.81, B.1) to the first frame header."""
    at = 2
    while at + 9 <= len(head) and head[at] == 0xFF:  # noqa: PLR2004 — the marker byte
        marker = head[at + 1]
        if marker in _JPEG_FRAMES:
            return _pair(head[at + 7 : at + 9], head[at + 5 : at + 7], "big")
        if marker == 0xFF:  # noqa: PLR2004 — a fill byte
            at += 1
        elif marker in _JPEG_BARE:
            at += 2
        else:
            at += 2 + int.from_bytes(head[at + 2 : at + 4], "big")
    return None
