"""The floating point unit, compiled: bit-exact arithmetic on patterns held in int64."""
