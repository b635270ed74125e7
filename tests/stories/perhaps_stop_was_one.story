# The rep reads it as a STOP.
day 1 10:00 enrol Amara in gentle
    -> send wellbeing (whatsapp)
day 1 10:15 Amara writes "please just stop with this ok"
    -> prompt unanswered_question    -> ring maya    -> hold until day 2 10:15
day 1 10:20 it was a stop
    -> end opted_out
day 1 10:21 it was not a stop
    -> refused late
day 8 10:00 enrol Amara in gentle
    -> refused suppressed
