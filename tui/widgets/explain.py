"""What is to be seen in a view of the Look room: plain words, the equation, where it is made."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.reactive import reactive
from textual.widgets import Static

from tui.commands import COMMANDS
from tui.commands.keymap import with_keys
from tui.engine.scene import View

LAYERS = """\
Each line is a layer; under it, what it makes of the digit: gold (or + * #) above 0, \
blue (or - = %) below.
  Dense  z = xW + b      relu  a = max(0, z)      at the end  p = softmax(z)
values: what the layer puts out for 256 training digits. W: its weights. dL/dW: how the loss would \
change with each. Bars are histograms from the least to the greatest. Healthy: std is alike from \
layer to layer; where it shrinks, little gets through, and learning is slow.
step/W = |next step| / |W|: a thousandth or so is usual; a tenth is wild, a millionth is sleep.
dead: units that answer every one of these digits alike (relu: always 0). No gradient comes \
through, so they learn no more.
In nn/analysis/layer_statistics.py: Microscope; in nn/layers.py: Dense.forward, Dense.backward."""

WEIGHTS = """\
A unit of the first hidden layer weighs every pixel: z = x1 w1 + x2 w2 + ... + b. So its weights \
have the shape of an image. Gold (or + * #): ink there speaks for it; blue (or - = %): against.
Beside it, the test digits it answers most to. Strokes and edges mean that it has found something; \
noise, that it has learnt little, or where no digit has ink, nothing at all.
<look.switch> switches a unit off: a = 0 whatever comes, in a copy; the run is left alone. That \
the accuracy hardly falls is usual: many units do each other's work. <look.undo> undoes.
In nn/analysis/units.py: first_weights, strongest, without, count_right."""

MAP = """\
The last layer sees a digit as a point, in as many dimensions as the last hidden layer has units. \
Digits that lie together look alike to the network; an underlined one is taken for another class.
PCA looks at that cloud from where it is widest. With its mean taken off, it is X = U S V^T, and \
the map is X times the first two columns of V. The shares say how much of the \
variance lies across and up.
t-SNE (<look.tsne>) puts neighbours next to each other instead; there, neither distances between \
clusters nor their sizes mean anything.
In nn/analysis/projection.py: pca; in nn/network.py: Network.hidden; t-SNE is scikit-learn's."""

EXPLAIN: Mapping[View, str] = MappingProxyType({"layers": LAYERS, "weights": WEIGHTS, "map": MAP})


class Explain(VerticalScroll, can_focus=True):
    """The words for the view that is looked at."""

    DEFAULT_CSS = """
    Explain {
        height: auto;
        scrollbar-size-vertical: 1;
        Static { height: auto; color: $soft; }
    }
    """

    view: reactive[View] = reactive("layers", repaint=False)

    keys: reactive[Mapping[str, str]] = reactive(dict, repaint=False)
    """Keys of the user's own, by command."""

    def compose(self) -> ComposeResult:
        yield Static(self._words(), markup=False)

    def watch_view(self) -> None:
        for shown in self.query(Static):
            shown.update(self._words())

    def _words(self) -> str:
        return with_keys(EXPLAIN[self.view], COMMANDS, self.keys)
