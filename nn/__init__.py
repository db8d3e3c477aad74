"""A neural network by hand: NumPy, the chain rule and nothing else.

Read the rooms in this order, as a book in order of difficulty.

The network:

1.  `activations`      the bend between two linear maps, and its slope
2.  `initializers`     where the weights start, and why it matters
3.  `layers`           Dense, Activation and Dropout: forward and backward, by hand
4.  `losses`           softmax and cross-entropy, from logits
5.  `network`          layers in a row, all parameters in one flat vector
6.  `batch_norm`       every unit's sums, rescaled to what the batch made of them
7.  `residual`         a way around a block of layers

How it learns:

8.  `optimizers`       what to do with a gradient
9.  `schedules`        how the learning rate moves over a run
10. `batches`          digits gathered into mini-batches
11. `augment`          new digits from old ones, a little moved, turned and bent
12. `prefetch`         what the next steps need, made ahead by other threads
13. `supply`           the mini-batches of an epoch, one after the other
14. `metrics`          how good is it, on digits it never saw
15. `averaging`        the network as it has been lately
16. `best`             the best epoch so far, and how long ago it was
17. `events`           what a training run has to say
18. `trainer`          the loop that ties it all together

Is it right, and does it last:

19. `inspect`          is the gradient right? compare it with a difference
20. `autograd`         the same gradients by machine: reverse-mode differentiation
21. `autograd_network` the network once more, on top of that
22. `atomic`           a file that is there whole or not at all
23. `npz`              what a file of arrays claims, before it is believed
24. `archive`          words and arrays in one such file
25. `state`            what of a run has to be kept
26. `plausible`        whether that can have been a run
27. `checkpoint`       a run, put down and taken up again, bit for bit
28. `estimator`        the same network behind scikit-learn's door
29. `lesson`           one step of training, overheard
30. `second_opinion`   one number of it, asked for in three ways

What it gets wrong, and why:

31. `analysis`         confusion, calibration, forgetting, suspect labels, neighbours, saliency;
                       and the inside: statistics of layers, units, a map of the hidden layer

Besides the book, `names` lists what things are called, `hyperparameters` is the one place where
every knob is named, bounded and explained (`knobs` says what a knob is, and does the checking;
`checks` and `sources` what bounds cannot), `specs`, `presets` and `estimator_parameters` are read
off it, and `data` is where the digits come from. Nothing in here prints or knows that a terminal
exists, and only `prefetch` and `data.openml` start threads.
"""
