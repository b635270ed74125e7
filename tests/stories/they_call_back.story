# They were missed, and then they call: everything starts over with them on the line.
day 1 10:00 enrol Amara in gentle
    -> send wellbeing (whatsapp)
day 1 10:46 wake
    -> prompt silent    -> ring maya
day 1 10:55 no answer
    -> send call_me_back (whatsapp)    -> wake day 1 14:55
day 1 13:00 Amara calls
    -> prompt they_called    -> ring maya
day 1 13:01 wake
day 1 13:02 ravi dials
day 1 13:03 maya dials
    -> refused taken
day 1 13:10 ravi logs agreed again day 2 12:00 about "her mother's visit"
    -> wake day 2 12:00
day 2 12:00 wake
    -> prompt promised    -> ring maya
day 2 12:01 Amara calls
    -> prompt they_called    -> ring maya
day 2 12:02 maya logs no answer
    -> send call_me_back (whatsapp)    -> wake day 2 16:02
