"""What belongs to no app."""

from .stage import at

at("start", "/")
