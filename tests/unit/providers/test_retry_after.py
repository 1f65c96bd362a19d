import pytest
from hypothesis import given
from hypothesis import strategies as st

from solvent.providers.retry_after import retry_after_s


def google(delay):
    return {"error": {"details": [{"@type": "…"}, {"@type": "…RetryInfo", "retryDelay": delay}]}}


@pytest.mark.parametrize(
    ("headers", "document", "expected_s"),
    [
        ({"retry-after": "20"}, {}, 20.0),
        ({"Retry-After": "1.5"}, {}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "1"}, {}, 0.25),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:10 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, {}, 10.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:27:00 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, {}, 0.0),
        ({}, google("34.5s"), 34.5),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0s"}, {}, 360.0),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "20ms"}, {}, 0.02),
        (
            {
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-reset-requests": "1s",
                "x-ratelimit-remaining-tokens": "0",
                "x-ratelimit-reset-tokens": "1m30s",
            },
            {},
            90.0,
        ),
        ({"x-ratelimit-remaining-requests": "5", "x-ratelimit-reset-requests": "1h"}, {}, None),
        ({}, {}, None),
    ],
)
def test_each_way_to_say_when_is_read(headers, document, expected_s):
    found_s = retry_after_s(headers, document)
    assert found_s == (None if expected_s is None else pytest.approx(expected_s))


@pytest.mark.parametrize(
    "text", ["", "soon", "-1", "nan", "inf", "1e9", "99999999999", "Wed, 99 Oct 2026", "١٢", "1,5"]
)
def test_nonsense_and_endless_waits_are_left_out(text):
    assert retry_after_s({"retry-after": text, "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, {}) is None
    assert retry_after_s({}, google(text)) is None


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_header_is_too_strange(value, date):
    names = ("retry-after", "retry-after-ms", "x-ratelimit-reset-tokens")
    headers = dict.fromkeys(names, value) | {"x-ratelimit-remaining-tokens": "0", "date": date}
    found_s = retry_after_s(headers, google(value))
    assert found_s is None or found_s >= 0
