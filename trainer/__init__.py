"""From audio to a trained spiking model: datasets, features, training."""
