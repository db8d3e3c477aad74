"""In a few words: what is to be seen in each room, pane by pane.

The help shows all of it, and a hint about a thing its own part.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tui.commands import RoomName
from tui.engine.digit_query import CLASS_FIELDS, FLAGS, NUMBERS


def _listed(words: Mapping[str, Any]) -> str:
    """Words with what they mean, as the filter's own tables have it."""
    meanings = ((name, what if isinstance(what, str) else what[0]) for name, what in words.items())
    return ", ".join(f"{name} ({meaning})" for name, meaning in meanings)


ABOUT_TRAIN = """\
Hyperparameters: <pane.form>, then Tab and the arrows; <field.leave> leaves the fields. A folded \
group says what in it is not as usual. While a run is live, Enter in a field marked ● changes it \
at once; in the others it offers a new run, from here (a fork) or from nothing.
Alerts: ! in the log says what is amiss, and behind <health.act>: what that key does about it.
Chart: each column holds many steps, its band reaches from the lowest loss to the highest, with \
the mean in it; ● is the test set's, ○ the validation digits', after every epoch. <chart.smoother> \
smooths the line by a moving average and leaves the band. With <pane.chart> the arrows move a \
cursor, shift makes them fast, home and end are the ends; <chart.zoom> twice is a stretch to look \
at closely, <field.leave> the way back. A click, dragging and the wheel do the same.
Digits: the test set after the latest epoch. Under each stands what it is taken for and how \
surely; ✗ 7≠3 79% was taken for a 7, and is a 3."""

ABOUT_ERRORS = f"""\
Filter: words that must all hold, a - before one for not. Classes: \
{_listed(CLASS_FIELDS)}. What a digit is: {_listed(FLAGS)}. Numbers, with > < or =: \
{_listed(NUMBERS)}. A single digit: id:947.
Matrix: rows are what a digit is, columns what it is taken for; ! marks the worst cells.
Digit: ✓ is the true class, ✗ what it is taken for; below, what it was taken for after each epoch. \
<errors.saliency> marks the ink that speaks for the answer with +, what speaks against it with -."""

ABOUT_BACKPROP = """\
One step of training, taken apart: the run's own network as of its newest checkpoint, its own \
optimiser with its memory, and a test digit (or four). All of it is a copy; the run does not notice.
Names: X the pixels, Z1 = X W1 + b1 the sums of the first layer, A1 = f(Z1) behind the bend, N, D \
and R behind batch norm, dropout and a skip, P the probabilities, T the truth, L the loss. dW1 is \
dL/dW1: how the loss would change with each weight.
A number is taken apart into the sum that it is, the largest terms first. Compared \
(<backprop.compare>), it is worked out in float64 by hand, by a central difference and by \
autograd."""

SEEN = """\
Seen: the drawing as the network gets it, in the pixels of its data set; what <draw.centring> \
switches is how it is put there."""

BARS = """\
Bars: how the newest checkpoint divides its belief among the classes, anew with each \
stroke, and while the run trains with each checkpoint."""

SHEET = """\
Mouse: the left button draws, the right one erases, one stroke from press to release. Keys: \
<draw.pen> puts the pen down or lifts it, arrows move it."""

ABOUT_DRAW = f"""\
{SHEET}
{SEEN}
{BARS}
Samples: <draw.keep> asks what it is and keeps what is seen, for this data set. A run with Extra \
data own trains on them too, and goes on with those it began with; nothing is ever tested on \
them."""

ABOUT_LOOK = """\
Everything is of the network's newest checkpoint, and of the test digit that <look.next>, \
<look.previous> and <look.digit> choose.
Layers: what each puts out for 256 training digits, its weights W, how the loss would change with \
them (dL/dW), and by which share of W the next step would move it; dead are units that \
answer all of these digits alike.
Weights: gold, or + * #, is where ink speaks for a unit; blue, or - = %, where it speaks against.
Map: each test digit, by its class's first letter, where the last layer sees it; an underlined one \
is taken for another class.
<look.explain> explains each of the three, with its equation and where in nn it is made."""

ABOUT: Mapping[RoomName, str] = MappingProxyType(
    {
        "train": ABOUT_TRAIN,
        "errors": ABOUT_ERRORS,
        "look": ABOUT_LOOK,
        "draw": ABOUT_DRAW,
        "backprop": ABOUT_BACKPROP,
    }
)
