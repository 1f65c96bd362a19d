"""Everything that a translation leaves out is said on its page."""

import pytest

from solvent.dialects.anthropic_messages.prompt_reader import HINTS as ANTHROPIC
from solvent.dialects.google_generate.prompt_reader import HINTS as GOOGLE
from solvent.dialects.openai_chat.prompt_reader import HINTS as CHAT
from solvent.dialects.openai_responses.prompt_reader import HINTS as RESPONSES


@pytest.mark.parametrize(
    ("dialect", "hints"),
    [
        ("OpenAI chat", CHAT),
        ("OpenAI responses", RESPONSES),
        ("Anthropic messages", ANTHROPIC),
        ("Google generateContent", GOOGLE),
    ],
)
def test_what_a_translation_leaves_out_is_documented_and_nothing_else(pages, dialect, hints):
    rows = pages["docs/reference/translation.md"].rows
    told = " · ".join(f"`{hint}`" for hint in sorted(hints))
    assert (dialect, told) in rows
