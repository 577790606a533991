"""The servers behind `dibs up`, from wheels: nothing needs to be installed on the machine."""
