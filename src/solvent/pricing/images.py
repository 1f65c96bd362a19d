"""How many tokens an image can count as: the providers' published formulas, each rounded towards more.

Sources: platform.openai.com/docs/guides/images-vision (tiles of 512 px, patches of 32 px),
platform.claude.com/docs/en/build-with-claude/vision (pixels ÷ 750, capped by resizing),
ai.google.dev/gemini-api/docs/tokens (258 a tile of 768 px; up to 2,240 an image by media resolution).
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from solvent.pricing.models import ImageRule

Formula: TypeAlias = Callable[[int, int], int]

_OPENAI_BASE, _OPENAI_TILE = 85, 170
_MINI_BASE, _MINI_TILE = 2_833, 5_667
_MOST_TILES: Final = 8
"""Of an image scaled into 2048 × 2048 and then to a shortest side of 768: 4 × 2."""

_MOST_PATCHES: Final = 1_536
_MOST_PATCHES_ORIGINAL: Final = 10_000
_PATCH_PERCENT: Final = 246
"""The greatest multiplier of a patch that OpenAI publishes, 2.46."""

_ANTHROPIC_MOST: Final = 4_784
_GOOGLE_TILE, _GOOGLE_MOST_RESOLVED = 258, 2_240


def image_tokens(
    rule: ImageRule, width: int | None, height: int | None, detail: str | None, ceiling_tokens: int
) -> int:
    """Return the most tokens that one image counts as.

    Where the size is not known it is the formula's own maximum, or *ceiling_tokens* where it has none.
    """
    original = detail == "original" and rule in (ImageRule.OPENAI, ImageRule.ANY)
    if width is None or height is None or width < 1 or height < 1:
        most = _WITHOUT_SIZE.get(rule, ceiling_tokens)
        return max(most, _priced_patches(_MOST_PATCHES_ORIGINAL)) if original else most
    tokens = _FORMULAS[rule](width, height)
    return max(tokens, _patches(width, height, _MOST_PATCHES_ORIGINAL)) if original else tokens


def _openai(width: int, height: int) -> int:
    tiles = _OPENAI_BASE + _OPENAI_TILE * _tiles(width, height)
    return max(tiles, _patches(width, height, _MOST_PATCHES))


def _openai_4o_mini(width: int, height: int) -> int:
    return _MINI_BASE + _MINI_TILE * _tiles(width, height)


def _anthropic(width: int, height: int) -> int:
    return min(_ANTHROPIC_MOST, max(_ceil(width * height, 750), _ceil(width, 28) * _ceil(height, 28)))


def _google(width: int, height: int) -> int:
    short = min(width, height)
    crop = max(1, short * 2 // 3)
    cropped = _ceil(width, crop) * _ceil(height, crop)
    tiled = _ceil(width, 768) * _ceil(height, 768)
    return max(_GOOGLE_TILE * cropped, _GOOGLE_TILE * tiled, _GOOGLE_MOST_RESOLVED)


def _any(width: int, height: int) -> int:
    patches = _ceil(width, 28) * _ceil(height, 28)
    return max(_openai(width, height), _anthropic(width, height), _google(width, height), patches)


def _tiles(width: int, height: int) -> int:
    """Count tiles of 512 px as if the image were not scaled down, at most those of the largest scaled one.

    The provider never scales up, and scaling down cannot need more tiles.
    """
    return min(_MOST_TILES, _ceil(width, 512) * _ceil(height, 512))


def _patches(width: int, height: int, most: int) -> int:
    return _priced_patches(min(most, _ceil(width, 32) * _ceil(height, 32)))


def _priced_patches(patches: int) -> int:
    return _ceil(patches * _PATCH_PERCENT, 100)


def _ceil(count: int, size: int) -> int:
    return -(-count // size)


_FORMULAS: Final[Mapping[ImageRule, Formula]] = {
    ImageRule.OPENAI: _openai,
    ImageRule.OPENAI_4O_MINI: _openai_4o_mini,
    ImageRule.ANTHROPIC: _anthropic,
    ImageRule.GOOGLE: _google,
    ImageRule.ANY: _any,
}
_WITHOUT_SIZE: Final[Mapping[ImageRule, int]] = {
    ImageRule.OPENAI: _priced_patches(_MOST_PATCHES),
    ImageRule.OPENAI_4O_MINI: _MINI_BASE + _MINI_TILE * _MOST_TILES,
    ImageRule.ANTHROPIC: _ANTHROPIC_MOST,
}
