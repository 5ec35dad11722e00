"""The command line: arguments in, calls of the pipeline, tables or JSON out.

No stage is imported before a command runs, so that `edgesnn --help` answers at once.
"""
