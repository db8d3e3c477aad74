"""What can be written on the command line: commands and options, the latter made from the
hyperparameters' one definition."""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

from nn.presets import PRESETS
from nn.specs import SPECS
from tui.engine.sorts import SORTS
from tui.exit_codes import USAGE
from tui.link import AUTO, LINKS


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser whose complaints are one sentence, and whose hyperparameters are added when
    it is the one that reads: four commands have thirty-seven each."""

    hyperparameters: Callable[[_Parser], None] | None = None
    """Adds them."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        self._given = list(sys.argv[1:] if args is None else args)
        add, self.hyperparameters = self.hyperparameters, None
        if add is not None:
            add(self)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        from tui.engine.text import printable

        if message.startswith("argument COMMAND"):
            # The value of an option that there is not is taken for a command.
            for option, value in pairwise(self._given):
                unknown = option.startswith("-") and option not in self._option_string_actions
                a_value = "=" in option or self._negative_number_matcher.match(option)
                if unknown and not a_value and f"invalid choice: {value!r}" in message:
                    message = f"there is no option {option}"
        sentence = printable(message[:1].upper() + message[1:])
        print(f"inkling: {sentence.rstrip('.')}. See {self.prog} --help.", file=sys.stderr)
        sys.exit(USAGE)


class _Version(argparse.Action):
    """Says it when somebody asks: to look it up takes as long as the rest of `--help`."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"inkling {version('inkling-tui')}")
        parser.exit()


def build_parser() -> _Parser:
    """The whole command line."""
    parser = _Parser(
        prog="inkling",
        usage="inkling [OPTION ...] [COMMAND]",
        description="Train a from-scratch neural network on handwritten digits, and watch it.",
        epilog="Without a command the app opens; `inkling train --help` lists a run's options.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--version", action=_Version, nargs=0, help="show program's version number and exit"
    )
    _add_options(parser)
    parser.add_argument("--ascii", action="store_true", help="draw with ASCII characters only")
    _add_link(parser, AUTO)
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", prog="inkling", parser_class=_Parser
    )

    train = commands.add_parser(
        "train",
        usage="inkling train [OPTION ...]",
        allow_abbrev=False,
        help="train in the foreground, without the app",
    )
    _add_options(train)
    train.add_argument("--json", action="store_true", help="print one JSON object per line")
    _add_checkpoint_every(train)

    find = commands.add_parser(
        "lr-find",
        usage="inkling lr-find [OPTION ...]",
        allow_abbrev=False,
        help="try all learning rates on a copy of a network, and suggest one",
    )
    find.add_argument(
        "--run", default="", metavar="RUN",
        help=f"of this run's network as of its last checkpoint: {_RUN_HELP}; else a new one",
    )  # fmt: skip
    find.add_argument("--json", action="store_true", help="print one JSON object per line")
    _add_options(find)

    attach = commands.add_parser(
        "attach",
        usage="inkling attach [OPTION ...] [RUN]",
        allow_abbrev=False,
        help="open the app on a run that is live, or was",
    )
    attach.add_argument(
        "run", nargs="?", default="latest", metavar="RUN",
        help=f"{_RUN_HELP} (the default)",
    )  # fmt: skip
    _add_place(attach)
    attach.add_argument(
        # Not False by default: that would lie over `inkling --ascii attach`.
        "--ascii", action="store_true", default=argparse.SUPPRESS,
        help="draw with ASCII characters only",
    )  # fmt: skip
    _add_link(attach, argparse.SUPPRESS)
    _add_serve(commands)
    _add_run_commands(commands)
    return parser


def _add_serve(commands: argparse._SubParsersAction[_Parser]) -> None:
    serve = commands.add_parser("serve", help="open the app in a browser", allow_abbrev=False)
    serve.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS",
        help="where the page is (default 127.0.0.1, which only this machine reaches)",
    )  # fmt: skip
    serve.add_argument("--port", type=_port, default=8000, metavar="N", help="(default 8000)")
    serve.add_argument(
        "--token", metavar="WORD", help="what opens the page (default: a random one)"
    )
    _add_place(serve)


def _port(text: str) -> int:
    if not re.fullmatch("[0-9]{1,5}", text) or not 0 < int(text) < 1 << 16:
        raise argparse.ArgumentTypeError("must be a whole number, 1 to 65535")
    return int(text)


def _add_link(parser: argparse.ArgumentParser, default: str) -> None:
    parser.add_argument(
        "--link", choices=(AUTO, *LINKS), default=default,
        help="what the line to the terminal carries: "
        f"{', '.join(f'{link.name} ({link.help})' for link in LINKS.values())}; "
        f"{AUTO} takes an SSH connection that answers late for a slow one (default {AUTO})",
    )  # fmt: skip


def _add_run_commands(commands: argparse._SubParsersAction[_Parser]) -> None:
    """What the shell can do with runs that are there already."""
    listing = commands.add_parser("runs", help="list the runs", allow_abbrev=False)
    listing.add_argument("--json", action="store_true", help="print one JSON object per line")
    _add_place(listing)
    helps = {
        "pause": "have a live run hold",
        "resume": "let a paused run go on, or take up one whose worker is gone",
        "stop": "end a live run at its next step; what it has learnt is kept",
    }
    for name, told in helps.items():
        command = commands.add_parser(name, help=told, allow_abbrev=False)
        command.add_argument("run", metavar="RUN", help=_RUN_HELP)
        _add_place(command)
        if name == "resume":
            command.add_argument(
                "--epochs", default="", metavar="N", help="so many in all, or +N for N more"
            )
            command.add_argument(
                "--json", action="store_true", help="print one JSON object per line"
            )
            _add_checkpoint_every(command)
    _add_fork(commands)
    _add_errors(commands)
    remove = commands.add_parser("rm", help="remove runs for good", allow_abbrev=False)
    remove.add_argument("runs", nargs="+", metavar="RUN", help=_RUN_HELP)
    remove.add_argument("--yes", action="store_true", help="without asking")
    _add_place(remove)


def _add_fork(commands: argparse._SubParsersAction[_Parser]) -> None:
    fork = commands.add_parser(
        "fork",
        usage="inkling fork RUN [OPTION ...]",
        help="a new run from a run's last checkpoint, with other hyperparameters",
        allow_abbrev=False,
    )
    fork.add_argument("run", metavar="RUN", help=_RUN_HELP)
    fork.add_argument("--json", action="store_true", help="print one JSON object per line")
    _add_checkpoint_every(fork)
    _add_place(fork)
    fork.hyperparameters = partial(_add_hyperparameters, forking=True)


def _add_errors(commands: argparse._SubParsersAction[_Parser]) -> None:
    errors = commands.add_parser(
        "errors", help="list the test digits that a run gets wrong", allow_abbrev=False
    )
    errors.add_argument(
        "run", nargs="?", default="latest", metavar="RUN", help=f"{_RUN_HELP} (the default)"
    )
    errors.add_argument(
        "--filter", default="wrong", metavar="WORDS",
        help='which digits, such as "true:4 conf>0.9"; "" is all of them (default wrong)',
    )  # fmt: skip
    sorts = "; ".join(f"{name}: {told}" for name, told in SORTS.items())
    errors.add_argument(
        "--sort", choices=SORTS, default=next(iter(SORTS)), help=f"{sorts} (default loss)"
    )
    errors.add_argument("--csv", type=Path, metavar="FILE", help="write all of them as a table")
    errors.add_argument("--png", type=Path, metavar="FILE", help="draw them on a contact sheet")
    errors.add_argument("--against", metavar="RUN", help="compare with another run's answers")
    errors.add_argument(
        "--limit", type=_count, default=20, metavar="N",
        help="list so many at most; 0 is all of them (default 20)",
    )  # fmt: skip
    errors.add_argument("--json", action="store_true", help="print one JSON object per line")
    _add_place(errors)


_RUN_HELP = "a run's name, the beginning of it, or latest"


def _add_checkpoint_every(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--checkpoint-every", type=_seconds, default=None, metavar="SECONDS",
        help="write a checkpoint at least so often (default 30)",
    )  # fmt: skip


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError("must be a number of seconds greater than 0")
    return seconds


def _count(text: str) -> int:
    if not text.isascii() or not text.isdecimal():
        raise argparse.ArgumentTypeError("must be a whole number, 0 or greater")
    # Python refuses to read more than some thousands of digits; eighteen count further than any
    # list is long, and so does whatever they are the beginning of.
    return int(text.lstrip("0")[:18] or "0")


def _add_place(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--runs-dir", type=Path, default=argparse.SUPPRESS, metavar="DIR",
        help="where runs are kept (else INKLING_RUNS, else the user's data directory)",
    )  # fmt: skip


def _add_options(parser: _Parser) -> None:
    _add_place(parser)
    parser.add_argument(
        "--data-dir", type=Path, default=argparse.SUPPRESS, metavar="DIR",
        help="where mnist/ and fashion-mnist/ are (else INKLING_DATA, else downloaded)",
    )  # fmt: skip
    parser.add_argument(
        "--preset", default=argparse.SUPPRESS, metavar="NAME",
        help=f"a recipe to start from: {', '.join(PRESETS)}",
    )  # fmt: skip
    parser.hyperparameters = _add_hyperparameters


def _add_hyperparameters(parser: argparse.ArgumentParser, *, forking: bool = False) -> None:
    """Of what a fork cannot change the help is silent; who asks for it anyhow is told why not."""
    groups = {spec.group: parser.add_argument_group(spec.group) for spec in SPECS.values()}
    for spec in SPECS.values():
        choices = spec.choices or spec.forms
        told = f"one of {', '.join(choices)}" if choices else spec.bounds
        extra = f" [{told}]" if told else ""
        shown = (spec.help + extra).replace("%", "%%")
        groups[spec.group].add_argument(
            spec.option, default=argparse.SUPPRESS, dest=f"h_{spec.name}",
            metavar=spec.name.upper(), help=argparse.SUPPRESS if forking and spec.fixed else shown,
        )  # fmt: skip
