"""`python -m isthmus.normalizer` runs the service; `explain FILE` shows what it makes of a read."""

import argparse
import sys
from pathlib import Path

from isthmus.normalizer.app import CATALOG, build, explained
from isthmus.normalizer.settings import Settings
from isthmus.runtime.errors import IsthmusError
from isthmus.runtime.settings import load

parser = argparse.ArgumentParser(prog="isthmus.normalizer", description=__doc__)
commands = parser.add_subparsers(dest="command")
explain = commands.add_parser("explain", help="say which rule made what of an Observation")
explain.add_argument("file", type=Path, help="the Observation as protobuf JSON")
explain.add_argument("--catalog", type=Path, default=CATALOG, help="folder of catalogue files")
arguments = parser.parse_args()
try:
    if arguments.command == "explain":
        print("\n".join(explained(arguments.catalog, arguments.file)))
    else:
        build(load(Settings)).run()
except (IsthmusError, OSError) as error:
    sys.exit(str(error))
