"""`edgesnn sweep` as functions: many training runs, and the best trades between their goals."""
