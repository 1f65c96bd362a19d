"""Signatures of thoughts on their way through other dialects.

A provider proves its model's thoughts with a signature that only it can check and that must come back
unchanged. In canonical form a signature begins with the dialect that it belongs to. A document of another
dialect carries it wrapped, so that a client hands it back without knowing, and it reaches its own provider
again; a signature of one provider is never shown to another.
"""

import base64
import binascii
from typing import Final

from solvent.domain.call import Dialect

_MARK: Final = b"solvent:"


def read_signature(dialect: Dialect, raw: str) -> str:
    """Return the canonical form of the signature *raw* found in a document of *dialect*; empty stays empty."""
    if not raw:
        return ""
    try:
        told = base64.b64decode(raw.encode(), altchars=b"-_" if set(raw) & set("-_") else None)
    except (binascii.Error, ValueError):
        return f"{dialect}:{raw}"
    if told.startswith(_MARK):
        return told.removeprefix(_MARK).decode("utf-8", "replace")
    return f"{dialect}:{raw}"


def write_signature(dialect: Dialect, signature: str) -> str:
    """Return what stands for the canonical *signature* in a document of *dialect* that goes to a client."""
    if not signature:
        return ""
    return own_signature(dialect, signature) or base64.b64encode(_MARK + signature.encode()).decode()


def own_signature(dialect: Dialect, signature: str) -> str:
    """Return the raw signature when it belongs to *dialect*, else the empty string."""
    owner, _, raw = signature.partition(":")
    return raw if owner == dialect else ""
