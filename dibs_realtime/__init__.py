"""Party Dibs: the live voucher hub for events."""

__version__ = "0.1.0"
