"""What a network gets wrong, how sure it is, and whether it is the label that is wrong.

All of it follows from three things: the probabilities a network gives to digits it did not learn
from, the labels of these, and what it took them for after each epoch. The rooms:

1.  `scores`            each digit on its own: the guess, how sure it is, its loss, its margin
2.  `confusion`         what is taken for what; precision, recall and F1
3.  `calibration`       is it right as often as it says? what if it may say "I don't know"?
4.  `learning_history`  when each digit was learnt, and how often it was forgotten
5.  `comparison`        two networks on the same digits, and whether they differ by more than luck
6.  `label_quality`     which labels look wrong
7.  `neighbours`        which training digits are most like this one
8.  `saliency`          which pixels spoke for the answer

And, from the network itself, what it has made of the digits:

9.  `layer_statistics`  every layer's values, weights and gradients; dead units
10. `units`             what each first unit looks for, finds, and is worth
11. `projection`        the last hidden layer as a map

NumPy and nothing else: every number here is one that scikit-learn, asked in a test, agrees with.
Labels (n,) are whole numbers below n_classes, probabilities (n, n_classes) are floats; a
probability that is NaN, as a network gives that has gone astray, counts as 0.
"""
