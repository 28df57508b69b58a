"""``python -m xbar_circuit``: the same command line as ``xbar``."""

from xbar_circuit.cli import main

if __name__ == "__main__":
    main()
