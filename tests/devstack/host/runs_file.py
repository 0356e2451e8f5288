"""Runs the file that its first argument names: what the tests of the template have forked."""

import runpy
import sys

if __name__ == "__main__":
    runpy.run_path(sys.argv[1], run_name="__main__")
