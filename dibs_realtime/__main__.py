"""`python -m dibs_realtime` is `dibs`."""

from dibs_realtime.cli import main

if __name__ == "__main__":
    main(prog_name="dibs")
