"""Parts of `./mfg`: standard library only until the virtual environment stands."""
