"""Event streams are cut by the WHATWG rules, however their bytes are split."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solvent.dialects.sse import Event, EventReader, write_event
from solvent.errors import UsageContradictory


def told(events: list[Event]) -> list[tuple[str, str | None]]:
    return [(event.name, event.data) for event in events]


def read(stream: bytes, *cuts: int) -> tuple[list[Event], bytes]:
    reader = EventReader()
    marks = [0, *sorted(cuts), len(stream)]
    events = [event for a, b in pairwise(marks) for event in reader.feed(stream[a:b])]
    last, rest = reader.end()
    return events + last, rest


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_in_any_of_the_three_ways(end):
    stream = f"event: a{end}data: one{end}{end}data: two{end}{end}".encode()
    assert told(read(stream)[0]) == [("a", "one"), ("", "two")]


def test_line_ends_may_be_mixed_within_one_stream():
    assert told(read(b"data: one\r\n\ndata: two\r\r\ndata: three\n\r")[0]) == [
        ("", "one"),
        ("", "two"),
        ("", "three"),
    ]


def test_several_data_lines_are_one_text_with_line_feeds():
    assert told(read(b"data: one\ndata\ndata:  two\n\n")[0]) == [("", "one\n\n two")]


def test_a_byte_order_mark_is_skipped_only_at_the_very_start():
    bom = b"\xef\xbb\xbf"
    assert told(read(bom + b"data: a\n\n" + bom + b"data: b\n\n")[0]) == [("", "a"), ("", None)]


def test_comments_and_unknown_fields_tell_nothing_but_their_bytes_are_kept():
    stream = b": OPENROUTER PROCESSING\n\nid: 7\nretry: 3\n\ndata: a\n\n"
    events, rest = read(stream)
    assert told(events) == [("", None), ("", None), ("", "a")]
    assert b"".join(event.raw for event in events) + rest == stream


def test_only_one_blank_after_the_colon_is_dropped():
    assert told(read(b"data:a\n\ndata:  b\n\n")[0]) == [("", "a"), ("", " b")]


def test_an_event_without_its_blank_line_is_not_told():
    events, rest = read(b"data: a\n\ndata: [DONE]\n")
    assert told(events) == [("", "a")]
    assert rest == b"data: [DONE]\n"


def test_a_carriage_return_at_the_end_of_a_chunk_waits_for_its_line_feed():
    reader = EventReader()
    assert reader.feed(b"data: a\r\n\r") == []
    assert [event.raw for event in reader.feed(b"\ndata: b\r\n\r\n")] == [
        b"data: a\r\n\r\n",
        b"data: b\r\n\r\n",
    ]


def test_bytes_that_are_not_utf_8_are_replaced_and_do_not_stop_the_stream():
    assert told(read(b"data: \xff\n\ndata: b\n\n")[0]) == [("", "\ufffd"), ("", "b")]


def test_a_character_split_between_chunks_is_read_whole():
    stream = "data: größe 🙂\n\n".encode()
    for cut in range(len(stream)):
        assert told(read(stream, cut)[0]) == [("", "größe 🙂")]


@given(st.data())
def test_how_a_stream_is_split_does_not_matter(data):
    alphabet = st.sampled_from([b"data: x", b"event: y", b":c", b"\r", b"\n", b"\r\n", b"\xc3\xa4"])
    stream = b"".join(data.draw(st.lists(alphabet, max_size=30)))
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=8))
    events, rest = read(stream, *cuts)
    assert (events, rest) == read(stream)
    assert b"".join(event.raw for event in events) + rest == stream


@pytest.mark.parametrize("chunk_bytes", [1000, 64 * 1024, 11_000_000])
def test_an_event_above_the_limit_is_refused_before_it_fills_memory(chunk_bytes):
    reader = EventReader(limit_bytes=1_000_000)
    line = b"data: " + b"x" * 10_000_000 + b"\n\n"
    fed: list[int] = []

    def feed_all():
        for start in range(0, len(line), chunk_bytes):
            fed.append(start)
            reader.feed(line[start : start + chunk_bytes])

    with pytest.raises(UsageContradictory, match="1000000 bytes"):
        feed_all()
    assert fed[-1] <= 1_000_000 + chunk_bytes


def test_many_events_in_one_chunk_may_be_longer_than_the_limit_together():
    reader = EventReader(limit_bytes=100)
    assert len(reader.feed(b"data: x\n\n" * 1000)) == 1000


def test_a_provider_that_sends_one_byte_at_a_time_is_read():
    text = "x" * 20_000
    reader = EventReader()
    stream = f"data: {text}\n\n".encode()
    events = [event for byte in stream for event in reader.feed(bytes([byte]))]
    assert told(events) == [("", text)]


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=40),
    st.lists(st.text("ab :\u2028ä", max_size=5), min_size=1, max_size=4),
)
def test_what_is_written_is_read_again(name, lines):
    text = "\n".join(lines)
    assert told(read(write_event(text, name))[0]) == [(name, text)]
