"""Currencies of ISO 4217: their minor units, and amounts between decimal text and whole minor units.

An amount is read once, exactly; what has more decimals than its currency is refused, never rounded.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Final

LARGEST_MINOR: Final = 2**53 - 1
"""The largest amount of one record; whole numbers up to here survive JSON and spreadsheets."""

_DECIMALS: Final[Mapping[int, str]] = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD"
        " CDF CHE CHF CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP"
        " GMD GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD"
        " MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR"
        " PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP"
        " TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG ZWL"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}

MINOR_DIGITS: Final[Mapping[str, int]] = MappingProxyType(
    {code: digits for digits, codes in _DECIMALS.items() for code in codes.split()}
)
"""Decimals of each currency, by its ISO 4217 code; the Croatian kuna and others that old ledgers hold included."""


def to_minor(amount: Decimal, currency: str) -> int:
    """Return *amount* in whole minor units of *currency*, such as cents.

    Raises:
        ValueError: the currency is unknown, or the amount is no finite number, too large, or finer than its unit.
    """
    digits = _digits(currency)
    if not amount.is_finite():
        raise ValueError(f"{amount} is not an amount")
    if amount and amount.adjusted() > len(str(LARGEST_MINOR)):
        raise ValueError(f"{amount} {currency} is larger than {show(LARGEST_MINOR, currency)}")
    try:
        minor = amount.scaleb(digits)
        whole = int(minor.to_integral_exact())
    except InvalidOperation as error:
        raise ValueError(f"{amount} is not an amount") from error
    if minor != whole:
        raise ValueError(f"{amount} has more than the {digits} decimals of {currency}")
    if abs(whole) > LARGEST_MINOR:
        raise ValueError(f"{amount} {currency} is larger than {show(LARGEST_MINOR, currency)}")
    return whole


def show(amount_minor: int, currency: str) -> str:
    """Return *amount_minor* for people: ``40.00 EUR``.

    Raises:
        ValueError: the currency is unknown.
    """
    return f"{Decimal(amount_minor).scaleb(-_digits(currency)):f} {currency}"


def _digits(currency: str) -> int:
    if currency not in MINOR_DIGITS:
        raise ValueError(f"{currency!r} is not a currency of ISO 4217; write its three capital letters")
    return MINOR_DIGITS[currency]
