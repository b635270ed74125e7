# "Stop by at 5" is no STOP, but only the rep can tell. Nothing goes out until then, and the question comes back.
day 1 10:00 enrol Amara in gentle
    -> send wellbeing (whatsapp)
day 1 10:15 Amara writes "Can you stop by at 5?"
    -> prompt unanswered_question    -> ring maya    -> hold until day 2 10:15
day 1 10:16 Amara writes "or stop at the shop"
day 1 10:20 maya dials
    -> refused wrong_phase
day 1 10:21 maya types "Which shop?"
    -> refused gate
day 2 10:15 wake
    -> ring maya    -> hold until day 3 10:15
day 2 10:30 it was not a stop
    -> prompt replied    -> ring maya
day 2 10:31 wake
day 2 10:35 talked again day 3 12:00
    -> wake day 3 12:00
