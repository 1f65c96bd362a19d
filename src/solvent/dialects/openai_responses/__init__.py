"""OpenAI's responses, spoken also by deepseek, openrouter, azure and others.

Belongs here: what a call demands, what a reply and a stream say, both to and from the canonical form.
Does not belong here: which provider speaks it, its address or prices, counts shared with chat (openai_usage).
"""
