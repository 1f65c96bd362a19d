"""Admit: read what a call may demand, before anything is looked up or held."""

from solvent.calls.records import Admitted
from solvent.dialects.table import codec
from solvent.domain.call import Call


def admit(call: Call) -> Admitted:
    """Return the call with its demand.

    Raises:
        CallInvalid: its body cannot be what its dialect says, or a term of its caller's cannot hold; it is named.
    """
    call.options.checked()
    return Admitted(call, codec(call.dialect).demand(call.document, len(call.raw)))
