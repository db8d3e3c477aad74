"""A neural network by hand: NumPy, the chain rule and nothing else.

Read the rooms in this order, as a book in order of difficulty:

1.  `activations`      the bend between two linear maps, and its slope
2.  `initializers`     where the weights start, and why it matters
3.  `layers`           Dense and Activation: forward and backward, by hand
4.  `losses`           softmax and cross-entropy, from logits
5.  `network`          layers in a row, all parameters in one flat vector
6.  `optimizers`       what to do with a gradient
7.  `schedules`        how the learning rate moves over a run
8.  `batches`          digits gathered into mini-batches
9.  `metrics`          how good is it, on digits it never saw
10. `events`           what a training run has to say
11. `trainer`          the loop that ties it all together
12. `inspect`          is the gradient right? compare it with a difference

Besides the book, `names` lists what things are called, `hyperparameters` is the one place where
every knob is named, bounded and explained (pydantic does the checking), and `data` is where the
digits come from. Nothing in here prints, starts a thread or knows that a terminal exists.
"""
