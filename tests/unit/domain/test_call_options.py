"""The terms that a caller may choose for one call: what cannot hold is refused before anything is looked up."""

import pytest

from solvent.domain.call import MAX_OPTION_S, CallOptions
from solvent.errors import CallInvalid


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), MAX_OPTION_S + 1, 10**400, "5", [5]])
@pytest.mark.parametrize("name", ["busy_wait_s", "deadline_s"])
def test_seconds_that_are_none_are_refused_by_name(name, seconds):
    with pytest.raises(CallInvalid, match=name):
        CallOptions(**{name: seconds}).checked()


def test_a_deadline_without_time_is_refused_since_it_would_be_paid_for_nothing():
    with pytest.raises(CallInvalid, match="no time"):
        CallOptions(deadline_s=0).checked()


@pytest.mark.parametrize("policy", ["", "REFUSE", "clampp", 1])
def test_a_policy_that_is_none_is_refused(policy):
    with pytest.raises(CallInvalid, match="policy"):
        CallOptions(policy=policy).checked()


@pytest.mark.parametrize(
    "options",
    [CallOptions(), CallOptions("clamp", 0, 0.001), CallOptions("refuse", MAX_OPTION_S, MAX_OPTION_S)],
)
def test_terms_that_can_hold_are_taken_as_they_are(options):
    assert options.checked() is options
