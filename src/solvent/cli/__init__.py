"""Floor 6: the command line, one file per command.

Belongs here: options, tables, progress, exit codes, the demo's scenery.
Does not belong here: any rule; a command reads its options, calls a service, and shows what it said.
"""
