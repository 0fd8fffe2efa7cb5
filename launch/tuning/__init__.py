"""The parts of launch/tune.py."""
