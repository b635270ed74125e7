# "I'll call you on Thursday at eleven": the promise outlives a pause, and a talk without a date is not accepted.
day 1 10:00 enrol Amara in gentle
    -> send wellbeing (whatsapp)
day 1 10:46 wake
    -> prompt silent    -> ring maya
day 1 10:50 maya dials
day 1 10:55 talked
    -> refused next_action_missing
day 1 10:56 talked again day 4 11:00 about "her exam"
    -> wake day 4 11:00
day 2 09:30 maya pauses until day 3 12:00
    -> hold until day 3 12:00
day 3 12:00 wake
    -> wake day 4 11:00
day 4 11:00 wake
    -> prompt promised    -> ring maya
day 4 11:02 no answer and no text
    -> wake day 4 15:02
