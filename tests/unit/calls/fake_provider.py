"""A provider behind the upstream port whose reply a test scripts. Read with ``runpy``, never collected."""

import asyncio


class Reply:
    """A provider's reply that comes in pieces; a piece that is an error is raised, an event is waited for."""

    def __init__(self, *pieces, status=200):
        self.status = status
        self.headers = {"content-type": "application/json"}
        self.pieces = pieces
        self.closed = 0

    async def read(self, limit_bytes):
        return b"".join([piece async for piece in self.chunks()])

    async def chunks(self):
        for piece in self.pieces:
            if isinstance(piece, BaseException):
                raise piece
            if isinstance(piece, asyncio.Event):
                await piece.wait()
            else:
                yield piece

    async def close(self):
        self.closed += 1


class Provider:
    """The way to providers: gives one reply, or raises it."""

    def __init__(self, reply):
        self.reply = reply
        self.sent = []

    async def send(self, call):
        self.sent.append(call)
        if isinstance(self.reply, BaseException):
            raise self.reply
        if isinstance(self.reply, asyncio.Event):
            await self.reply.wait()
        return self.reply

    async def close(self):
        pass
