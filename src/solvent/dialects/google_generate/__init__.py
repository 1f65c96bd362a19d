"""The dialect of Google's generateContent, streamGenerateContent and countTokens: ``GoogleGenerate``.

Belongs here: what calls, replies and streams of that format say, and writing other dialects in it.
Does not belong here: HTTP, the model in the path, prices; embeddings have a module of their own.
"""

from solvent.dialects.google_generate.codec import GoogleGenerate

__all__ = ["GoogleGenerate"]
