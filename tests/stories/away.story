# Her phone says that she is away. That is no reply, and nobody calls before she is back.
day 1 10:00 enrol Amara in gentle
    -> send wellbeing (whatsapp)
day 1 10:00 Amara writes "I am out of office until 5 November."
    -> hold until day 5 10:00
day 4 18:00 wake
day 5 10:00 wake
    -> prompt silent    -> ring maya
day 5 10:10 no answer
    -> send call_me_back (whatsapp)    -> wake day 5 14:10
