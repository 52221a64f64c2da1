"""The broker's times, all in seconds, and what they hang together on."""

from __future__ import annotations

#: A message whose holder has not beaten for this long goes to someone else. Longer than the job row's lease
#: (`pipeline.LEASE`), whose sweeper is the first net; longer than the longest gap between two beats of a living
#: process (BEAT_S + ANSWER_S).
LEASE_S = 10.0
#: How often a process refreshes what it holds and looks for what dead ones left.
BEAT_S = 2.5
#: Upper bound on how late a NOTIFY that got lost can make a message; also how late a delayed message may be.
POLL_S = 1.0
#: The same where NOTIFY never arrives (a transaction pooler).
UNHEARD_POLL_S = 0.25
#: How long the self-test's own NOTIFY may take before NOTIFY counts as not arriving.
SELF_TEST_S = 3.0

#: A server that has not answered a statement for this long is given up; its connection is closed.
ANSWER_S = 5.0
#: The same for a new connection.
CONNECT_S = 5.0
#: A source that has not answered for this long lends its share of the slots to the others.
LEND_S = 0.5
#: Pause before a lost source is tried again.
RECONNECT_S = 0.5
#: How long a closing consumer waits for its last acknowledgements to be written.
CLOSE_S = 3.0

#: A source with ready messages that got no slot for this long goes first, for one message.
AGE_S = 30.0
#: Claims begin where the last one ended; at least this often they begin at the front again.
FRONT_S = 1.0
#: A short wait that lets several acknowledgements share one commit while a backlog is drained.
GATHER_S = 0.002
#: How often ended messages are looked for, how old they must be, and how many go at once.
PURGE_S = 60.0
KEEP_ENDED_S = 86_400.0
PURGE_BATCH = 1000

#: A message that outlived this many holders is put aside as rejected: it kills who touches it.
MAX_CRASHES = 5
