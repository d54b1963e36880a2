"""Run the command line as ``python -m plumewatch``: how the supervisor starts its own processes."""

from plumewatch.cli import main

if __name__ == "__main__":
    main()
