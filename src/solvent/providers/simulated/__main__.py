"""The simulated provider as a process: ``python -m solvent.providers.simulated --port 0``.

Prints one line of JSON, ``{"url": "http://127.0.0.1:…"}``, when it listens; ends on SIGINT and SIGTERM.
"""

import argparse
import asyncio
import signal
import sys

import orjson

from solvent.providers.simulated.invoice import ModelPrice
from solvent.providers.simulated.server import DEFAULT_PRICES, SimulatedProvider


def main() -> None:
    """Read the arguments and serve until a signal comes."""
    try:
        asyncio.run(_serve(_arguments()))
    except KeyboardInterrupt:
        sys.exit(130)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m solvent.providers.simulated", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=4010, help="0 takes a free one")
    parser.add_argument("--latency-ms", type=int, default=0, help="before the first byte")
    parser.add_argument("--chunk-ms", type=int, default=0, help="between pieces of a stream")
    parser.add_argument("--chunk-tokens", type=int, default=4, help="tokens in a piece of a stream")
    parser.add_argument(
        "--prices",
        type=_prices,
        default=DEFAULT_PRICES,
        metavar="JSON",
        help='model → nano-dollars for a million tokens: {"*": {"input_nanos": 1, "output_nanos": 2}}',
    )
    return parser.parse_args()


def _prices(text: str) -> dict[str, ModelPrice]:
    try:
        return {model: ModelPrice(**fields) for model, fields in orjson.loads(text).items()}
    except (orjson.JSONDecodeError, TypeError, AttributeError) as error:
        raise argparse.ArgumentTypeError(f"is not an object of prices by model: {error}") from error


async def _serve(chosen: argparse.Namespace) -> None:
    provider = SimulatedProvider(
        chosen.prices,
        latency_ms=chosen.latency_ms,
        chunk_ms=chosen.chunk_ms,
        chunk_tokens=chosen.chunk_tokens,
        host=chosen.host,
        port=chosen.port,
    )
    async with provider:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        sys.stdout.write(orjson.dumps({"url": provider.url}).decode() + "\n")
        sys.stdout.flush()
        await stop.wait()


if __name__ == "__main__":
    main()
