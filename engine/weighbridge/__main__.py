"""`python -m weighbridge`: the command line without the installed script."""

from weighbridge.cli import main

if __name__ == "__main__":
    main()
