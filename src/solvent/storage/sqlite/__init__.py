"""The SQLite backend: one file, several processes, one writer thread with group commit.

Belongs here: connections, the writer, what it remembers between commits, and SQL (under ``sql/``).
Does not belong here: rules. What a verb does stands in ``storage.verbs``, who is admitted in ``domain``.
"""
