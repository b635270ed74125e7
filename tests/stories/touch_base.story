# Two weeks later: a new text an hour before, and the promised call at its minute, with the topic of the last talk.
day 1 10:00 enrol Amara in gentle
    -> send wellbeing (whatsapp)
day 1 10:46 wake
    -> prompt silent    -> ring maya
day 1 10:50 maya dials
day 1 11:05 maya logs agreed again day 15 15:00 about "the new oven"
    -> wake day 15 14:00
day 15 13:59 wake
day 15 14:00 wake
    -> send wellbeing (whatsapp)
day 15 14:20 Amara writes "Hello Maya! Baking every day"
    -> prompt replied
day 15 14:21 wake
    -> ring maya
day 15 14:25 maya dials
day 15 14:40 won
    -> end won
