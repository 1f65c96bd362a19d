import json
import os
from pathlib import Path

import pytest

from solvent.domain.call import Dialect
from solvent.errors import UpstreamRateLimited, UpstreamRejected
from solvent.providers.classify import failure

RECORDED = Path(__file__).resolve().parents[3] / ".." / "shared" / "wire" / "exchanges.jsonl"
if not RECORDED.exists() and os.environ.get("CI") != "true":
    pytest.skip("the recorded exchanges are not beside this checkout", allow_module_level=True)

EXPECTED = {
    "tool_use_failed": ("tool_failed", UpstreamRejected),
    "unsupported_value": ("invalid", UpstreamRejected),
    "model_not_found": ("model_unknown", UpstreamRejected),
    "not_found_error": ("model_unknown", UpstreamRejected),
    "decimal_below_min_value": ("invalid", UpstreamRejected),
    "invalid_request_error": ("invalid", UpstreamRejected),
    429: ("rate", UpstreamRateLimited),
}


def failures():
    exchanges = map(json.loads, RECORDED.read_text("utf-8").splitlines())
    return [exchange for exchange in exchanges if exchange["status"] >= 400]


@pytest.mark.parametrize("exchange", failures(), ids=lambda exchange: exchange["id"])
def test_every_recorded_failure_is_understood(exchange):
    body = json.dumps(exchange["response"]).encode()
    headers = {"content-type": exchange["content_type"]}
    found = failure(exchange["provider"], Dialect.OPENAI_CHAT, exchange["status"], headers, body)
    said = exchange["response"]["error"]
    kind, made = EXPECTED[said.get("code") or said["type"]]
    assert type(found) is made
    assert found.failure.kind == kind
    assert found.failure.body == body
    assert said["message"] not in str(found)


def test_the_recordings_hold_failures_to_learn_from():
    assert len(failures()) >= 10
