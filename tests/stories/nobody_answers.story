# Nobody answers: the rep calls anyway, leaves a line, and tries again at other times of the day.
day 1 10:00 enrol Amara in gentle
    -> send wellbeing (whatsapp)
day 1 10:46 wake
    -> prompt silent    -> ring maya
day 1 11:00 wake
    -> ring maya
day 1 11:10 maya dials
day 1 11:12 no answer
    -> send call_me_back (whatsapp)    -> wake day 1 15:12
day 1 15:12 wake
    -> prompt retry    -> ring maya
day 1 15:20 no answer
    -> wake day 3 10:00
day 3 10:00 wake
    -> prompt retry    -> ring maya
day 3 10:05 a machine
    -> send call_me_back (whatsapp)    -> wake day 5 17:00
day 5 17:00 wake
    -> prompt retry    -> ring maya
day 5 17:10 busy line
    -> send call_me_back (whatsapp)    -> wake day 9 13:00
# The text is over a week old by now: there is a new one before the next call.
day 9 13:00 wake
    -> send wellbeing (whatsapp)
day 9 13:46 wake
    -> prompt silent    -> ring maya
