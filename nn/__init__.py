"""A neural network by hand: NumPy, the chain rule and nothing else.

Read the rooms in this order, as a book in order of difficulty.

The network:

1.  `activations`      the bend between two linear maps, and its slope
2.  `initializers`     where the weights start, and why it matters
3.  `buffers`          memory that is taken once, and begins where a processor likes it to
4.  `layers`           Dense, Activation and Dropout: forward and backward, by hand
5.  `losses`           softmax and cross-entropy, from logits
6.  `network`          layers in a row, all parameters in one flat vector
7.  `batch_norm`       every unit's sums, rescaled to what the batch made of them
8.  `residual`         a way around a block of layers

How it learns:

9.  `optimizers`       what to do with a gradient
10. `schedules`        how the learning rate moves over a run
11. `batches`          digits gathered into mini-batches
12. `augment`          new digits from old ones, a little moved, turned and bent
13. `prefetch`         what the next steps need, made ahead by other threads
14. `supply`           the mini-batches of an epoch, one after the other
15. `metrics`          how good is it, on digits it never saw
16. `averaging`        the network as it has been lately
17. `best`             the best epoch so far, and how long ago it was
18. `judging`          by which of its parameters a network is judged
19. `events`           what a training run has to say
20. `trainer`          the loop that ties it all together
21. `range_test`       how large a step may be: try them all
22. `vitals`           which units are silent, and how much gradient reaches each layer
23. `health`           is all well? what a person who looks at curves all day would notice

Is it right, and does it last:

24. `inspect`          is the gradient right? compare it with a difference
25. `autograd`         the same gradients by machine: reverse-mode differentiation
26. `autograd_network` the network once more, on top of that
27. `atomic`           a file that is there whole or not at all
28. `npz`              what a file of arrays claims, before it is believed
29. `archive`          words and arrays in one such file
30. `state`            what of a run has to be kept
31. `plausible`        whether that can have been a run
32. `checkpoint`       a run, put down and taken up again, bit for bit
33. `fork`             a run that goes on from another's checkpoint, as another
34. `estimator`        the same network behind scikit-learn's door
35. `lesson`           one step of training, overheard
36. `second_opinion`   one number of it, asked for in three ways

What it gets wrong, and why:

37. `analysis`         confusion, calibration, forgetting, suspect labels, neighbours, saliency;
                       and the inside: statistics of layers, units, a map of the hidden layer

Besides the book, `names` lists what things are called, `hyperparameters` is the one place where
every knob is named, bounded and explained (`knobs` says what a knob is, and does the checking;
`checks` and `sources` what bounds cannot), `specs`, `presets` and `estimator_parameters` are read
off it, and `data` is where the digits come from. Nothing in here prints or knows that a terminal
exists, and only `prefetch` and `data.openml` start threads.
"""
