"""The async wrapper around the network: a run as files, as a process, as a client.

The files of a run:

- `run_directory`  a run is a directory: what is in it, how it is made
- `run_config`     what stands in `config.toml`, and in the lock
- `versions`       what a run's bits depend on besides its hyperparameters
- `lock`           who holds it is alive, and may leave a word in it
- `facts`          the lines of its journal, and back
- `log_lines`      facts in words
- `recorder`       the worker's pen: journal, steps, predictions, guesses
- `keeping`        when it writes a checkpoint
- `last_steps`     what its last steps came to, from the end of the file
- `runs`           what runs there are, and how each is
- `forking`        a run that goes on from another's checkpoint, as files

The process:

- `commands`       what a run can be told
- `protocol`       how that is written on the control socket
- `sockets`        where that socket lives, and how it is made
- `control`        the worker's ear: one thread on the socket, a queue for the training loop
- `orders`         what a worker does when it is told to, and while it waits
- `making_ready`   what a worker does before it trains: load, count threads, take a run up
- `loading`        the digits, loaded in a thread while the worker is all ears
- `threads`        how many BLAS threads it computes with
- `checkup`        its eye on the run's health
- `worker`         the process (or the foreground) that owns the training
- `rate_finder`    the learning-rate finder, a process of its own as well

Whoever watches:

- `tail`           a reader at its own pace, which no writer waits for
- `client`         starts a worker, iterates its facts, sends it commands
- `state`, `run_status`    what a screen needs to know of a run, bounded, without Textual
- `advice`         alerts in words, and what might be done about them
- `alerts`         which of them is on show
- `curve`, `series`, `columns`     a bounded memory of an unbounded curve, and a chart's columns
- `history`, `chart_view`, `overlays`  a run's curves, how they are looked at, others laid over them

The digits it is tested on:

- `test_set`, `predictions`    which they are, and what its network says of them
- `guesses`, `mistakes_reader`     what they were taken for after each epoch, as it grows
- `sorts`, `mistakes`      what it gets wrong, and all that follows from it
- `known_labels`   test labels of MNIST that people do not confirm
- `digit_query`, `digit_filter`    which test digits are meant, and how that is written
- `error_view`, `rivals`   what somebody is looking at of all that, and beside which other run
- `inquiry`        one digit looked at closely
- `exports`, `contact_sheet`   digits to take home: a table, a page of pictures

The network itself:

- `newest_network`, `hidden`   kept as new as its checkpoints, or asked about single digits
- `looking`, `scene`       the inside of the newest network: layers, units, a map
- `embedding`, `tsne`      that map by t-SNE: who waits for it, and the process that draws it
- `drawing`, `reading`, `samples`  a sheet, what the network makes of it, and drawings to learn from
- `classroom`      where lessons are given: which digits, which step, what was applied
- `lesson_step`, `lesson_steps`    a lesson as a list of frozen steps; what each layer does is in
  `lesson_layers` and `lesson_blocks`, what the optimiser does in `lesson_update`
- `taken_apart`, `passage`     one number as the sum that it is, and our own source beside it

`text` makes words from outside harmless. Nothing in here imports Textual: a run outlives the screen
that shows it.
"""
