"""Child processes: started so that they end with us, stopped in time, started again when they fall over."""
