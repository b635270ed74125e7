# Two reps see the same prompt: one has it, the other reads who.
day 1 10:00 enrol Amara in gentle
day 1 10:46 wake
day 1 10:47 maya claims
day 1 10:48 ravi claims
day 1 10:48 ravi dials
day 1 10:48 ravi logs no answer
# Maya was called away. Ten minutes later it is anybody's.
day 1 10:58 ravi dials
day 1 11:05 ravi logs talked again day 2 12:00
day 1 11:06 maya logs no answer
