"""`python -m isthmus.normalizer` runs the normaliser; its commands help to keep the catalogue."""

import argparse
import sys

from isthmus.runtime.commands import dispatch

PROG = "python -m isthmus.normalizer"
API = "isthmus.normalizer.api.commands"
EPILOG = "Without a command it turns observations into reports, as the environment says."
EXPLAIN = "say which rule made what of an Observation"
LINT = "say what is wrong with a catalogue (exit 1): overlaps, dead rules, facts without a source"
REPLAY = "send a period of the log through another catalogue and print what it would change"
REPLAY_MORE = """
Reads collector.observations.v1 as a member of no group: it commits nothing and takes nothing from
the service. The catalogue that the service uses (ISTHMUS_CATALOG__FOLDER, or the one that comes
with it) is compared with the new one. Times are ISO 8601; a time without an offset is UTC. The
broker is ISTHMUS_KAFKA__BOOTSTRAP_SERVERS. Exits with 1 when something would change."""
CASE = "make a golden case of an Observation: from a file, or the newest of a source on the log"
UNRECOGNISED = "list what no rule knows, what most devices look like first"


def parser() -> argparse.ArgumentParser:
    """Every command, with the function that runs it."""
    top = argparse.ArgumentParser(prog=PROG, description=__doc__, epilog=EPILOG)
    top.set_defaults(run="isthmus.normalizer.app:serve")
    commands = top.add_subparsers(title="commands", metavar="COMMAND")

    explain = commands.add_parser("explain", help=EXPLAIN, description=EXPLAIN)
    explain.add_argument("file", metavar="FILE", help="the Observation as protobuf JSON")
    explain.set_defaults(run=f"{API}:explain")

    lint = commands.add_parser("lint", help=LINT, description=LINT)
    lint.set_defaults(run=f"{API}:lint")

    replay = commands.add_parser("replay", help=REPLAY, description=REPLAY, epilog=REPLAY_MORE)
    replay.add_argument("--from", dest="since", metavar="TIME", help="first moment; default all")
    replay.add_argument("--to", dest="until", metavar="TIME", help="moment after the last")
    replay.add_argument(
        "--catalogue", dest="new", metavar="FOLDER", required=True, help="the new catalogue"
    )
    replay.add_argument("--diff", action="store_true", help="print each change, not only how many")
    replay.set_defaults(run=f"{API}:replay")

    case = commands.add_parser("case", help=CASE, description=CASE)
    case.add_argument("source", metavar="FILE|SITE/TARGET", help="where the Observation is")
    case.add_argument("folder", metavar="FOLDER", help="the case to write, a new folder")
    case.add_argument("--origin", required=True, help="where it is from, one line for readers")
    case.set_defaults(run=f"{API}:case")

    unrecognised = commands.add_parser("unrecognised", help=UNRECOGNISED, description=UNRECOGNISED)
    unrecognised.set_defaults(run=f"{API}:unrecognised")

    for command in (explain, lint, case):
        command.add_argument(
            "--catalogue", metavar="FOLDER", help="catalogue to use; default the shipped one"
        )
    return top


if __name__ == "__main__":
    dispatch(parser(), sys.argv[1:])
