"""From a trained model to the integer network."""
