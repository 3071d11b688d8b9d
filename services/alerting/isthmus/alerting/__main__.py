"""`python -m isthmus.alerting` runs alerting; its commands help to write rules."""

import argparse
import sys

from isthmus.runtime.commands import dispatch

PROG = "python -m isthmus.alerting"
EPILOG = "Without a command it judges reports and keeps alarms, as the environment says."
RULES = "test rules, say what is wrong with them, explain one"
TEST = "run the tests in DIR/tests: reports in, transitions out (exit 1 when one fails)"
LINT = "say what is wrong with rules and their tests, by file and line (exit 1)"
EXPLAIN = "say what a rule watches, when it is raised and what it says"
FOLDER = "folder of rule files, beside the shipped ones; default the shipped ones alone"


def parser() -> argparse.ArgumentParser:
    """Every command, with the function that runs it."""
    top = argparse.ArgumentParser(prog=PROG, description=__doc__, epilog=EPILOG)
    top.set_defaults(run="isthmus.alerting.app:serve")
    commands = top.add_subparsers(title="commands", metavar="COMMAND")
    rules = commands.add_parser("rules", help=RULES, description=RULES)
    kinds = rules.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, help in (("test", TEST), ("lint", LINT), ("explain", EXPLAIN)):
        command = kinds.add_parser(name, help=help, description=help)
        if name == "explain":
            command.add_argument("name", metavar="RULE", help="its name")
        command.add_argument("folder", metavar="DIR", nargs="?", help=FOLDER)
        command.set_defaults(run=f"isthmus.alerting.api.rules.commands:{name}")
    return top


if __name__ == "__main__":
    dispatch(parser(), sys.argv[1:])
