"""From a call to the HTTP exchange that carries it: address, headers, credential."""

from types import MappingProxyType
from typing import Final
from urllib.parse import quote

from solvent.domain.call import Dialect, Operation
from solvent.errors import CallInvalid, ModelNotAllowed
from solvent.ports.upstream import Deadlines, UpstreamCall
from solvent.providers.provider import Deployment

ANTHROPIC_VERSION: Final = "2023-06-01"
PASSED_ON: Final = frozenset({"anthropic-beta", "anthropic-version", "openai-beta"})
"""The client's headers that reach the provider, and only in their own dialects."""

_MAX_HEADER: Final = 2_000
_PATHS: Final = MappingProxyType(
    {
        (Dialect.OPENAI_CHAT, Operation.GENERATE): "/chat/completions",
        (Dialect.OPENAI_RESPONSES, Operation.GENERATE): "/responses",
        (Dialect.OPENAI_EMBEDDINGS, Operation.EMBED): "/embeddings",
        (Dialect.ANTHROPIC_MESSAGES, Operation.GENERATE): "/messages",
        (Dialect.ANTHROPIC_MESSAGES, Operation.COUNT): "/messages/count_tokens",
        (Dialect.GOOGLE_GENERATE, Operation.GENERATE): ":generateContent",
        (Dialect.GOOGLE_GENERATE, Operation.COUNT): ":countTokens",
        (Dialect.GOOGLE_EMBED, Operation.EMBED): ":embedContent",
    }
)


def build(
    deployment: Deployment,
    dialect: Dialect,
    operation: Operation,
    *,
    stream: bool,
    body: bytes,
    credential: str | None,
    deadlines: Deadlines,
    headers: tuple[tuple[str, str], ...] = (),
    batch: bool = False,
) -> UpstreamCall:
    """Return the exchange for *body*, which is a call of *dialect* already.

    *headers* are the client's; only those of ``PASSED_ON`` go on. *batch* asks Google to embed several texts.

    Raises:
        CallInvalid: the dialect has no such operation, or a passed header is malformed.
        ModelNotAllowed: the model's name cannot stand in an address.
    """
    return UpstreamCall(
        provider=deployment.provider.name,
        url=_url(deployment, dialect, operation, stream=stream, batch=batch),
        headers=_headers(deployment, dialect, credential, headers, stream=stream),
        body=body,
        deadlines=deadlines,
    )


def _url(deployment: Deployment, dialect: Dialect, operation: Operation, *, stream: bool, batch: bool) -> str:
    path = _PATHS.get((dialect, operation))
    if path is None:
        raise CallInvalid(f"{dialect.value} has no operation '{operation.value}'")
    if path.startswith(":"):
        verb = {
            ":generateContent": ":streamGenerateContent?alt=sse" if stream else path,
            ":embedContent": ":batchEmbedContents" if batch else path,
        }.get(path, path)
        return f"{deployment.base_url}/models/{_in_path(deployment.model)}{verb}"
    own = dict(deployment.provider.paths).get(dialect)
    if own is not None:
        path = own + ("/count_tokens" if operation is Operation.COUNT else "")
    return deployment.base_url + path


def _in_path(model: str) -> str:
    plain = model.removeprefix("models/")
    if "/" in plain or plain.startswith("."):
        raise ModelNotAllowed(f"{model!r} cannot stand in an address; give the model's plain name")
    return quote(plain, safe="-._~@")


def _headers(
    deployment: Deployment,
    dialect: Dialect,
    credential: str | None,
    client: tuple[tuple[str, str], ...],
    *,
    stream: bool,
) -> tuple[tuple[str, str], ...]:
    sent = {
        "content-type": "application/json",
        "accept": "text/event-stream" if stream else "application/json",
        "accept-encoding": "identity",
    }
    if dialect is Dialect.ANTHROPIC_MESSAGES:
        sent["anthropic-version"] = ANTHROPIC_VERSION
    sent |= {name.lower(): value for name, value in deployment.provider.headers}
    sent |= _passed(dialect, client)
    if credential is not None:
        auth = deployment.provider.auth
        name, value = ("authorization", f"Bearer {credential}") if auth == "bearer" else (auth, credential)
        sent[name] = value
    return tuple(sent.items())


def _passed(dialect: Dialect, client: tuple[tuple[str, str], ...]) -> dict[str, str]:
    family = dialect.value.partition("_")[0]
    passed: dict[str, str] = {}
    for name, value in client:
        lower = name.lower()
        if lower not in PASSED_ON or not lower.startswith(family):
            continue
        if len(value) > _MAX_HEADER or not (value.isascii() and value.isprintable()):
            raise CallInvalid(
                f"the header {lower} is not one line of printable ASCII below {_MAX_HEADER} bytes"
            )
        passed[lower] = f"{passed[lower]},{value}" if lower in passed else value
    return passed
