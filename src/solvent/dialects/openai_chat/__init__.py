"""OpenAI's chat completions, spoken also by groq, deepseek, mistral, openrouter, together, azure and others.

Belongs here: what a call demands, what a reply and a stream say, both to and from the canonical form.
Does not belong here: which provider speaks it, its address or prices, counts shared with responses (openai_usage).
"""
