"""Party Dibs: the live voucher hub for events."""
