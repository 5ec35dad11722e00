"""The whole line as plain functions; with the command line, the only code that knows all stages.

Stages are imported within functions, so that a command loads what it uses and nothing else.
"""
