"""From the integer network to C: memory plan, templates, runtime, compiler."""
