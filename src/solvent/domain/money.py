"""Money: whole nano-dollars, and the only places where text or a decimal becomes one.

Every amount in solvent is a plain ``int`` of nano-dollars (10⁻⁹ USD) whose name ends in ``_nanos``.
No float ever holds money; this module refuses them.
"""

from decimal import ROUND_CEILING, Decimal, InvalidOperation
from typing import Final, final

from solvent.errors import CallInvalid, LimitOutOfRange

NANOS_PER_USD: Final = 10**9
_NANO: Final = Decimal("1e-9")
_LARGEST_EXPONENT: Final = 12
"""Of an amount that is still reckoned with; what is larger is refused before its digits are written out."""


@final
class Money:
    """The conversions of money; never instantiated."""

    MAX: Final = 2**53 - 1
    """The largest amount per scope and window, $9,007,199.254740991: Lua counts in doubles."""

    @staticmethod
    def ceil(usd: Decimal) -> int:
        """Return *usd* dollars as nano-dollars, rounded up (towards what is owed).

        Raises:
            CallInvalid: *usd* is NaN or infinite.
        """
        if not usd.is_finite():
            raise CallInvalid(f"{usd} is not an amount of money; give a finite number of dollars")
        return int((usd * NANOS_PER_USD).to_integral_value(rounding=ROUND_CEILING))

    @staticmethod
    def parse(text: str) -> int:
        """Return the nano-dollars that *text* names, such as ``"5"``, ``"0.015"`` or ``"$1,250.00"``.

        Raises:
            CallInvalid: not a decimal number, negative, or finer than a nano-dollar.
            LimitOutOfRange: above ``Money.MAX``.
        """
        plain = text.strip().removeprefix("$").replace(",", "")
        try:
            usd = Decimal(plain)
        except InvalidOperation:
            raise CallInvalid(f"{text!r} is not an amount of money; write dollars like 5 or 0.25") from None
        if not usd.is_finite():
            raise CallInvalid(f"{usd} is not an amount of money; give a finite number of dollars")
        if usd < 0:
            raise CallInvalid(f"{text!r} is negative; an amount is zero or more")
        if usd and usd.adjusted() > _LARGEST_EXPONENT:
            raise LimitOutOfRange(f"{text!r} is above {Money.show(Money.MAX)}, the most that can be counted")
        exact = usd.quantize(_NANO)
        if exact != usd:
            raise CallInvalid(f"{text!r} is finer than a nano-dollar; give at most 9 decimals")
        return Money.checked(int(exact * NANOS_PER_USD))

    @staticmethod
    def checked(nanos: object) -> int:
        """Return *nanos* unchanged when it lies in 0 … ``Money.MAX``.

        Raises:
            LimitOutOfRange: it does not, or is not a whole number.
        """
        if isinstance(nanos, bool) or not isinstance(nanos, int) or not 0 <= nanos <= Money.MAX:
            raise LimitOutOfRange(
                f"{nanos!r} nano-dollars is outside 0 … {Money.MAX} ({Money.show(Money.MAX)})"
            )
        return nanos

    @staticmethod
    def show(nanos: int) -> str:
        """Return *nanos* as dollars for people: exact, at least two decimals, no exponent."""
        sign = "-" if nanos < 0 else ""
        whole, part = divmod(abs(nanos), NANOS_PER_USD)
        decimals = f"{part:09d}".rstrip("0").ljust(2, "0")
        return f"{sign}${whole:,}.{decimals}"

    @staticmethod
    def plain(nanos: int) -> str:
        """Return *nanos* as dollars for machines (headers, JSON, CSV): exact, no sign or grouping."""
        sign = "-" if nanos < 0 else ""
        whole, part = divmod(abs(nanos), NANOS_PER_USD)
        decimals = f"{part:09d}".rstrip("0")
        return f"{sign}{whole}.{decimals}" if decimals else f"{sign}{whole}"
