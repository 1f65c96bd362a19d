"""The dialect of Anthropic's messages and count_tokens, in one codec: ``AnthropicMessages``.

Belongs here: what calls, replies and event streams of that format say, and writing other dialects in it.
Does not belong here: HTTP, the version header, prices, who speaks the dialect.
"""

from solvent.dialects.anthropic_messages.codec import AnthropicMessages

__all__ = ["AnthropicMessages"]
