"""The async wrapper around the network: a run as files, as a process, as a client.

- `run_directory`  a run is a directory: what is in it, how it is made
- `lock`           who holds it is alive, and may leave a word in it
- `facts`          the lines of its journal, and back
- `recorder`       the worker's pen: journal, steps, predictions, guesses
- `commands`       what a run can be told
- `protocol`       how that is written on the control socket
- `run_config`     what stands in `config.toml`, and in the lock
- `sockets`        where that socket lives, and how it is made
- `control`        the worker's ear: one thread on the socket, a queue for the training loop
- `loading`        the digits, loaded in a thread while the worker is all ears
- `worker`         the process (or the foreground) that owns the training
- `tail`           a reader at its own pace, which no writer waits for
- `client`         starts a worker, iterates its facts, sends it commands
- `guesses`, `mistakes_reader`      what a run's digits were taken for after each epoch, as it grows
- `sorts`, `mistakes`      what it gets wrong, and all that follows from it
- `known_labels`   test labels of MNIST that people do not confirm
- `digit_query`, `digit_filter`      which test digits are meant, and how that is written
- `hidden`         the network itself, for what only it can say of a digit
- `looking`, `scene`       the inside of the newest network: layers, units, a map
- `embedding`, `tsne`      that map by t-SNE: who waits for it, and the process that draws it
- `exports`, `contact_sheet`         digits to take home: a table, a page of pictures
- `curve`, `predictions`, `state`   what a screen needs to know of a run, bounded, without Textual

Nothing in here imports Textual: a run outlives the screen that shows it.
"""
