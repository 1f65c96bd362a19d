"""The headers of pictures tell their size; nothing else of them is believed or decoded."""

import base64
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solvent.dialects.images import image_size, inline_media, linked_media, split_data_url


def encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 640, 480) + bytes(20)
GIF = b"GIF89a" + struct.pack("<HH", 320, 200) + bytes(20)
LOSSY = b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0" + b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 800, 600)
LOSSLESS = b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f" + struct.pack("<I", (1023) | (767 << 14))
EXTENDED = b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0" + bytes(4) + b"\xff\x03\0" + b"\xff\x02\0"
FRAME = b"\xff\xc2\0\x11\x08" + struct.pack(">HH", 1080, 1920) + bytes(12)
JPEG = b"\xff\xd8\xff\xe0\0\x10" + bytes(14) + FRAME


@pytest.mark.parametrize(
    ("raw", "size"),
    [
        (PNG, (640, 480)),
        (GIF, (320, 200)),
        (LOSSY, (800, 600)),
        (LOSSLESS, (1024, 768)),
        (EXTENDED, (1024, 768)),
        (JPEG, (1920, 1080)),
    ],
)
def test_each_form_tells_its_size(raw, size):
    assert image_size(encoded(raw)) == size


def test_a_jpeg_frame_after_a_long_profile_is_found():
    profile = b"\xff\xe2\xff\xff" + bytes(65533)
    assert image_size(encoded(b"\xff\xd8" + profile + profile + FRAME)) == (1920, 1080)


def test_a_jpeg_with_fill_bytes_is_read():
    assert image_size(encoded(b"\xff\xd8\xff\xff\xff\x01" + FRAME)) == (1920, 1080)


@pytest.mark.parametrize(
    "data",
    ["", "!!!!", "äöü", encoded(b"BM" + bytes(60)), encoded(PNG[:18]), encoded(b"\xff\xd8\xff\xe0\0\0" * 9)],
)
def test_what_is_no_picture_has_no_size(data):
    assert image_size(data) is None


def test_a_header_that_says_zero_has_no_size():
    assert image_size(encoded(PNG.replace(struct.pack(">I", 640), bytes(4)))) is None


@given(st.binary(max_size=300))
def test_hostile_bytes_behind_a_known_header_never_raise(tail):
    for head in (b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\0\0\0\0WEBP", b"\xff\xd8", b""):
        image_size(encoded(head + tail))


def test_a_data_url_is_media_of_its_length_and_size():
    url = f"data:image/png;base64,{encoded(PNG)}"
    media = linked_media("image", url, detail="low")
    assert (media.size_bytes, media.width, media.height, media.detail) == (len(url), 640, 480, "low")


def test_a_link_is_media_without_size():
    media = linked_media("image", "https://example.com/cat.png")
    assert (media.size_bytes, media.width) == (0, None)


def test_sound_is_not_searched_for_a_size():
    assert inline_media("audio", encoded(PNG)).width is None


def test_a_data_url_splits_into_type_and_data():
    assert split_data_url("data:Image/PNG;charset=x;base64,AAAA") == ("image/png", "AAAA")


@pytest.mark.parametrize("url", ["data:text/plain,hello", "https://example.com", "data:", "data:;base64"])
def test_what_is_not_base64_does_not_split(url):
    assert split_data_url(url) is None
