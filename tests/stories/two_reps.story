# Two reps see the same prompt: one has it, the other reads who.
day 1 10:00 enrol Amara in gentle
    -> send wellbeing (whatsapp)
day 1 10:46 wake
    -> prompt silent    -> ring maya
day 1 10:47 maya claims
day 1 10:48 ravi claims
    -> refused taken
day 1 10:48 ravi dials
    -> refused taken
day 1 10:48 ravi logs no answer
    -> refused taken
# Maya was called away. Ten minutes later it is anybody's.
day 1 10:58 ravi dials
day 1 11:05 ravi logs talked again day 2 12:00
    -> wake day 2 12:00
day 1 11:06 maya logs no answer
    -> refused late
