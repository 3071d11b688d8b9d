"""`python -m isthmus.inventory` runs the inventory; a command writes it all into files."""

import argparse
import sys

from isthmus.runtime.commands import dispatch

PROG = "python -m isthmus.inventory"
EPILOG = "Without a command it keeps the inventory, as the environment says."
SNAPSHOT = "write all assets and the OT register into a folder named after the day, for each night"
SNAPSHOT_MORE = """
Reads the store that ISTHMUS_STORE__URI and ISTHMUS_STORE__DATABASE name, and prints each file that
it wrote: assets.jsonl, assets.csv, cisa-ot.xlsx, cisa-ot-coverage.json, and last manifest.json with
the instant that all of them are of, counts, checksums, and up to when all was in of each site. A
folder that has one is whole; `snapshot-verify` proves it."""
VERIFY = "say whether a snapshot is whole: sizes, checksums, counts by site; exit 1 when it is not"


def parser() -> argparse.ArgumentParser:
    """Every command, with the function that runs it."""
    top = argparse.ArgumentParser(prog=PROG, description=__doc__, epilog=EPILOG)
    top.set_defaults(run="isthmus.inventory.app:serve")
    commands = top.add_subparsers(title="commands", metavar="COMMAND")
    snapshot = commands.add_parser(
        "snapshot", help=SNAPSHOT, description=SNAPSHOT, epilog=SNAPSHOT_MORE
    )
    snapshot.add_argument("--out", metavar="DIR", required=True, help="where the folder is made")
    snapshot.set_defaults(run="isthmus.inventory.api.commands:snapshot")
    verify = commands.add_parser("snapshot-verify", help=VERIFY, description=VERIFY)
    verify.add_argument("folder", metavar="FOLDER", help="that of a day, below DIR")
    verify.set_defaults(run="isthmus.inventory.api.commands:verify")
    return top


if __name__ == "__main__":
    dispatch(parser(), sys.argv[1:])
