"""The SDKs of OpenAI, Anthropic and Google as they are, with nothing changed but their base address.

They are optional packages, so they are imported where they are first used.
"""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from solvent.cli.demonstration.scenery import Errand, SdkName
from solvent.errors import ConfigurationError

_KEY = "unused"
"""The gateway holds the providers' keys; what a client sends as its own is not looked at."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How one call ended for its client: with text, or with the SDK's own error.

    ``code`` is solvent's word for a refusal, ``retries`` how often the SDK tried again where it tells.
    """

    errand: Errand
    elapsed_s: float
    error: str = ""
    status: int | None = None
    code: str = ""
    retries: int | None = None


class Sdk(Protocol):
    """One SDK. ``errors`` is the class of all that its server may answer instead."""

    errors: type[Exception]

    async def ask(self, errand: Errand) -> None:
        """Make the call and read its answer to the end."""
        ...

    def told(self, error: Any) -> tuple[int | None, str, int | None]:
        """Return status, solvent's code and the number of retries that *error* tells of."""
        ...


class OpenAISdk:
    """OpenAI's, on chat completions."""

    def __init__(self, openai: Any, address: str) -> None:
        self.errors: type[Exception] = openai.APIError
        self.client = openai.AsyncOpenAI(base_url=f"{address}/v1", api_key=_KEY)

    async def ask(self, errand: Errand) -> None:
        """Make the call and read its answer to the end."""
        answer = await self.client.chat.completions.create(
            model=errand.model,
            messages=[{"role": "user", "content": errand.prompt}],
            max_tokens=errand.max_tokens,
            stream=errand.stream,
            extra_headers=errand.headers,
        )
        if errand.stream:
            async for _ in answer:
                pass

    def told(self, error: Any) -> tuple[int | None, str, int | None]:
        """Return status, solvent's code and the number of retries that *error* tells of."""
        return _told_by_response(error)


class AnthropicSdk:
    """Anthropic's, on messages."""

    def __init__(self, anthropic: Any, address: str) -> None:
        self.errors: type[Exception] = anthropic.APIError
        self.client = anthropic.AsyncAnthropic(base_url=address, api_key=_KEY)

    async def ask(self, errand: Errand) -> None:
        """Make the call and read its answer to the end."""
        answer = await self.client.messages.create(
            model=errand.model,
            messages=[{"role": "user", "content": errand.prompt}],
            max_tokens=errand.max_tokens,
            stream=errand.stream,
            extra_headers=errand.headers,
        )
        if errand.stream:
            async for _ in answer:
                pass

    def told(self, error: Any) -> tuple[int | None, str, int | None]:
        """Return status, solvent's code and the number of retries that *error* tells of."""
        return _told_by_response(error)


class GoogleSdk:
    """Google's, on generateContent."""

    def __init__(self, genai: Any, errors: Any, address: str) -> None:
        self.errors: type[Exception] = errors.APIError
        self.client = genai.Client(api_key=_KEY, http_options={"base_url": address})

    async def ask(self, errand: Errand) -> None:
        """Make the call and read its answer to the end."""
        config = {"max_output_tokens": errand.max_tokens, "http_options": {"headers": errand.headers}}
        models = self.client.aio.models
        if not errand.stream:
            await models.generate_content(model=errand.model, contents=errand.prompt, config=config)
            return
        async for _ in await models.generate_content_stream(
            model=errand.model, contents=errand.prompt, config=config
        ):
            pass

    def told(self, error: Any) -> tuple[int | None, str, int | None]:
        """Return the status and solvent's code; this SDK does not tell of retries."""
        headers = getattr(error.response, "headers", {})
        return error.code, headers.get("x-solvent-error", ""), None


def _told_by_response(error: Any) -> tuple[int | None, str, int | None]:
    response = getattr(error, "response", None)
    if response is None:
        return None, "", None
    retries = response.request.headers.get("x-stainless-retry-count", "0")
    return response.status_code, response.headers.get("x-solvent-error", ""), int(retries)


@asynccontextmanager
async def clients(address: str) -> AsyncIterator[dict[SdkName, Sdk]]:
    """Give a client of each SDK, aimed at the gateway at *address*.

    Raises:
        ConfigurationError: an SDK is not installed.
    """
    try:
        import anthropic  # noqa: PLC0415 - an optional package
        import openai  # noqa: PLC0415 - an optional package
        from google import genai  # noqa: PLC0415 - an optional package
        from google.genai import errors  # noqa: PLC0415 - an optional package
    except ImportError as error:
        raise ConfigurationError(
            f"the demo drives the real SDKs, and {error.name} is not installed; install 'solvent[demo]'"
        ) from error
    opened_openai, opened_anthropic = OpenAISdk(openai, address), AnthropicSdk(anthropic, address)
    opened_google = GoogleSdk(genai, errors, address)
    async with AsyncExitStack() as closing:
        closing.push_async_callback(opened_openai.client.close)
        closing.push_async_callback(opened_anthropic.client.close)
        closing.push_async_callback(opened_google.client.aio.aclose)
        yield {"openai": opened_openai, "anthropic": opened_anthropic, "google": opened_google}


async def ended(sdk: Sdk, errand: Errand) -> Ended:
    """Make the call of *errand* and return how it ended; the SDK's own errors are part of the show."""
    began_s = time.monotonic()
    try:
        await sdk.ask(errand)
    except sdk.errors as error:
        status, code, retries = sdk.told(error)
        name = f"{type(error).__module__.partition('.')[0]}.{type(error).__name__}"
        return Ended(errand, time.monotonic() - began_s, name, status, code, retries)
    return Ended(errand, time.monotonic() - began_s)
